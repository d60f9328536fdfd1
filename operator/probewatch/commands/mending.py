"""Recordings that were cut off, made whole before more is added to them.

A machine that loses its power cuts a file off anywhere. A line that is added to half a
line, or a gzip member to half a member, would make all that follows unreadable.
"""

import os
import zlib
from pathlib import Path
from typing import BinaryIO

from probewatch.commands.recording import HEAD
from probewatch.commands.stream import (
    MAX_LINE_BYTES,
    UNWRITTEN,
    StreamError,
    ends_unwritten,
    parse_line,
)
from probewatch.errors import InputError

CHUNK_BYTES = 256 * 1024

_GZIP = zlib.MAX_WBITS | 16


def mend(path: Path, *, compressed: bool) -> int:
    """Cut a file to its last whole line or gzip member; return by how many bytes.

    Raises OSError, and InputError for what is no recording: that stays as it is.
    """
    if not path.is_file():
        return 0
    with path.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        whole = _find_whole_members(file, path) if compressed else _find_whole_lines(file, path)
        file.truncate(whole)
    return size - whole


def _find_whole_lines(file: BinaryIO, path: Path) -> int:
    """Return where the last whole line ends; if only its end is missing, that is written."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - MAX_LINE_BYTES))
    tail = file.read().rpartition(b"\n")[2]
    if _is_record(tail):
        return size + file.write(b"\n")
    written = tail.rstrip(UNWRITTEN)
    if not (written.startswith(HEAD) or HEAD.startswith(written)):
        raise InputError(f"{path}: ends with half a line that is none of a recording")
    return size - len(tail)


def _is_record(line: bytes) -> bool:
    try:
        parse_line(line, "", 0)
    except StreamError:
        return False
    return True


def _find_whole_members(file: BinaryIO, path: Path) -> int:
    """Return where the last whole member ends; to know that, all of them are read."""
    file.seek(0)
    member, read, whole = zlib.decompressobj(_GZIP), 0, 0
    while chunk := file.read(CHUNK_BYTES):
        read += len(chunk)
        while chunk:
            try:
                member.decompress(chunk)
            except zlib.error as error:
                if whole and ends_unwritten(path):
                    return whole
                raise InputError(f"{path}: the gzip data is damaged: {error}") from error
            chunk = member.unused_data
            if member.eof:
                member, whole = zlib.decompressobj(_GZIP), read - len(chunk)
    return whole
