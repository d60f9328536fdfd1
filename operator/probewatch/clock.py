"""The clock of the shell, passed in so that tests control time, and helpers around it."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """Wall clock, monotonic clock and sleep; the defaults are the real ones."""

    now: Callable[[], float] = time.time
    """Epoch seconds, for timestamps that others read; may jump."""
    monotonic: Callable[[], float] = time.monotonic
    """Seconds since an arbitrary point, for durations; never jumps."""
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


TOLERATED_SECONDS = 5.0
"""Smaller jumps of the wall clock are ignored: NTP corrects it in small steps all the time."""


class Jumps:
    """Detects that the wall clock was set, by comparison with the monotonic clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ahead = clock.now() - clock.monotonic()

    def measure(self) -> float:
        """Return by how many seconds it was set forward (or back: below 0) since the last call."""
        before, self._ahead = self._ahead, self._clock.now() - self._clock.monotonic()
        jump = self._ahead - before
        return jump if abs(jump) > TOLERATED_SECONDS else 0.0


SILENCE_SECONDS = 60.0
"""Minimum time between two log lines about the same trouble."""


class Throttle:
    """Allows a log line about one trouble once in `SILENCE_SECONDS`, for each key by itself."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._allowed: dict[Hashable, float] = {}

    def allows(self, key: Hashable = None) -> bool:
        """Tell whether it is allowed now; if so, not again until the time has passed."""
        now = self._monotonic()
        if now - self._allowed.get(key, -SILENCE_SECONDS) < SILENCE_SECONDS:
            return False
        self._allowed[key] = now
        return True


class Stint:
    """A long loop in the event loop's thread, which yields to other tasks after *limit* items."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._done = 0

    async def did(self, amount: int) -> None:
        """Count *amount* items; yield to other tasks once the limit is reached."""
        self._done += amount
        if self._done >= self._limit:
            self._done = 0
            await asyncio.sleep(0)
