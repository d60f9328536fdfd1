"""Streams: the lines of a watch as they come, with an ear for silence."""

import asyncio
from collections.abc import AsyncIterator, Callable

from probewatch.watch.lines import LineSplitter
from probewatch.watch.transport import StreamFaultError, WatchStats

ARM_SECONDS = 1.0
"""The alarm is set anew so often at most: to do it for every line costs more than the line."""


async def read_lines(
    chunks: AsyncIterator[bytes],
    take: Callable[[bytes, int, int], None],
    *,
    splitter: LineSplitter,
    stats: WatchStats,
    silence: Callable[[], float],
) -> None:
    """Give *take* what holds a line, where that begins and where it ends, until the stream does.

    An end within a line is a fault. Raises TimeoutError after *silence* seconds (asked again
    after lines) without a complete line, even if bytes drip; and what *take* and *splitter* raise.
    """
    loop = asyncio.get_running_loop()
    limit, armed = silence(), loop.time()
    async with asyncio.timeout(limit) as alarm:
        async for chunk in chunks:
            stats.bytes_read += len(chunk)
            lines = splitter.feed(chunk)
            if not lines:
                continue
            for body, begin, end in lines:
                take(body, begin, end)
            stats.heard()
            now, before, limit = loop.time(), limit, silence()
            if now - armed > ARM_SECONDS or limit != before:
                alarm.reschedule(now + limit)
                armed = now
    if splitter.rest().strip():
        raise StreamFaultError("torn line")
