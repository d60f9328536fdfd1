"""Where an error of our own ends: logged once with its traceback, counted, and over.

One pod that breaks a rule nobody knew of must not end the watch of all others.
This is the only place that catches every exception; all else catches what it
can do something about.
"""

import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from probewatch.clock import Clock

_log = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0
STEADY_SECONDS = 600.0
"""What ran for so long before it failed starts again with the first pause."""


@dataclass(slots=True, kw_only=True)
class Boundary:
    """Counts the errors that ended here, by where they came from."""

    clock: Clock = field(default_factory=Clock)
    errors: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def guard(self, where: str) -> Iterator[None]:
        """Swallow an error of the block, with its traceback in the log."""
        try:
            yield
        except Exception:  # noqa: BLE001  # the one place for it, as the docstring says
            self.errors[where] += 1
            _log.exception("An error in probewatch itself; please report it", extra={"at": where})

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
