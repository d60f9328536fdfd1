"""An event loop whose clock jumps to the next timer when there is nothing left to do.

Sockets are real, time is not: an hour of bookmarks takes milliseconds, and a task that waits for
ever is an error at once rather than a test that hangs.
"""

import asyncio
import selectors
from collections.abc import Coroutine
from functools import partial
from typing import Any, TypeVar

T = TypeVar("T")

GRACE_SECONDS = 0.0005
"""Real seconds to wait for loopback traffic before the clock jumps."""

LONGEST_SECONDS = 100_000.0
"""The maximum of virtual seconds in one test."""


class VirtualTimeError(Exception):
    """All tasks wait for something that will never happen."""


class _JumpingSelector(selectors.DefaultSelector):
    """Does not wait for timers: moves the clock instead."""

    seconds = 0.0

    def __init__(self, grace: float) -> None:
        super().__init__()
        self._grace = grace

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready: list[tuple[selectors.SelectorKey, int]] = super().select(0)
        if ready or (timeout is not None and timeout <= 0):
            return ready
        ready = super().select(self._grace)
        if ready:
            return ready
        if timeout is None or self.seconds > LONGEST_SECONDS:
            raise VirtualTimeError(f"nothing is left to happen after {self.seconds:.0f} s")
        self.seconds += timeout
        return []


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop with the jumping clock."""

    def __init__(self, *, grace: float = GRACE_SECONDS) -> None:
        self._jumping = _JumpingSelector(grace)
        super().__init__(self._jumping)

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._jumping.seconds


def run(work: Coroutine[Any, Any, T], *, grace: float = GRACE_SECONDS) -> T:
    """Run *work* in virtual time; without sockets there is nothing to wait for in real time."""
    with asyncio.Runner(loop_factory=partial(VirtualTimeLoop, grace=grace)) as runner:
        return runner.run(work)
