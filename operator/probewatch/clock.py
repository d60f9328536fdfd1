"""The clocks and the waiting of the shell, handed in so that tests move time themselves."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """What time it is, and how to let it pass; the defaults are the machine's."""

    now: Callable[[], float] = time.time
    """Epoch seconds, for what others will read; may jump."""
    monotonic: Callable[[], float] = time.monotonic
    """Seconds from no particular moment, for measuring; never jumps."""
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


TOLERATED_SECONDS = 5.0
"""By which a clock may be set without notice: it is corrected in small steps all the time."""


class Jumps:
    """Notices when the wall clock is set, by the one that never jumps."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ahead = clock.now() - clock.monotonic()

    def measure(self) -> float:
        """By how much it was set forth, or (less than 0) back, since this was asked last."""
        before, self._ahead = self._ahead, self._clock.now() - self._clock.monotonic()
        jump = self._ahead - before
        return jump if abs(jump) > TOLERATED_SECONDS else 0.0


class Stint:
    """Long work in the event loop, which lets others go on after so much of it."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._done = 0

    async def did(self, amount: int) -> None:
        """Count what was done; let the others have their turn where it was enough."""
        self._done += amount
        if self._done >= self._limit:
            self._done = 0
            await asyncio.sleep(0)
