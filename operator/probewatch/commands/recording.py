"""Writing a recording so that it can be read at any time, whatever happens.

Lines are gathered and written together, always whole ones. In a compressed file
each such write is a gzip member of its own, and members one after the other are a
valid gzip file: a recorder that is killed leaves a file that reads to its last
write, and a file that is added to later stays one file.
"""

import gzip
from collections.abc import Collection
from datetime import UTC, datetime
from typing import BinaryIO

import msgspec

from probewatch.commands.privacy import Omission, leave_out
from probewatch.commands.stream import LineType

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
        head = f'{{"receivedAt":"{_render_time(received_at)}","type":"{line_type}","object":'
        self._buffer += head.encode() + kept + b"}\n"
        self.lines += 1
        if len(self._buffer) >= FULL_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write all lines that were gathered, and hand them to the system."""
        if not self._buffer:
            return
        data = gzip.compress(self._buffer) if self._compressed else bytes(self._buffer)
        self._buffer.clear()
        self._file.write(data)
        self._file.flush()

    def _without_omissions(self, item: bytes) -> bytes:
        """Return the object on one line, as the API server sent it where nothing is left out."""
        if not self._omissions:
            return item.replace(b"\n", b"")
        decoded: dict[str, object] = msgspec.json.decode(item, type=dict[str, object])
        return msgspec.json.encode(leave_out(decoded, self._omissions))


def _render_time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
