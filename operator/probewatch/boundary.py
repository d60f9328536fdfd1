"""The error boundary: an unexpected exception is logged with its traceback, counted, and dropped.

One odd pod that hits a bug must not end the watch of all others. This is the only
place that catches every exception; all other code catches what it can handle.
"""

import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from types import TracebackType
from typing import TypeVar

from probewatch.clock import Clock
from probewatch.pauses import Pauses

_log = logging.getLogger(__name__)

T = TypeVar("T")

PAUSES = Pauses(first=1.0, longest=60.0)
STEADY_SECONDS = 600.0
"""Work that ran for this long before it failed starts again with the first pause."""


class Guard:
    """A reusable context manager of the boundary; cheap, as it is entered several times per pod."""

    __slots__ = ("_errors", "_where")

    def __init__(self, errors: Counter[str], where: str) -> None:
        self._errors = errors
        self._where = where

    def __enter__(self) -> None:
        """Enter the block."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        """Count and log an `Exception`; let cancellation and `SystemExit` through."""
        if kind is None or not issubclass(kind, Exception):
            return False
        self._errors[self._where] += 1
        extra = {"at": self._where}
        _log.error("An error in probewatch itself; please report it", exc_info=error, extra=extra)
        return True

    def each(self, things: Iterable[T], step: Callable[[T], object]) -> None:
        """Take the step for each thing; an error in one keeps no other from its own.

        The block is entered once for all of them: that costs more than many a step.
        """
        rest = iter(things)
        while True:
            with self:
                for thing in rest:
                    step(thing)
                return


@dataclass(slots=True, kw_only=True)
class Boundary:
    """Counts the errors that were caught, by where they were caught."""

    clock: Clock = field(default_factory=Clock)
    errors: Counter[str] = field(default_factory=Counter)
    """By the name of the guard; starts at 0, so that `increase()` sees the first error."""

    def guard(self, where: str) -> Guard:
        """Return a context manager that logs and swallows errors of its block."""
        self.errors.setdefault(where, 0)
        return Guard(self.errors, where)

    async def keep_running(self, where: str, work: Callable[[], Awaitable[object]]) -> None:
        """Run *work*, and again with growing pauses, whenever it ends or fails."""
        faults = 0
        while True:
            begun = self.clock.monotonic()
            with self.guard(where):
                await work()
            faults = 1 if self.clock.monotonic() - begun >= STEADY_SECONDS else faults + 1
            await self.clock.sleep(PAUSES.after(faults))
