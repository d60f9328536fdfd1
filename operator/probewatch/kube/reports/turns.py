"""Schedules the writing of reports: each only after its pause, and by one worker at a time."""

import asyncio
import heapq
from collections import Counter
from collections.abc import Callable

from probewatch.pauses import Pauses
from probewatch.records.entry import Key

PAUSES = Pauses(first=1.0, longest=30.0)


class Turns:
    """A queue of reports by due time; callers pass the time, in seconds of a monotonic clock."""

    def __init__(self, jitter: Callable[[], float]) -> None:
        self.busy: set[Key] = set()
        """The reports that are being written."""
        self._jitter = jitter
        self._faults: Counter[Key] = Counter()
        self._free_at: dict[Key, float] = {}
        self._due: list[tuple[float, Key]] = []
        self._waiting: set[Key] = set()
        self._has_some = asyncio.Event()

    def __len__(self) -> int:
        """How many reports are scheduled."""
        return len(self._waiting)

    def schedule(self, key: Key) -> None:
        """Schedule a report for the end of its pause."""
        if key not in self._waiting:
            self._waiting.add(key)
            self._has_some.set()
            heapq.heappush(self._due, (self._free_at.get(key, 0.0), key))

    async def wait(self) -> None:
        """Wait until any report is scheduled."""
        if not self._waiting:
            self._has_some.clear()
            await self._has_some.wait()

    def has_due(self, now: float) -> bool:
        """Tell whether any report is due."""
        return bool(self._due) and self._due[0][0] <= now

    def take(self, now: float) -> Key | None:
        """Return a report that is due, and mark it as busy; None if there is none."""
        while self.has_due(now):
            _, key = heapq.heappop(self._due)
            self._waiting.discard(key)
            if key not in self.busy:
                self.busy.add(key)
                return key
            self._free_at[key] = now + PAUSES.first
            self.schedule(key)
        return None

    def done(self, key: Key, free_at: float) -> None:
        """End the turn of a report, whose next one starts at *free_at* or later."""
        self.busy.discard(key)
        self._free_at[key] = free_at

    def known(self) -> set[Key]:
        """Return the reports for which there is state."""
        return self._free_at.keys() | self._faults.keys()

    def clear(self) -> None:
        """Unschedule all reports."""
        self._due, self._waiting = [], set()

    def forget(self, key: Key) -> None:
        """Drop the state of a report that is not written any more."""
        self._free_at.pop(key, None)
        self._faults.pop(key, None)

    def calm(self, key: Key) -> None:
        """Reset the count of faults in a row, after a success."""
        self._faults.pop(key, None)

    def fault(self, key: Key) -> int:
        """Count a fault; return how many there are in a row."""
        self._faults[key] += 1
        return self._faults[key]

    def miss(self, key: Key) -> float:
        """Count a report that is missing as a fault; return the seconds until it is made again.

        No pause for the first in a row: somebody deleted it. One that is missing again was deleted
        as soon as it was made, as by the garbage collector if its workload has gone.
        """
        return 0.0 if self.fault(key) == 1 else self.pause(key)

    def pause(self, key: Key) -> float:
        """Return the seconds to wait after the last fault."""
        return PAUSES.after(self._faults[key], self._jitter())
