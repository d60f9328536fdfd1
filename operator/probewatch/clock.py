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
