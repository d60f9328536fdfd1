"""Turns: when which report may be written; each at most once in a while, one writer for each."""

import asyncio
import heapq
from collections import Counter
from collections.abc import Callable

from probewatch.records.entry import Key

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0


class Turns:
    """Told the time by its callers, in seconds of a clock that does not go back."""

    def __init__(self, jitter: Callable[[], float]) -> None:
        self.busy: set[Key] = set()
        """Those that are being written."""
        self._jitter = jitter
        self._faults: Counter[Key] = Counter()
        self._free_at: dict[Key, float] = {}
        self._due: list[tuple[float, Key]] = []
        self._waiting: set[Key] = set()
        self._has_some = asyncio.Event()

    def __len__(self) -> int:
        """How many wait for their turn."""
        return len(self._waiting)

    def schedule(self, key: Key) -> None:
        """Give a report a turn, as soon as it may have one."""
        if key not in self._waiting:
            self._waiting.add(key)
            self._has_some.set()
            heapq.heappush(self._due, (self._free_at.get(key, 0.0), key))

    async def wait(self) -> None:
        """Wait until any wait for their turn."""
        if not self._waiting:
            self._has_some.clear()
            await self._has_some.wait()

    def take(self, now: float) -> Key | None:
        """Return a report whose turn it is, if there is one; it is busy from now on."""
        while self._due and self._due[0][0] <= now:
            _, key = heapq.heappop(self._due)
            self._waiting.discard(key)
            if key not in self.busy:
                self.busy.add(key)
                return key
            self._free_at[key] = now + FIRST_PAUSE_SECONDS
            self.schedule(key)
        return None

    def done(self, key: Key, free_at: float) -> None:
        """The turn is over, and the next one comes not before *free_at*."""
        self.busy.discard(key)
        self._free_at[key] = free_at

    def known(self) -> set[Key]:
        """Those of which something is remembered."""
        return self._free_at.keys() | self._faults.keys()

    def clear(self) -> None:
        """Nothing is to be written now."""
        self._due, self._waiting = [], set()

    def forget(self, key: Key) -> None:
        """The report is not written any more."""
        self._free_at.pop(key, None)
        self._faults.pop(key, None)

    def calm(self, key: Key) -> None:
        """It was written: the next fault is the first one."""
        self._faults.pop(key, None)

    def fault(self, key: Key) -> int:
        """Count a fault; return how many there were in a row."""
        self._faults[key] += 1
        return self._faults[key]

    def pause(self, key: Key) -> float:
        """Return how long to wait after so many faults: 1, 2, 4, … 30 s, or half of it."""
        tries = max(1, self._faults[key])
        longest = min(FIRST_PAUSE_SECONDS * 2.0 ** min(tries - 1, 10), LONGEST_PAUSE_SECONDS)
        return longest * (0.5 + self._jitter() / 2)
