"""Time that runs faster, so that a story of a minute is told in seconds.

The kubelet reckons in hastened time: periods, graces, back-off and the refill of its Event
budget all shrink alike. What it writes down are real times, since the operator and kubectl
read them by the real clock.
"""

import asyncio
import time
from dataclasses import dataclass

from probewatch.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class HastenedTime:
    """Time that runs `speed` times as fast from `began` on."""

    speed: float = 1.0
    began: float = 0.0
    """Epoch seconds at which both times are the same."""

    @classmethod
    def from_now(cls, speed: float) -> "HastenedTime":
        """Return a time that begins now."""
        return cls(speed=speed, began=time.time())

    def to_real(self, at: float) -> float:
        """Return the real time of a moment in hastened time."""
        return self.began + (at - self.began) / self.speed

    def clock(self) -> Clock:
        """Return the clock that shows it."""
        return Clock(now=self._now, monotonic=self._monotonic, sleep=self._sleep)

    def _now(self) -> float:
        return self.began + (time.time() - self.began) * self.speed

    def _monotonic(self) -> float:
        return time.monotonic() * self.speed

    async def _sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self.speed)
