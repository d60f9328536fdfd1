"""The low-water mark: where nobody waits for a line, many are read at once.

An API server writes a streaming list object by object, and each write wakes who reads: on a virtual
machine that costs more than the object. So the kernel is asked to wait until more has come
(`SO_RCVLOWAT` of socket(7); what TLS adds makes no difference), and is told to wait no more after
some hundredths of a second. Nothing changes for what comes now and then, nor for short answers.
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
"""Some 100 pods. The kernel makes the buffer as large; where that is full earlier, it wakes us."""

PATIENCE_SECONDS = 0.05
"""So long bytes wait for others at most."""

BUSY_SECONDS = 2 * PATIENCE_SECONDS
"""What comes less often is not waited for: that would only be one more time to wake."""

SHORT_BYTES = 512 * 1024
"""Of so much at the beginning each part is read as it comes: short lists are done sooner."""

IS_HEEDED = sys.platform == "linux"
"""Elsewhere a mark that is lowered may not wake who waits for what has come meanwhile."""


Later = Callable[[float, Callable[[], None]], asyncio.TimerHandle]
"""Has something done in so many seconds."""


class LowWater:
    """The mark of one connection, while one answer is read from it."""

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
        """Return the mark of what is under a transport; of none, it changes nothing."""
        loop = asyncio.get_running_loop()
        connection = transport.get_extra_info("socket") if transport and IS_HEEDED else None
        return cls(connection, now=loop.time, later=loop.call_later)

    def read(self, size: int, *, is_urgent: bool) -> None:
        """So many bytes were read; *is_urgent*: whether those to come are to be read at once."""
        now = self._now()
        is_busy = now - self._read_at < BUSY_SECONDS
        self._read, self._read_at = self._read + size, now
        self.lower()
        if is_busy and not is_urgent and self._read > SHORT_BYTES:
            self._set(MARK_BYTES)
            self._alarm = self._later(PATIENCE_SECONDS, self.lower)

    def lower(self) -> None:
        """Let each byte be read as it comes, as it is without us."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
            self._set(1)

    def _set(self, mark: int) -> None:
        # A socket that is closed meanwhile (uvloop's says so by a ValueError), or has no mark.
        with suppress(OSError, ValueError):
            if self._socket is not None:
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, mark)
