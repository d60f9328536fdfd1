"""Who is there: which pods a workload or a node has, and since when it has none.

Counters outlive pods, or a rollout would take what was counted. They do not outlive
everything: a workload that lost its last pod is let go of after a day, as a whole,
so that no counter falls while it can be seen. What never comes back under its name
(a Job, a pod on its own), or never had anything counted, goes sooner.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

KEPT_SECONDS = 86400.0
"""A CronJob of each night goes on where it stood."""

BRIEFLY_KEPT_SECONDS = 900.0
"""Long enough for several scrapes, and for a rollout that stops all pods first."""


@dataclass(slots=True)
class _Stay:
    pods: int = 0
    left_at: float = 0.0


class Presence:
    """Counts pods by key."""

    def __init__(self) -> None:
        self._stays: dict[str, _Stay] = {}
        self._empty: dict[str, None] = {}

    def hold(self, key: str, now: float) -> bool:
        """Hold a key that may have no pods; tell whether it was not held before."""
        is_new = key not in self._stays
        if is_new:
            self._stays[key] = _Stay(left_at=now)
            self._empty[key] = None
        return is_new

    def arrive(self, key: str, now: float) -> bool:
        """One more pod; tell whether the key was not held before."""
        is_new = self.hold(key, now)
        stay = self._stays[key]
        stay.pods += 1
        if stay.pods == 1:
            self._empty.pop(key, None)
            stay.left_at = 0.0  # the same for all, while it says nothing
        return is_new

    def leave(self, key: str, now: float) -> bool:
        """One pod less; tell whether it was the last."""
        stay = self._stays[key]
        stay.pods -= 1
        if stay.pods > 0:
            return False
        stay.left_at = now
        self._empty[key] = None
        return True

    def let_go(self, now: float, is_brief: Callable[[str], bool]) -> Iterator[str]:
        """Let go of the keys that have had no pods for long, and yield them."""
        overdue = [key for key in self._empty if self._is_overdue(key, now, is_brief)]
        for key in overdue:
            del self._stays[key], self._empty[key]
            yield key

    def _is_overdue(self, key: str, now: float, is_brief: Callable[[str], bool]) -> bool:
        gone = now - self._stays[key].left_at
        return gone >= KEPT_SECONDS or (gone >= BRIEFLY_KEPT_SECONDS and is_brief(key))
