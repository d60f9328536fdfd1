"""Lines out of chunks: a watch is one JSON object a line, cut anywhere by the network.

A line is told by where it is in the bytes that hold it: to copy it costs as much as to find it.
"""

Line = tuple[bytes, int, int]
"""What holds a line, where it begins and where it ends."""

_BRACE = ord("{")

LINE_CAP = 4 * 1024 * 1024
"""Objects reach 1.5 MiB (etcd's limit); more than this is no object but a fault."""


class LineTooLongError(ValueError):
    """A line grew beyond the cap: the stream is given up and listed anew."""


class LineSplitter:
    """Collects chunks and gives out complete lines; memory is bounded by the cap."""

    def __init__(self, cap: int = LINE_CAP) -> None:
        self._cap = cap
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> list[Line]:
        """Return the lines that *chunk* completes, without blank ones.

        Raises: LineTooLongError.
        """
        lines: list[Line] = []
        begin, end = 0, chunk.find(b"\n")
        if end >= 0 and self._parts:
            first = b"".join((*self._parts, chunk[:end]))
            self._parts, self._size = [], 0
            _add(lines, first, 0, len(first))
            begin, end = end + 1, chunk.find(b"\n", end + 1)
        while end >= 0:
            _add(lines, chunk, begin, end)
            begin, end = end + 1, chunk.find(b"\n", end + 1)
        if begin < len(chunk):
            self._parts.append(chunk[begin:])
            self._size += len(chunk) - begin
            if self._size > self._cap:
                message = f"a line of more than {self._cap} bytes"
                raise LineTooLongError(message)
        return lines

    def rest(self) -> bytes:
        """What is left when the stream ends: a last line without its newline, or a torn one."""
        return b"".join(self._parts)


def _add(lines: list[Line], body: bytes, begin: int, end: int) -> None:
    if begin < end and (body[begin] == _BRACE or not body[begin:end].isspace()):
        lines.append((body, begin, end))
