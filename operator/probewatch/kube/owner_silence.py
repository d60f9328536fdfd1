"""A circuit breaker: after a request for an owner had no answer, none are sent for a while.

A request without an answer costs seconds for which findings wait. So after one, no owners of the
same namespace are requested for a while. Once requests for several namespaces had no answer, and
none had one since, no owners at all are requested.
"""

from dataclasses import dataclass, field

from probewatch.clock import Clock

SILENCE_SECONDS = 15.0

SEVERAL = 2
"""Namespaces without an answer; a single one may be slow by itself."""


@dataclass(slots=True, kw_only=True)
class Silence:
    """Remembers which requests had no answer."""

    clock: Clock
    _unanswered: dict[str, float] = field(default_factory=dict)
    """The time of the last request without an answer, by namespace."""
    _answered: float = float("-inf")
    """The time of the last answer, for any namespace."""

    def covers(self, namespace: str) -> bool:
        """Whether owners of *namespace* must not be requested now."""
        begin = self.clock.monotonic() - SILENCE_SECONDS
        for each in [each for each, at in self._unanswered.items() if at <= begin]:
            del self._unanswered[each]
        since = [at for at in self._unanswered.values() if at > self._answered]
        return namespace in self._unanswered or len(since) >= SEVERAL

    def note(self, namespace: str, *, answered: bool) -> None:
        """Note whether a request for an owner was answered."""
        now = self.clock.monotonic()
        if answered:
            self._answered = now
        else:
            self._unanswered[namespace] = now
