"""Doubts for a moment that a right or the CRD is missing.

An API server that has just started forbids everything until it has loaded its RBAC rules, and does
not serve custom resources until it has loaded their CRDs. If writes were accepted before, such a
refusal is treated as temporary for a while.
"""

from dataclasses import dataclass

from probewatch.clock import Clock
from probewatch.kube.reports.answers import Answer, Outcome

DOUBT_SECONDS = 10.0
"""How long a refusal is not believed, as that of policies."""


@dataclass(slots=True)
class Doubt:
    """Told of all answers."""

    clock: Clock
    _was_allowed: bool = False
    _since: float | None = None
    """Since when all answers are refusals, by the monotonic clock."""

    def heed(self, answer: Answer) -> None:
        """Process any answer."""
        if answer.outcome is not Outcome.REFUSED:
            self._since = None

    def note_written(self) -> None:
        """A report was written: there are the CRD and the right."""
        self._was_allowed = True

    def covers(self, answer: Answer) -> bool:
        """Tell whether an answer is a refusal that may end in a moment."""
        if answer.outcome is not Outcome.REFUSED or not answer.lacks_right:
            return False
        now = self.clock.monotonic()
        self._since = now if self._since is None else self._since
        self._was_allowed = self._was_allowed and now - self._since < DOUBT_SECONDS
        return self._was_allowed
