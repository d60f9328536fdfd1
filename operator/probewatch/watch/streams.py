"""Reads the lines of a watch as they arrive, with a timeout for a stream that goes silent."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

from probewatch.watch.lines import Line, LineSplitter
from probewatch.watch.transport import StreamFaultError, WatchStats

ARM_SECONDS = 1.0
"""The timeout is rescheduled at most this often: doing it per line costs more than the line."""


async def read_lines(
    chunks: AsyncIterator[bytes],
    take: Callable[[Sequence[Line]], None],
    *,
    splitter: LineSplitter,
    stats: WatchStats,
    silence: Callable[[], float],
) -> None:
    """Call *take* with the lines that each chunk completes, until the stream ends.

    Raises TimeoutError after *silence* seconds without a complete line, even if single bytes
    arrive; *silence* is called again after each batch of lines. Raises StreamFaultError if the
    stream ends within a line, and whatever *take* and *splitter* raise.
    """
    loop = asyncio.get_running_loop()
    limit, armed = silence(), loop.time()
    async with asyncio.timeout(limit) as alarm:
        async for chunk in chunks:
            stats.bytes_read += len(chunk)
            lines = splitter.feed(chunk)
            if not lines:
                continue
            take(lines)
            stats.heard()
            now, before, limit = loop.time(), limit, silence()
            if now - armed > ARM_SECONDS or limit != before:
                alarm.reschedule(now + limit)
                armed = now
    if splitter.rest().strip():
        raise StreamFaultError("torn line")
