"""Splits a watch into lines: each is one JSON object, and the network may cut them anywhere.

A line is returned as a position in the chunk that holds it: copying it costs as much as finding
it.
"""

from collections.abc import Callable

Line = tuple[bytes, int, int]
"""The buffer that holds a line, the line's begin and its end."""

_BRACE = ord("{")

LINE_CAP = 12 * 1024 * 1024
"""More than the largest object: etcd's limit is 1.5 MiB by default, and JSON escapes can make that
six times as long. A server whose etcd has a higher limit may send longer lines."""

HEAD = 1024
"""Bytes kept of a skipped line: the name of the object is near its beginning."""


class LineSplitter:
    """Buffers chunks and returns complete lines.

    A line that grows beyond *cap* is discarded while it arrives, so memory is bounded by the
    cap and one chunk. *skip* is called once for each such line, with its first bytes.
    """

    def __init__(self, skip: Callable[[bytes], None], cap: int = LINE_CAP) -> None:
        self._skip = skip
        self._cap = cap
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> list[Line]:
        """Return the lines that *chunk* completes, except blank and skipped ones."""
        lines: list[Line] = []
        begin, end = 0, chunk.find(b"\n")
        if end >= 0 and self._parts:
            if self._size <= self._cap:
                first = b"".join((*self._parts, chunk[:end]))
                _add(lines, first, 0, len(first))
            self._parts, self._size = [], 0
            begin, end = end + 1, chunk.find(b"\n", end + 1)
        while end >= 0:
            _add(lines, chunk, begin, end)
            begin, end = end + 1, chunk.find(b"\n", end + 1)
        if begin < len(chunk):
            self._parts.append(chunk[begin:])
            self._size += len(chunk) - begin
            if self._size > self._cap:
                self._let_go(len(chunk) - begin)
        return lines

    def rest(self) -> bytes:
        """Return what is left at the end of the stream: a last line without its newline."""
        return b"".join(self._parts)

    def _let_go(self, added: int) -> None:
        """Discard all but the head of a line that is too long; *added* bytes of it are new."""
        if self._size - added > self._cap:
            del self._parts[1:]
            return
        head = b"".join(part[:HEAD] for part in self._parts[:HEAD])[:HEAD]
        self._parts = [head]
        self._skip(head)


def _add(lines: list[Line], body: bytes, begin: int, end: int) -> None:
    if begin < end and (body[begin] == _BRACE or not body[begin:end].isspace()):
        lines.append((body, begin, end))
