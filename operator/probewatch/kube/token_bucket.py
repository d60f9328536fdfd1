"""A token bucket: limits a rate, but allows a burst."""

from dataclasses import dataclass

ROUNDING = 1e-6
"""A smaller part of a token is a rounding error, and not worth another wait."""


@dataclass(slots=True, kw_only=True)
class TokenBucket:
    """Allows *burst* takes at once, and one more every *refill* seconds; full at first.

    Callers pass the time, in seconds of any monotonic clock.
    """

    burst: int
    refill: float
    _spent: float = 0.0
    _at: float = 0.0

    def take(self, now: float) -> bool:
        """Take a token; return whether there was one."""
        if self.wait(now) > 0:
            return False
        self._spent += 1
        return True

    def wait(self, now: float) -> float:
        """Return the seconds until there is a token; 0 if there is one now."""
        self._spent = max(0.0, self._spent - max(0.0, now - self._at) / self.refill)
        self._at = now
        missing = self._spent + 1 - self.burst
        return missing * self.refill if missing > ROUNDING else 0.0
