"""Display: whether what this process counts of workloads is to be shown.

Several replicas count, and Prometheus adds up what each of them shows. So one shows the
workloads: the one that holds the Lease, and not before its counters go on from what is
recorded. A counter that begins at 0 and then rises to what is recorded would be taken for as
many restarts.
"""

from typing import Protocol

from probewatch.clock import Clock

LOOK_SECONDS = 1.0

STANDSTILL_SECONDS = 5.0
"""A process that did nothing for so long was stopped, or its machine was."""


class Term(Protocol):
    """What is asked of the Lease."""

    @property
    def is_held(self) -> bool:
        """Whether this process is the one that writes."""
        ...

    @property
    def is_elsewhere(self) -> bool:
        """Whether another is known to hold it."""
        ...

    @property
    def term(self) -> int:
        """Another number once it was taken anew, or was another's."""
        ...


class Display:
    """Knows for which term of the Lease the counters are level with the records."""

    def __init__(self, lease: Term, clock: Clock) -> None:
        self._lease = lease
        self._clock = clock
        self._level: int | None = None
        self._looked_at = clock.monotonic()

    def level(self) -> None:
        """The counters go on from what is recorded, as of now."""
        self._level = self._lease.term

    def hides(self) -> bool:
        """Whether another shows the workloads, or may, or the counters here are behind.

        While nobody can be asked, whoever showed them last goes on: one shows them, not none.
        """
        self.look()
        return self._lease.is_elsewhere or self.is_behind

    @property
    def is_behind(self) -> bool:
        """Whether the counters have yet to go on from what is recorded by now."""
        return self._level != self._lease.term

    async def run(self) -> None:
        """Look again and again, so that a standstill shows."""
        while True:
            self.look()
            await self._clock.sleep(LOOK_SECONDS)

    def look(self) -> None:
        """Notice if the process stood still: whether another took over has to be asked first."""
        now = self._clock.monotonic()
        if now - self._looked_at > STANDSTILL_SECONDS and not self._lease.is_held:
            self._level = None
        self._looked_at = now
