"""Doubts for a moment that the right to write Events is missing in a namespace.

An API server that has just started forbids everything until it has loaded its RBAC rules. So a
refusal is believed only if it lasts, and from then on until an Event could be written there.
"""

from dataclasses import dataclass, field

from probewatch.clock import Clock
from probewatch.core.bounded import Bounded

NAMESPACES_KEPT = 1024
"""Those that are deleted are never asked again."""

DOUBT_SECONDS = 8.0
"""How long a refusal is not believed."""

FIRST_PAUSE_SECONDS = 1.0


@dataclass(slots=True)
class Doubt:
    """Doubts the refusals of each namespace, which may have a role of its own."""

    clock: Clock
    _since: Bounded[str, float] = field(default_factory=lambda: Bounded(NAMESPACES_KEPT))
    """By namespace, since when nothing but refusals was answered, by the monotonic clock."""

    def find_pause(self, namespace: str) -> float:
        """Note a refusal; return after how many seconds to try again, 0 if it is believed."""
        now = self.clock.monotonic()
        waited = now - self._since.setdefault(namespace, now)
        # As long as was waited so far: 1, 1, 2 and 4 seconds.
        return 0.0 if waited >= DOUBT_SECONDS else max(FIRST_PAUSE_SECONDS, waited)

    def end(self, namespace: str) -> None:
        """Note anything but such a refusal."""
        self._since.pop(namespace, None)
