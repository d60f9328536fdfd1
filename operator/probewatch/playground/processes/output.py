"""Collects the output of a process through a pipe of our own.

With asyncio's own pipes, a process counts as ended only when all that have inherited them have
ended too: a container would seem to run as long as a process that it left behind.
"""

import asyncio
import os
from collections.abc import AsyncIterator

CHUNK = 1 << 16


class Output:
    """Collects what is written to `write_end`, and keeps the first or the newest bytes."""

    def __init__(self, *, limit: int, keep_newest: bool) -> None:
        self._limit = limit
        self._keep_newest = keep_newest
        self._kept = bytearray()
        self._read_end, self.write_end = os.pipe()
        self._is_open = True
        self._written = 0
        self._news = asyncio.Event()
        os.set_blocking(self._read_end, False)
        asyncio.get_running_loop().add_reader(self._read_end, self._take)

    def hand_over(self) -> None:
        """Close our copy of the write end: the process has its own, or could not be started."""
        os.close(self.write_end)

    def read(self) -> bytes:
        """Return the bytes that are kept of all that has been written until now."""
        while self._is_open and self._take():
            pass
        return bytes(self._kept)

    async def follow(self) -> AsyncIterator[bytes]:
        """Yield what is written from now on, until the end, except for what was dropped."""
        at = self._written
        while self._is_open or at < self._written:
            new = self._written - at
            if new:
                at = self._written
                yield bytes(self._kept[-new:])
                continue
            self._news.clear()
            await self._news.wait()

    def close(self) -> None:
        """Stop reading."""
        if self._is_open:
            self._is_open = False
            asyncio.get_running_loop().remove_reader(self._read_end)
            os.close(self._read_end)
            self._news.set()

    def _take(self) -> bool:
        """Read what is available; return whether there was anything."""
        try:
            chunk = os.read(self._read_end, CHUNK)
        except BlockingIOError:
            return False
        if not chunk:
            self.close()
            return False
        self._kept += chunk
        self._written += len(chunk)
        self._news.set()
        if self._keep_newest:
            del self._kept[: -self._limit]
        else:
            del self._kept[self._limit :]
        return True
