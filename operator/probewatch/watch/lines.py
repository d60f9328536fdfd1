"""Lines out of chunks: a watch is one JSON object a line, cut anywhere by the network.

A line is told by where it is in the bytes that hold it: to copy it costs as much as to find it.
"""

from collections.abc import Callable

Line = tuple[bytes, int, int]
"""What holds a line, where it begins and where it ends."""

_BRACE = ord("{")

LINE_CAP = 12 * 1024 * 1024
"""More than the largest object: etcd takes 1.5 MiB, which JSON with its escapes makes up to six
times as long. A server whose etcd was told to take more may have longer ones."""

HEAD = 1024
"""So much of a line that is skipped is kept: what an object is called stands at its beginning."""


class LineSplitter:
    """Collects chunks and gives out complete lines.

    A line that grows beyond *cap* is let go of as it comes: memory is bounded by the cap and
    a chunk. *skip* is told once of each, with its first bytes.
    """

    def __init__(self, skip: Callable[[bytes], None], cap: int = LINE_CAP) -> None:
        self._skip = skip
        self._cap = cap
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> list[Line]:
        """Return the lines that *chunk* completes, without blank ones and those skipped."""
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
        """What is left when the stream ends: a last line without its newline, or a torn one."""
        return b"".join(self._parts)

    def _let_go(self, added: int) -> None:
        """Keep no more than the beginning of a line that is too long, *added* bytes of it new."""
        if self._size - added > self._cap:
            del self._parts[1:]
            return
        head = b"".join(part[:HEAD] for part in self._parts[:HEAD])[:HEAD]
        self._parts = [head]
        self._skip(head)


def _add(lines: list[Line], body: bytes, begin: int, end: int) -> None:
    if begin < end and (body[begin] == _BRACE or not body[begin:end].isspace()):
        lines.append((body, begin, end))
