"""A log handler that drops records while nobody reads them, rather than stop the process.

Logs go through a pipe to the container runtime, which may stop to read it, for example while its
disk does not answer. A full pipe blocks its writer: the event loop, and with it all watches and
probes. So after a moment records are dropped, and counted; the count is logged once they are
read again.
"""

import logging
import select
import time
from collections.abc import Callable
from typing import TextIO

PATIENCE_SECONDS = 0.5
"""How long to wait for a reader who may just be slower than a burst of records."""

SHARE = 0.1
"""How much of the time may be spent on that, in the long run: the event loop is blocked by it."""

SHORTEST_SECONDS = 0.01
"""Shorter waits are not worth it: the system rounds them up, and they would exceed the share."""


class LossyHandler(logging.StreamHandler[TextIO]):
    """Writes records to *stream* as far as they are read.

    A pipe counts as writable if it has room for 4 KiB. Only tracebacks are longer than that.
    """

    def __init__(
        self,
        stream: TextIO,
        *,
        patience_seconds: float = PATIENCE_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(stream)
        self._patience = self._left = patience_seconds
        """How many seconds may be waited: at most, and now."""
        self._monotonic, self._at = monotonic, monotonic()
        self.dropped = 0
        """How many records were dropped."""
        self._untold = 0
        """How many of them were not logged yet."""
        self._poll = _poll_of(stream)

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record, after the number of dropped ones if there are any, or drop it."""
        while self._is_writable():
            if not self._untold:
                super().emit(record)
                return
            untold, self._untold = self._untold, 0
            super().emit(_note(untold))
        self.dropped += 1
        self._untold += 1

    def _is_writable(self) -> bool:
        """Tell whether the stream takes a record now, or soon."""
        if self._poll is None or self._poll.poll(0):
            return True
        now = self._monotonic()
        self._left = min(self._patience, self._left + SHARE * (now - self._at))
        self._at = now
        if self._left < SHORTEST_SECONDS:
            return False
        is_writable = bool(self._poll.poll(self._left * 1000))
        self._at = self._monotonic()
        self._left -= self._at - now
        return is_writable


def _poll_of(stream: TextIO) -> "select.poll | None":
    """Return an object that tells whether a stream is writable; None if it is no file."""
    try:
        poll = select.poll()
        poll.register(stream.fileno(), select.POLLOUT)
    except (OSError, ValueError):  # io.UnsupportedOperation is both
        return None
    return poll


def _note(dropped: int) -> logging.LogRecord:
    return logging.makeLogRecord(
        {
            "name": __name__,
            "levelno": logging.WARNING,
            "levelname": "WARNING",
            "msg": "Log records were dropped, as nobody read them",
            "dropped": dropped,
        }
    )
