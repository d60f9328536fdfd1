"""Silence: owners about whom nobody is asked for a while, since there was no answer.

A question without an answer costs seconds in which findings wait, so that the next ones are not
put at all: of the same namespace at once, since it may be an owner of its own that takes so
long, and of all where several namespaces had no answer and nobody had one since.
"""

from dataclasses import dataclass, field

from probewatch.clock import Clock

SILENCE_SECONDS = 15.0

SEVERAL = 2
"""Namespaces without an answer; one of them says nothing about the API server."""


@dataclass(slots=True, kw_only=True)
class Silence:
    """Remembers what was not answered."""

    clock: Clock
    _unanswered: dict[str, float] = field(default_factory=dict)
    """When, by namespace."""
    _answered: float = float("-inf")
    """When there was the last answer to anyone."""

    def covers(self, namespace: str) -> bool:
        """Whether nobody is to be asked about owners of *namespace* now."""
        begin = self.clock.monotonic() - SILENCE_SECONDS
        for each in [each for each, at in self._unanswered.items() if at <= begin]:
            del self._unanswered[each]
        since = [at for at in self._unanswered.values() if at > self._answered]
        return namespace in self._unanswered or len(since) >= SEVERAL

    def note(self, namespace: str, *, answered: bool) -> None:
        """Take in what became of a question."""
        now = self.clock.monotonic()
        if answered:
            self._answered = now
        else:
            self._unanswered[namespace] = now
