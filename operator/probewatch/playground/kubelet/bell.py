"""Waits for an event or a timeout on an injected clock, and starts background tasks."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from probewatch.clock import Clock


async def wait_for(event: asyncio.Event, clock: Clock, seconds: float) -> bool:
    """Return whether *event* was set within *seconds* of the clock's time."""
    if event.is_set():
        return True
    happened = asyncio.ensure_future(_until(event))
    passed = asyncio.ensure_future(_pass(clock, max(0.0, seconds)))
    try:
        await asyncio.wait({happened, passed}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await cancel(happened, passed)
    return event.is_set()


async def cancel(*tasks: asyncio.Task[None]) -> None:
    """Cancel *tasks* and wait until they have ended, whatever their result is."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def begin(work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
    """Start *work* in the background; its failure goes to the event loop's exception handler."""
    task = asyncio.create_task(work, name=name)
    task.add_done_callback(_report_failure)
    return task


def _report_failure(task: asyncio.Task[None]) -> None:
    error = None if task.cancelled() else task.exception()
    if error is not None:
        message = f"the playground's part {task.get_name()!r} has failed"
        task.get_loop().call_exception_handler({"message": message, "exception": error})


async def _until(event: asyncio.Event) -> None:
    await event.wait()


async def _pass(clock: Clock, seconds: float) -> None:
    await clock.sleep(seconds)


class Bell:
    """An event that resets itself after each wait, which can also time out."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """End the current wait, or else the next one."""
        self._rung.set()

    async def wait(self, seconds: float | None = None) -> bool:
        """Wait for the bell, at most *seconds*; return whether it was rung."""
        if seconds is None:
            await self._rung.wait()
        else:
            await wait_for(self._rung, self._clock, seconds)
        rung = self._rung.is_set()
        self._rung.clear()
        return rung
