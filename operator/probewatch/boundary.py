"""Where an error of our own ends: logged once with its traceback, counted, and over.

One pod that breaks a rule nobody knew of must not end the watch of all others.
This is the only place that catches every exception; all else catches what it
can do something about.
"""

import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import TracebackType

from probewatch.clock import Clock

_log = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0
STEADY_SECONDS = 600.0
"""What ran for so long before it failed starts again with the first pause."""


class Guard:
    """A `with` of the boundary, as often as one likes: it is entered several times for each pod."""

    __slots__ = ("_errors", "_where")

    def __init__(self, errors: Counter[str], where: str) -> None:
        self._errors = errors
        self._where = where

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        """Count and log an error, and let go what is none: being cancelled, or told to exit."""
        if kind is None or not issubclass(kind, Exception):
            return False
        self._errors[self._where] += 1
        extra = {"at": self._where}
        _log.error("An error in probewatch itself; please report it", exc_info=error, extra=extra)
        return True


@dataclass(slots=True, kw_only=True)
class Boundary:
    """Counts the errors that ended here, by where they came from."""

    clock: Clock = field(default_factory=Clock)
    errors: Counter[str] = field(default_factory=Counter)
    """By where they ended; 0 where one could, so that the first one is seen as a rise."""

    def guard(self, where: str) -> Guard:
        """Swallow an error of the block, with its traceback in the log."""
        self.errors.setdefault(where, 0)
        return Guard(self.errors, where)

    async def keep_running(self, where: str, work: Callable[[], Awaitable[object]]) -> None:
        """Do *work*, and again after growing pauses whenever it ends; until cancelled."""
        pause = FIRST_PAUSE_SECONDS
        while True:
            begun = self.clock.monotonic()
            with self.guard(where):
                await work()
            if self.clock.monotonic() - begun >= STEADY_SECONDS:
                pause = FIRST_PAUSE_SECONDS
            await self.clock.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
