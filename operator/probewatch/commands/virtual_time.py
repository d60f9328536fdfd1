"""Runs the store through a recording, on the recording's own clock.

Virtual time is the time of arrival of the current line; it never runs backwards.
Between two lines the store is woken at each moment that it asked for, as it would
have been live. After the last line time runs on until no verdict is pending, so
that a replay ends with the verdicts that the operator would have reached.
"""

from collections.abc import Iterable
from typing import Protocol

from probewatch.core.findings import Finding
from probewatch.core.observe import Observation


class Observer(Protocol):
    """What the replay needs of the store."""

    def feed(self, observation: Observation, now: float) -> tuple[Finding, ...]:
        """Take in an observation and return the findings."""
        ...

    def tick(self, now: float) -> tuple[Finding, ...]:
        """Let time pass until *now* and return the findings."""
        ...

    def next_due(self) -> float | None:
        """Return when `tick` has to be called next, None if nothing waits for time."""
        ...

    def pending(self) -> int:
        """Return the number of restarts that wait for their verdict."""
        ...


class VirtualTime:
    """The clock of one replay, and the store that it drives."""

    def __init__(self, store: Observer) -> None:
        self._store = store
        self.now = float("-inf")

    def feed(self, observation: Observation) -> tuple[Finding, ...]:
        """Feed one observation at the current time."""
        return self._store.feed(observation, self.now)

    def run_to(self, moment: float) -> Iterable[Finding]:
        """Move the clock on, waking the store at each moment that it asked for."""
        while (due := self._store.next_due()) is not None and due <= moment:
            yield from self._wake(due)
        self.now = max(self.now, moment)

    def run_out(self) -> Iterable[Finding]:
        """Move the clock on until no restart waits for its verdict."""
        while self._store.pending() and (due := self._store.next_due()) is not None:
            yield from self._wake(due)

    def _wake(self, due: float) -> Iterable[Finding]:
        """Wake the store; RuntimeError if it asks for the same moment again, without end."""
        self.now = max(self.now, due)
        findings = self._store.tick(self.now)
        again = self._store.next_due()
        if again is not None and again <= due:
            message = f"the store asks again for the moment {due} that has passed"
            raise RuntimeError(message)
        return findings
