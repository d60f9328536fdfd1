"""Repairs a recording that was cut off, before more is appended to it.

A power failure can cut a file off anywhere. A line appended to half a line, or a gzip
member appended to half a member, would make everything after it unreadable.
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
    """Truncate a file after its last whole line or gzip member; return how many bytes are lost.

    Raises OSError, and InputError for a file that is not a recording, which is left as it is.
    """
    if not path.is_file():
        return 0
    with path.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        whole = _find_whole_members(file, path) if compressed else _find_whole_lines(file, path)
        file.truncate(whole)
    return max(size - whole, 0)  # a record that only lacked its line break has got one


def _find_whole_lines(file: BinaryIO, path: Path) -> int:
    """Return where the last whole line ends; a record without its line break gets one."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - MAX_LINE_BYTES))
    tail = file.read().rpartition(b"\n")[2]
    if _is_record(tail):
        return size + file.write(b"\n")
    written = tail.rstrip(UNWRITTEN)
    if not (written.startswith(HEAD) or HEAD.startswith(written)):
        raise InputError(f"{path}: ends with half a line that is not from a recording")
    return size - len(tail)


def _is_record(line: bytes) -> bool:
    try:
        parse_line(line, "", 0)
    except StreamError:
        return False
    return True


def _find_whole_members(file: BinaryIO, path: Path) -> int:
    """Return where the last whole member ends; it takes reading the whole file."""
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
