"""An event queue with simulated time."""

import heapq
from collections.abc import Callable


class Clockwork:
    """A clock that jumps from one scheduled action to the next."""

    def __init__(self, start: float, end: float) -> None:
        self.now = start
        self.end = end
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._number = 0

    def at(self, moment: float, action: Callable[[], None]) -> None:
        """Run an action at a time; at once if that is in the past."""
        self._number += 1
        heapq.heappush(self._heap, (max(moment, self.now), self._number, action))

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Run an action so many seconds from now."""
        self.at(self.now + seconds, action)

    def run(self) -> None:
        """Run all actions that are scheduled before the end."""
        while self._heap and self._heap[0][0] <= self.end:
            self.now, _, action = heapq.heappop(self._heap)
            action()
