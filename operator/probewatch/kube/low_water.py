"""The low-water mark of a socket: if no line is urgent, many are read at once.

An API server writes a streaming list object by object, and each write wakes up the reader, which
on a virtual machine costs more than handling the object. So the kernel is told to wake us only
once more bytes have arrived (`SO_RCVLOWAT`, see socket(7); TLS makes no difference), or after some
hundredths of a second. Occasional updates and short answers are not affected.
Source: apiserver/pkg/endpoints/handlers/watch.go (HandleHTTP).
"""

import asyncio
import math
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Self

MARK_BYTES = 1024 * 1024
"""About 100 pods. The kernel enlarges its buffer to that; if it is full earlier, we are woken."""

PATIENCE_SECONDS = 0.05
"""The longest time for which bytes are held back."""

BUSY_SECONDS = 2 * PATIENCE_SECONDS
"""The mark is set only if reads follow each other faster: else waiting is one wake-up more."""

SHORT_BYTES = 512 * 1024
"""The first bytes of an answer are read as they arrive, so that short lists are not delayed."""

IS_HEEDED = sys.platform == "linux"
"""On other systems, lowering the mark may not wake a reader for bytes that arrived before."""


Later = Callable[[float, Callable[[], None]], asyncio.TimerHandle]
"""Schedules a call after some seconds, like `loop.call_later`."""


class LowWater:
    """The low-water mark of one connection, while one answer is read from it."""

    def __init__(
        self, connection: socket.socket | None, *, now: Callable[[], float], later: Later
    ) -> None:
        self._socket = connection
        self._now = now
        self._later = later
        self._alarm: asyncio.TimerHandle | None = None
        self._read = 0
        self._read_at = -math.inf

    @classmethod
    def under(cls, transport: asyncio.BaseTransport | None) -> Self:
        """Return the mark of a transport's socket; without one, the mark has no effect."""
        loop = asyncio.get_running_loop()
        connection = transport.get_extra_info("socket") if transport and IS_HEEDED else None
        return cls(connection, now=loop.time, later=loop.call_later)

    def read(self, size: int, *, is_urgent: bool) -> None:
        """Note that *size* bytes were read, and set the mark unless the next ones are urgent."""
        now = self._now()
        is_busy = now - self._read_at < BUSY_SECONDS
        self._read, self._read_at = self._read + size, now
        self.lower()
        if is_busy and not is_urgent and self._read > SHORT_BYTES:
            self._set(MARK_BYTES)
            self._alarm = self._later(PATIENCE_SECONDS, self.lower)

    def lower(self) -> None:
        """Reset the mark to the default, at which each byte wakes the reader."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
            self._set(1)

    def _set(self, mark: int) -> None:
        # The socket may be closed by now (uvloop raises ValueError), or not support the mark.
        with suppress(OSError, ValueError):
            if self._socket is not None:
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, mark)
