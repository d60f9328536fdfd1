"""How often something may happen: so many times at once, then at a steady rate."""

from dataclasses import dataclass

ROUNDING = 1e-6
"""Less than this of a token is an error of arithmetic, and not worth another wait."""


@dataclass(slots=True, kw_only=True)
class TokenBucket:
    """At most *burst* takes at once, and one more every *refill* seconds; full at first.

    It is told the time, in seconds of any clock that does not go back.
    """

    burst: int
    refill: float
    _spent: float = 0.0
    _at: float = 0.0

    def take(self, now: float) -> bool:
        """Take one if there is one."""
        if self.wait(now) > 0:
            return False
        self._spent += 1
        return True

    def wait(self, now: float) -> float:
        """Return the seconds until there is one to take; 0 if there is one now."""
        self._spent = max(0.0, self._spent - max(0.0, now - self._at) / self.refill)
        self._at = now
        missing = self._spent + 1 - self.burst
        return missing * self.refill if missing > ROUNDING else 0.0
