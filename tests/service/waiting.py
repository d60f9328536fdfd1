"""Waits for what has no event of its own."""

import asyncio
from collections.abc import Callable


async def until(condition: Callable[[], bool]) -> None:
    """Wait until a condition is true; the caller bounds the time."""
    while not condition():  # noqa: ASYNC110  # what is waited for has no event of its own
        await asyncio.sleep(0)


async def wait_for_the_end(stop: asyncio.Event) -> None:
    """Replaces kopf, which has its own tests."""
    await stop.wait()
