"""Writes responses to the transport directly, so that faults can end them anywhere."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Mapping
from http import HTTPStatus

from probewatch.playground.api.faults import End

HARD_CLOSE = struct.pack("ii", 1, 0)
"""SO_LINGER: closing sends RST."""


class Wire:
    """One response on a connection that is closed afterwards."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._is_chunked = False

    def head(self, status: int, headers: Mapping[str, str], *, length: int | None = None) -> None:
        """Send the status line and the headers; without *length*, the body comes in chunks."""
        self._is_chunked = length is None
        framing = (
            {"Transfer-Encoding": "chunked"} if length is None else {"Content-Length": str(length)}
        )
        lines = [f"HTTP/1.1 {status} {_phrase(status)}"]
        lines += [f"{key}: {value}" for key, value in {**headers, **framing}.items()]
        self._transport.write("\r\n".join((*lines, "", "")).encode())

    def send(self, data: bytes) -> None:
        """Send a part of the body."""
        if not data or self._transport.is_closing():
            return
        if self._is_chunked:
            data = b"%x\r\n%b\r\n" % (len(data), data)
        self._transport.write(data)

    @property
    def is_closed(self) -> bool:
        """Whether the connection is closed."""
        return self._transport.is_closing()

    def end(self, end: End) -> None:
        """End the response as *end* says, and close the connection."""
        if end is End.RESET:
            self._reset()
            return
        if end is End.LAST_CHUNK and self._is_chunked and not self._transport.is_closing():
            self._transport.write(b"0\r\n\r\n")
        self._transport.close()

    def _reset(self) -> None:
        found = self._transport.get_extra_info("socket")
        if found is not None:
            with contextlib.suppress(OSError):
                found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, HARD_CLOSE)
        self._transport.abort()


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
