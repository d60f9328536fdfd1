"""Writing a recording so that it can be read at any time, whatever happens.

Lines are gathered and written together, always whole ones. In a compressed file
each such write is a gzip member of its own, and members one after the other are a
valid gzip file: a recorder that is killed leaves a file that reads to its last
write, and a file that is added to later stays one file. Where the disk is full
in the middle of a write, that write is taken back to its last whole line.
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
"""So much is written at once at the latest; it bounds memory, and compresses well."""


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
        """Write all lines that were gathered, and hand them to the system.

        Raises OSError; the file ends with a whole line then too, and *lines* counts those in it.
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
        """Cut the file to the last whole line of *data*, begun at *end*; return how many stay."""
        size = _find_size(self._file)
        if end is None or size is None:
            return 0
        written = data[: max(0, size - end)]
        kept = 0 if self._compressed else written.rfind(b"\n") + 1
        with contextlib.suppress(OSError):
            os.ftruncate(self._file.fileno(), end + kept)
        return written[:kept].count(b"\n")

    def _without_omissions(self, item: bytes) -> bytes:
        """Return the object on one line, as the API server sent it where nothing is left out."""
        if not self._omissions:
            return item.replace(b"\n", b"")
        decoded: dict[str, object] = msgspec.json.decode(item, type=dict[str, object])
        return msgspec.json.encode(leave_out(decoded, self._omissions))


def _write_all(file: BinaryIO, data: bytes) -> None:
    """Write everything: a file without a buffer may take less at once."""
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]
    file.flush()


def _find_size(file: BinaryIO) -> int | None:
    """Return how long a file on a disk is; None of pipes and the like."""
    try:
        found = os.fstat(file.fileno())
    except OSError:
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None


def _render_time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
