"""Back-off: how long to wait before the next try. Pure; the random number is passed in."""

from dataclasses import dataclass

from probewatch.pauses import Pauses

PAUSES = Pauses(first=0.8, longest=30.0)
STEADY_SECONDS = 4.0
"""A watch that stayed open this long resets the back-off when it fails, so that a rolling update
of the API server, or a proxy that cuts connections, does not lead to ever longer pauses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """The faults in a row so far, and of which kind the last one was."""

    faults: int = 0
    silent: bool = False
    """Whether the last fault was that there was no answer."""
    gone: bool = False
    """Whether the last fault made a new list necessary."""

    def pause(self, chance: float) -> float:
        """Return the seconds to wait after one more fault, with jitter by *chance* in [0, 1)."""
        return PAUSES.after(self.faults + 1, chance)

    def after_watching(self, seconds: float) -> "Backoff":
        """Return the state after a watch failed that had been open for *seconds*."""
        return Backoff() if seconds >= STEADY_SECONDS else self

    def before_fault(self, *, silent: bool, gone: bool = False) -> "Backoff":
        """Return the state that decides the pause after a fault, reset where its kind is new.

        A server that answers again, even with an error, is not waited for as long as one that
        gave no answer. Nor is one that asks for a new list waited for as after other errors.
        """
        is_other = (self.silent and not silent) or (gone and not self.gone)
        return Backoff() if is_other else self

    def after_fault(self, *, silent: bool, gone: bool = False) -> "Backoff":
        """Return the state with one more fault counted."""
        return Backoff(faults=self.faults + 1, silent=silent, gone=gone)
