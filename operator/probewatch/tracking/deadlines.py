"""Deadlines: when the core wants to look at a pod again."""

import heapq
from collections.abc import Iterator, Sequence

from probewatch.core.model import PodUid


class Deadlines:
    """A priority queue with at most one deadline for each pod."""

    def __init__(self) -> None:
        self._due: dict[PodUid, float] = {}
        self._heap: list[tuple[float, PodUid]] = []
        """Also holds deadlines that were changed since; `next` skips them."""

    def __iter__(self) -> Iterator[PodUid]:
        """Iterate over the pods that have a deadline."""
        return iter(self._due)

    def set(self, uid: PodUid, due: float | None) -> None:
        """Set the deadline of a pod, or remove it with None."""
        if due is None:
            self._due.pop(uid, None)
        elif self._due.get(uid) != due:
            self._due[uid] = due
            heapq.heappush(self._heap, (due, uid))

    def next(self) -> float | None:
        """Return the earliest deadline, if there is one."""
        while self._heap and self._due.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def __len__(self) -> int:
        """Count the pods that have a deadline."""
        return len(self._due)

    def take(self, now: float, limit: int | None = None) -> Sequence[PodUid]:
        """Remove and return the pods whose deadline has passed, earliest first, at most *limit*."""
        taken: list[PodUid] = []
        while (due := self.next()) is not None and due <= now and len(taken) != limit:
            _, uid = heapq.heappop(self._heap)
            del self._due[uid]
            taken.append(uid)
        return taken
