"""Exponential back-off with jitter: the pauses between tries. Pure; the chance is passed in."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Pauses:
    """Pauses that double with each fault in a row, from *first* to *longest* seconds."""

    first: float
    longest: float

    def after(self, faults: int, chance: float = 1.0) -> float:
        """Return the seconds to wait after the fault number *faults* in a row, counted from 1.

        *chance*, a random number in [0, 1), takes up to half of the pause away, so that not all
        clients try again at once. Without it there is no jitter.
        """
        # A day of faults leads to thousands of tries, whose power of two no float can hold.
        doubled = self.first * 2.0 ** min(faults - 1, 16)
        return min(doubled, self.longest) * (0.5 + chance / 2)
