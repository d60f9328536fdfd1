"""Presence: how many pods a workload or a node has, and since when it has none.

Counters outlive pods, or a rollout would lose them. But not for ever: a workload is dropped a
day after its last pod, with all its series at once, so that no counter is seen to fall. A
workload that never comes back under its name (a Job, a bare pod), or that has nothing
counted, is dropped earlier.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

KEPT_SECONDS = 86400.0
"""Long enough for the counters of a nightly CronJob to continue."""

BRIEFLY_KEPT_SECONDS = 900.0
"""Long enough for several scrapes, and for a rollout that deletes all pods first."""


@dataclass(slots=True)
class _Stay:
    pods: int = 0
    left_at: float = 0.0


class Presence:
    """Counts the pods of each key, which is a workload or a node."""

    def __init__(self) -> None:
        self._stays: dict[str, _Stay] = {}
        self._empty: dict[str, None] = {}

    def hold(self, key: str, now: float) -> bool:
        """Add a key without a pod; tell whether it is new."""
        is_new = key not in self._stays
        if is_new:
            self._stays[key] = _Stay(left_at=now)
            self._empty[key] = None
        return is_new

    def arrive(self, key: str) -> bool:
        """Add a pod; tell whether the key is new."""
        stay = self._stays.get(key)
        if stay is None:
            self._stays[key] = _Stay(pods=1)
            return True
        stay.pods += 1
        if stay.pods == 1:
            self._empty.pop(key, None)
            stay.left_at = 0.0  # unused: the same object for all keys saves memory
        return False

    def leave(self, key: str, now: float) -> bool:
        """Remove a pod; tell whether it was the last."""
        stay = self._stays[key]
        stay.pods -= 1
        if stay.pods > 0:
            return False
        stay.left_at = now
        self._empty[key] = None
        return True

    def let_go(self, now: float, is_brief: Callable[[str], bool]) -> Iterator[str]:
        """Remove and yield the keys that have had no pods for long."""
        overdue = [key for key in self._empty if self._is_overdue(key, now, is_brief)]
        for key in overdue:
            del self._stays[key], self._empty[key]
            yield key

    def _is_overdue(self, key: str, now: float, is_brief: Callable[[str], bool]) -> bool:
        gone = now - self._stays[key].left_at
        return gone >= KEPT_SECONDS or (gone >= BRIEFLY_KEPT_SECONDS and is_brief(key))
