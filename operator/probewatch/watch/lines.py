"""Lines out of chunks: a watch is one JSON object a line, cut anywhere by the network."""

from collections.abc import Iterator

LINE_CAP = 4 * 1024 * 1024
"""Objects reach 1.5 MiB (etcd's limit); more than this is no object but a fault."""


class LineTooLongError(ValueError):
    """A line grew beyond the cap: the stream is given up and listed anew."""


class LineSplitter:
    """Collects chunks and yields complete lines; memory is bounded by the cap."""

    def __init__(self, cap: int = LINE_CAP) -> None:
        self._cap = cap
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Yield the lines that *chunk* completes.

        Raises: LineTooLongError.
        """
        *complete, rest = chunk.split(b"\n")
        for line in complete:
            whole = b"".join((*self._parts, line))
            self._parts, self._size = [], 0
            if whole.strip():
                yield whole
        self._size += len(rest)
        if self._size > self._cap:
            message = f"a line of more than {self._cap} bytes"
            raise LineTooLongError(message)
        if rest:
            self._parts.append(rest)

    def rest(self) -> bytes:
        """What is left when the stream ends: a last line without its newline, or a torn one."""
        return b"".join(self._parts)
