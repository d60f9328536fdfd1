"""A clock that moves only when a test lets it."""

import asyncio
from dataclasses import dataclass, field

from probewatch.clock import Clock


@dataclass
class FakeTime:
    """A clock that moves only by sleeping or by the test."""

    seconds: float = 1000.0
    late: float = 0.0
    """Seconds by which every sleep is late."""
    slept: list[float] = field(default_factory=list)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds + self.late
        await asyncio.sleep(0)

    @property
    def clock(self) -> Clock:
        return Clock(now=lambda: self.seconds, monotonic=lambda: self.seconds, sleep=self.sleep)
