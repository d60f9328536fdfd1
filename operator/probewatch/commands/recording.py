"""Writes a recording so that it can be read at any time, even if the recorder is killed.

Lines are buffered and written together, always whole ones. In a compressed file each
write is a gzip member of its own, and concatenated members are a valid gzip file. So
a recorder that is killed leaves a file that can be read up to its last write, and more
can be appended to a file later. If the disk is full in the middle of a write, the file
is truncated after the last whole line of that write.
"""

import contextlib
import gzip
import os
import stat
from collections.abc import Collection
from datetime import UTC, datetime
from typing import BinaryIO

import msgspec

from probewatch.commands.privacy import Omission, leave_out
from probewatch.commands.stream import LineType

HEAD = b'{"receivedAt":"'
"""How each line begins."""

FULL_BYTES = 256 * 1024
"""A buffer of this size is written; that bounds memory, and compresses well."""


class Recording:
    """Takes objects as they arrive and writes them as lines."""

    def __init__(
        self,
        file: BinaryIO,
        *,
        compressed: bool = False,
        omissions: Collection[Omission] = (),
    ) -> None:
        self.lines = 0
        self._file = file
        self._compressed = compressed
        self._omissions = frozenset(omissions)
        self._buffer = bytearray()

    def write(self, line_type: LineType, item: bytes, received_at: float) -> None:
        """Add one line; `item` is the object's JSON text, `received_at` epoch seconds."""
        kept = self._without_omissions(item)
        head = f'{_render_time(received_at)}","type":"{line_type}","object":'
        self._buffer += HEAD + head.encode() + kept + b"}\n"
        self.lines += 1
        if len(self._buffer) >= FULL_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write all buffered lines to the file.

        Raises OSError; even then the file ends with a whole line, and *lines* counts those in it.
        """
        if not self._buffer:
            return
        lines = bytes(self._buffer)
        self._buffer.clear()
        data = gzip.compress(lines) if self._compressed else lines
        end = _find_size(self._file)
        try:
            _write_all(self._file, data)
        except OSError:
            kept = self._take_back(data, end)
            self.lines -= lines.count(b"\n") - kept
            raise

    def _take_back(self, data: bytes, end: int | None) -> int:
        """Truncate the file to whole lines; *end* was its size before *data*. Return those kept."""
        size = _find_size(self._file)
        if end is None or size is None:
            return 0
        written = data[: max(0, size - end)]
        kept = 0 if self._compressed else written.rfind(b"\n") + 1
        with contextlib.suppress(OSError):
            os.ftruncate(self._file.fileno(), end + kept)
        return written[:kept].count(b"\n")

    def _without_omissions(self, item: bytes) -> bytes:
        """Return the object on one line: as it was sent, unless something is to be left out."""
        if not self._omissions:
            return item.replace(b"\n", b"")
        decoded: dict[str, object] = msgspec.json.decode(item, type=dict[str, object])
        return msgspec.json.encode(leave_out(decoded, self._omissions))


def _write_all(file: BinaryIO, data: bytes) -> None:
    """Write everything: an unbuffered file may take only a part of it at a time."""
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]
    file.flush()


def _find_size(file: BinaryIO) -> int | None:
    """Return the size of a regular file; None for pipes and the like."""
    try:
        found = os.fstat(file.fileno())
    except OSError:
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None


def _render_time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
