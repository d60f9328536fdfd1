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

PIECE = 1024
"""Characters written at once: at most 4 KiB in UTF-8. A pipe with less room is not writable.

Source: pipe(7) (PIPE_BUF), and Linux' fs/pipe.c (pipe_poll): there is a page for it.
"""


class LossyHandler(logging.StreamHandler["PatientStream"]):
    """Writes records to *stream* as far as they are read.

    The end of a traceback, which is written in several pieces, may be lost alone.
    """

    def __init__(
        self,
        stream: TextIO,
        *,
        patience_seconds: float = PATIENCE_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._patient = PatientStream(stream, patience_seconds, monotonic)
        super().__init__(self._patient)
        self.dropped = 0
        """How many records were dropped, at least in part."""
        self._untold = 0
        """How many of them were not logged yet."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record, after the number of dropped ones if there are any, or drop it."""
        while self._patient.is_writable():
            if not self._untold:
                super().emit(record)
                if not self._patient.is_cut_off:
                    return
                break
            untold, self._untold = self._untold, 0
            super().emit(_note(untold))
        self.dropped += 1
        self._untold += 1


class PatientStream:
    """A stream that waits for its reader for a moment, and otherwise drops the rest of a line."""

    def __init__(self, stream: TextIO, patience: float, monotonic: Callable[[], float]) -> None:
        self._stream = stream
        self._patience = self._left = patience
        """How many seconds may be waited: at most, and now."""
        self._monotonic, self._at = monotonic, monotonic()
        self._poll = _poll_of(stream)
        self.is_cut_off = False
        """Whether the end of the last line was dropped."""

    def write(self, line: str) -> int:
        """Write a line, for the beginning of which there is room, and its end if it is read."""
        text = "\n" + line if self.is_cut_off else line
        self.is_cut_off = False
        for at in range(0, len(text), PIECE):
            if at and not self.is_writable():
                self.is_cut_off = True
                break
            self._stream.write(text[at : at + PIECE])
            self._stream.flush()
        return len(line)

    def flush(self) -> None:
        """Do nothing: each piece is flushed."""

    def is_writable(self) -> bool:
        """Tell whether the stream takes a piece now, or soon."""
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
