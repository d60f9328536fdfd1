"""Notices at once that the reader of a pipe has gone, without writing to it.

A write to such a pipe fails, but a quiet cluster gives nothing to write for a minute.
"""

import asyncio
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO


@contextmanager
def on_reader_gone(file: BinaryIO, act: Callable[[], None]) -> Iterator[None]:
    """Call *act* once if *file* is a pipe whose reader closes it, or has closed it already.

    The write end of a pipe becomes readable, for an event loop, only by that. asyncio relies on
    the same (`_UnixWritePipeTransport` in asyncio/unix_events.py).
    """
    descriptor = _find_pipe(file)
    if descriptor is None:
        yield
        return
    loop = asyncio.get_running_loop()

    def report() -> None:
        loop.remove_reader(descriptor)
        act()

    loop.add_reader(descriptor, report)
    try:
        yield
    finally:
        loop.remove_reader(descriptor)


def _find_pipe(file: BinaryIO) -> int | None:
    """Return the descriptor of a pipe; None for other files."""
    try:
        descriptor = file.fileno()
    except OSError:
        return None
    return descriptor if stat.S_ISFIFO(os.fstat(descriptor).st_mode) else None
