"""Backoff: how long to wait before the next try. Pure; chance comes in as a number."""

from dataclasses import dataclass

FIRST_SECONDS = 0.8
LONGEST_SECONDS = 30.0
STEADY_SECONDS = 4.0
"""A watch that was open for so long before it failed had nothing to do with earlier faults: a
server that is rolled over, or a proxy that cuts, is not waited for ever longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """The number of faults in a row decides the pause."""

    faults: int = 0
    silent: bool = False
    """Whether the last one was that there was no answer."""
    gone: bool = False
    """Whether it was that a list is needed."""

    @property
    def longest(self) -> float:
        """Seconds that the next pause lasts at most."""
        return min(FIRST_SECONDS * 2.0 ** min(self.faults, 16), LONGEST_SECONDS)

    def pause(self, chance: float) -> float:
        """Seconds to wait, between half and all of the doubled time; *chance* is in [0, 1)."""
        return self.longest * (0.5 + chance / 2)

    def after_watching(self, seconds: float) -> "Backoff":
        """What holds after a watch was open for so long before it failed."""
        return Backoff() if seconds >= STEADY_SECONDS else self

    def before_fault(self, *, silent: bool, gone: bool = False) -> "Backoff":
        """What holds for a fault: once a server answers again, its absence has no part in it.

        Nor has a refusal, once it goes as far as to say that a list is needed.
        """
        is_other = (self.silent and not silent) or (gone and not self.gone)
        return Backoff() if is_other else self

    def after_fault(self, *, silent: bool, gone: bool = False) -> "Backoff":
        """One fault more."""
        return Backoff(faults=self.faults + 1, silent=silent, gone=gone)
