"""Lines out of chunks: a watch is one JSON object a line, cut anywhere by the network."""

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

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the lines that *chunk* completes, without blank ones.

        Raises: LineTooLongError.
        """
        lines = chunk.split(b"\n")
        rest = lines.pop()
        if lines and self._parts:
            lines[0] = b"".join((*self._parts, lines[0]))
            self._parts, self._size = [], 0
        if rest:
            self._parts.append(rest)
            self._size += len(rest)
            if self._size > self._cap:
                message = f"a line of more than {self._cap} bytes"
                raise LineTooLongError(message)
        return [line for line in lines if line and not line.isspace()]

    def rest(self) -> bytes:
        """What is left when the stream ends: a last line without its newline, or a torn one."""
        return b"".join(self._parts)
