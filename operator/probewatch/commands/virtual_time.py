"""Running the store through a recording, on the recording's own clock.

Virtual time is the time of arrival of the line at hand; it never runs backwards.
Between two lines the store is woken at every moment it asked for, as it would have
been when this happened, and after the last line time runs on until no verdict is
pending: a replay ends with what the operator would have said in the end.
"""

from collections.abc import Iterable
from typing import Protocol

from probewatch.core.findings import Finding
from probewatch.core.observe import Observation


class Brain(Protocol):
    """What the replay needs of the store."""

    def feed(self, observation: Observation, now: float) -> tuple[Finding, ...]:
        """Take in an observation and return what follows from it."""
        ...

    def tick(self, now: float) -> tuple[Finding, ...]:
        """Let time pass and return what follows from it."""
        ...

    def next_due(self) -> float | None:
        """Return when time matters next."""
        ...

    def pending(self) -> int:
        """Return how many restarts wait for their verdict."""
        ...


class VirtualTime:
    """The clock of one replay and the store that lives by it."""

    def __init__(self, brain: Brain) -> None:
        self._brain = brain
        self.now = float("-inf")

    def feed(self, observation: Observation) -> tuple[Finding, ...]:
        """Feed one observation at the time that it is."""
        return self._brain.feed(observation, self.now)

    def run_to(self, moment: float) -> Iterable[Finding]:
        """Move the clock on, waking the store at each moment that it asked for."""
        while (due := self._brain.next_due()) is not None and due <= moment:
            yield from self._wake(due)
        self.now = max(self.now, moment)

    def run_out(self) -> Iterable[Finding]:
        """Move the clock on until no restart waits for its verdict."""
        while self._brain.pending() and (due := self._brain.next_due()) is not None:
            yield from self._wake(due)

    def _wake(self, due: float) -> Iterable[Finding]:
        """Wake the store; one that asks for the same moment again would stop the clock."""
        self.now = max(self.now, due)
        findings = self._brain.tick(self.now)
        again = self._brain.next_due()
        if again is not None and again <= due:
            message = f"the store asks again for the moment {due} that has passed"
            raise RuntimeError(message)
        return findings
