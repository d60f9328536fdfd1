"""Deadlines: which pods asked for time to pass, and until when."""

import heapq
from collections.abc import Iterator, Sequence

from probewatch.core.model import PodUid


class Deadlines:
    """One moment for each pod that waits for something."""

    def __init__(self) -> None:
        self._due: dict[PodUid, float] = {}
        self._heap: list[tuple[float, PodUid]] = []
        """With moments that were put off since; they are passed over."""

    def __iter__(self) -> Iterator[PodUid]:
        """The pods that wait."""
        return iter(self._due)

    def set(self, uid: PodUid, due: float | None) -> None:
        """The pod waits until then, or (None) for nothing."""
        if due is None:
            self._due.pop(uid, None)
        elif self._due.get(uid) != due:
            self._due[uid] = due
            heapq.heappush(self._heap, (due, uid))

    def next(self) -> float | None:
        """When time matters next, if at all."""
        while self._heap and self._due.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def __len__(self) -> int:
        """How many pods wait."""
        return len(self._due)

    def take(self, now: float, limit: int | None = None) -> Sequence[PodUid]:
        """Return the pods whose moment has come, the first *limit* of them.

        They wait no more, until they say so again.
        """
        taken: list[PodUid] = []
        while (due := self.next()) is not None and due <= now and len(taken) != limit:
            _, uid = heapq.heappop(self._heap)
            del self._due[uid]
            taken.append(uid)
        return taken
