"""Doubts for a moment that a right or the CRD is missing.

An API server that has just started forbids everything until it has loaded its RBAC rules, and does
not serve custom resources until it has loaded their CRDs. If writes were accepted before, such a
refusal is treated as temporary for a while.
"""

from dataclasses import dataclass, field

from probewatch.clock import Clock
from probewatch.kube.reports.answers import Answer, Outcome
from probewatch.records.entry import Key

DOUBT_SECONDS = 10.0
"""How long a refusal is not believed, as that of policies."""


@dataclass(slots=True)
class Doubt:
    """Doubts each report's refusal; others may be written meanwhile, with rights of their own."""

    clock: Clock
    _was_allowed: bool = False
    _since: dict[Key, float] = field(default_factory=dict)
    """By report, since when it is refused, by the monotonic clock."""

    def note_written(self, key: Key) -> None:
        """A report was written: there are the CRD and the right."""
        self._was_allowed = True
        self.forget(key)

    def covers(self, key: Key, answer: Answer) -> bool:
        """Tell whether an answer other than success is a refusal that may end in a moment."""
        if answer.outcome is not Outcome.REFUSED or not answer.lacks_right:
            self.forget(key)
            return False
        now = self.clock.monotonic()
        since = self._since.setdefault(key, now)
        self._was_allowed = self._was_allowed and now - since < DOUBT_SECONDS
        return self._was_allowed

    def forget(self, key: Key) -> None:
        """Drop what is known of a report."""
        self._since.pop(key, None)
