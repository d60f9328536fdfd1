"""A clock that runs faster than real time, so that a story of a minute takes seconds.

The kubelet runs on this clock: periods, grace periods, back-off and the rate limit of its
Events all shrink alike. It writes real times into objects, since the operator and kubectl
compare them with the real clock.
"""

import asyncio
import time
from dataclasses import dataclass

from probewatch.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaledTime:
    """Time that runs `speed` times as fast as real time from `began` on."""

    speed: float = 1.0
    began: float = 0.0
    """Epoch seconds at which this time and real time are the same."""

    @classmethod
    def from_now(cls, speed: float) -> "ScaledTime":
        """Return a time that begins to run faster now."""
        return cls(speed=speed, began=time.time())

    def to_real(self, at: float) -> float:
        """Return the real time, in epoch seconds, of a time on this clock.

        0 stays 0: a kubelet writes 1970-01-01T00:00:00Z for a time that is not known, such as
        the start of a container that could not be started.
        """
        return self.began + (at - self.began) / self.speed if at else 0.0

    def clock(self) -> Clock:
        """Return the clock of this time."""
        return Clock(now=self._now, monotonic=self._monotonic, sleep=self._sleep)

    def _now(self) -> float:
        return self.began + (time.time() - self.began) * self.speed

    def _monotonic(self) -> float:
        return time.monotonic() * self.speed

    async def _sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self.speed)
