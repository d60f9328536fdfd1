"""Display: decides whether this replica exposes the metrics of workloads.

All replicas count, and Prometheus would add up what each of them exposes. So only the holder
of the Lease exposes workloads, and not before its counters were restored from the records: a
counter that starts at 0 and then rises to the recorded total would look like new restarts.

A holder that cannot reach the API server does not know whether the others can. Counters of two
replicas in one series would look like resets, and each reset like as many restarts as there ever
were. So counters are hidden once another may have taken over. Gauges stay: nothing is added up
over time from them, and alerts on what is wrong now must not end with each outage.
"""

from typing import Protocol

from probewatch.clock import Clock

LOOK_SECONDS = 1.0

STANDSTILL_SECONDS = 5.0
"""A process that did not run for this long was stopped, or its machine was."""

ALONE_SECONDS = 5.0
"""Time from when a holder has to stop writing to when another may acquire the Lease."""


class Term(Protocol):
    """What is read of the Lease."""

    @property
    def is_held(self) -> bool:
        """Whether this process holds it."""
        ...

    @property
    def is_elsewhere(self) -> bool:
        """Whether another process is known to hold it."""
        ...

    @property
    def sure_until(self) -> float | None:
        """Until when no other process can have acquired it; None if it was never held."""
        ...

    @property
    def term(self) -> int:
        """A number that changes when the Lease is acquired again or held by another process."""
        ...


class Display:
    """Remembers for which term of the Lease the counters were restored from the records."""

    def __init__(self, lease: Term, clock: Clock) -> None:
        self._lease = lease
        self._clock = clock
        self._restored_term: int | None = None
        self._looked_at = clock.monotonic()

    def mark_restored(self) -> None:
        """Note that the counters are restored from the records for the current term."""
        self._restored_term = self._lease.term

    def hides(self) -> bool:
        """Tell whether workloads are hidden: another replica may show them, or counters are behind.

        While the Lease cannot be read, the replica that showed them last goes on, so that one does.
        """
        self.look()
        return self._lease.is_elsewhere or self.is_behind

    def hides_counters(self) -> bool:
        """Tell whether counters are hidden: the Lease lapsed, and another may count on from here.

        That ends with the next renewal, if no other took it.
        """
        until = self._lease.sure_until
        if until is None or self._lease.is_held:
            return False
        return self._clock.monotonic() - until >= ALONE_SECONDS

    @property
    def is_behind(self) -> bool:
        """Whether the counters were not restored from the records in the current term."""
        return self._restored_term != self._lease.term

    async def run(self) -> None:
        """Check regularly, so that a standstill is noticed."""
        while True:
            self.look()
            await self._clock.sleep(LOOK_SECONDS)

    def look(self) -> None:
        """After a standstill, hide workloads until it is known whether another took over."""
        now = self._clock.monotonic()
        if now - self._looked_at > STANDSTILL_SECONDS and not self._lease.is_held:
            self._restored_term = None
        self._looked_at = now
