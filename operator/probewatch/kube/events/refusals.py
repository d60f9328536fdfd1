"""Remembers which namespaces refuse Events, so that theirs take no turns of the rate limit.

A missing right or a namespace that is being deleted refuses every Event there, and so may a quota
or an admission policy. Each request would delay the Events of other namespaces. So for a while
the Events of such a namespace are dropped without a request; then one is sent to see whether
that is still so.
"""

from dataclasses import dataclass

from probewatch.clock import Clock

REFUSED_SECONDS = 30.0
"""How long Events are dropped without a request: at most so many are lost after a right is
granted, and the namespace costs two requests a minute."""

REJECTIONS = 5
"""After so many Events in a row that were rejected, probably all of the namespace are."""

FORGOTTEN_SECONDS = 600.0
"""After this time without a refusal, a namespace is forgotten; it may be deleted."""


@dataclass(slots=True, kw_only=True)
class _Refused:
    """The last refusal in a namespace."""

    why: str
    at: float
    rejections: int
    is_general: bool


class Refusals:
    """Keeps the last refusal of each namespace, and how many there were in a row."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._refused: dict[str, _Refused] = {}

    def note(self, namespace: str, why: str, *, is_general: bool) -> None:
        """Note that an Event was refused; *is_general* if the others of its namespace would be."""
        now = self._clock.monotonic()
        before = self._refused.get(namespace)
        self._refused = {
            name: each for name, each in self._refused.items() if now - each.at < FORGOTTEN_SECONDS
        }
        self._refused[namespace] = _Refused(
            why=why,
            at=now,
            rejections=before.rejections + 1 if before else 1,
            is_general=is_general,
        )

    def end(self, namespace: str) -> None:
        """Note that an Event was written in a namespace."""
        self._refused.pop(namespace, None)

    def find(self, namespace: str) -> str:
        """Return why an Event would be refused now; empty if it is to be sent."""
        last = self._refused.get(namespace)
        if last is None or self._clock.monotonic() - last.at >= REFUSED_SECONDS:
            return ""
        return last.why if last.is_general or last.rejections >= REJECTIONS else ""
