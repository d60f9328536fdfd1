"""Accepts connections, and closes old ones so that no client can lock out others.

Connections are few and cheap to reopen. If there are too many, the oldest idle one is closed, so
a client that only holds connections open does no harm. Neither does one that reads its responses
slowly: at most half of the connections may be busy. TLS handshakes count as connections, and
have a timeout.
"""

import asyncio
import contextlib
import socket
from collections.abc import Iterator, Sequence
from typing import Protocol

from probewatch.metrics.tls import Certificate

PAUSE_SECONDS = 1.0
"""Pause after a failed accept, for example because of too many open files."""

GOODBYE_SECONDS = 2.0
"""Timeout for the client to close its side of TLS."""


class Connection(Protocol):
    """An open HTTP connection."""

    @property
    def transport(self) -> asyncio.Transport | None:
        """Its transport; `None` once closed."""
        ...


class Http(Protocol):
    """The HTTP server behind the connections: aiohttp's low-level server."""

    @property
    def connections(self) -> Sequence[Connection]:
        """Open connections, the oldest first."""
        ...

    def __call__(self) -> asyncio.Protocol:
        """Create the protocol of a new connection."""
        ...

    def pre_shutdown(self) -> None:
        """Close idle connections."""
        ...

    async def shutdown(self, timeout: float | None = None) -> None:  # noqa: ASYNC109  # aiohttp's
        """Wait for busy connections, and close them after the timeout."""
        ...


def abort(connection: Connection) -> None:
    """Close a connection at once; the unread rest of a response is lost."""
    if connection.transport is not None:
        connection.transport.abort()


class Acceptor:
    """Accepts connections for *http*, at most *limit* at a time."""

    def __init__(
        self,
        http: Http,
        certificate: Certificate | None,
        *,
        limit: int,
        handshake_seconds: float,
        pause_seconds: float = PAUSE_SECONDS,
    ) -> None:
        self._http = http
        self._certificate = certificate
        self._limit = limit
        self._handshake_seconds = handshake_seconds
        self._pause_seconds = pause_seconds
        self._sockets: tuple[socket.socket, ...] = ()
        self._accepting: list[asyncio.Task[None]] = []
        self._handshakes: dict[asyncio.Task[None], None] = {}
        """TLS handshakes under way or just cancelled, the oldest first."""
        self._busy: dict[Connection, None] = {}
        """Connections with a request under way, the longest-running first."""
        self._leaving: set[Connection] = set()
        """Aborted connections that *http* still lists."""

    def open(self, sockets: Sequence[socket.socket]) -> None:
        """Accept connections on *sockets*, which are closed by `close`."""
        self._sockets = tuple(sockets)
        self._accepting = [asyncio.create_task(self._accept(each)) for each in self._sockets]

    async def close(self, seconds: float) -> None:
        """Stop accepting, wait at most *seconds* for requests under way, and close the rest."""
        for task in (*self._accepting, *self._handshakes):
            task.cancel()
        await asyncio.gather(*self._accepting, *self._handshakes, return_exceptions=True)
        for each in self._sockets:
            each.close()
        self._http.pre_shutdown()
        await self._http.shutdown(seconds)

    @contextlib.contextmanager
    def busy(self, connection: Connection) -> Iterator[None]:
        """Within the block, keep the connection from being closed in favour of new ones.

        If half of the connections are busy already, the longest-running one is closed: responses
        are made quickly, so its client reads slowly.
        """
        if len(self._busy) >= max(1, self._limit // 2):
            self._evict(next(iter(self._busy)))
        self._busy[connection] = None
        try:
            yield
        finally:
            self._busy.pop(connection, None)

    async def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(0)  # `sock_accept` does not yield while clients are waiting
            try:
                connection, _ = await loop.sock_accept(listener)
            except OSError:
                await asyncio.sleep(self._pause_seconds)
                continue
            if not self._make_room():
                connection.close()
                continue
            self._start_handshake(connection)

    def _make_room(self) -> bool:
        inside = self._http.connections
        self._leaving.intersection_update(inside)
        shaking = [each for each in self._handshakes if not each.cancelling()]
        if len(inside) - len(self._leaving) + len(shaking) < self._limit:
            return True
        idle = [each for each in inside if each not in self._busy and each not in self._leaving]
        if len(shaking) > len(idle):
            shaking[0].cancel()
        elif idle:
            self._evict(idle[0])
        else:
            return False
        return True

    def _evict(self, connection: Connection) -> None:
        self._busy.pop(connection, None)
        self._leaving.add(connection)
        abort(connection)

    def _start_handshake(self, connection: socket.socket) -> None:
        def end(handshake: "asyncio.Task[None]") -> None:
            self._handshakes.pop(handshake, None)
            if handshake.cancelled():  # perhaps before it began
                connection.close()

        handshake = asyncio.create_task(self._handshake(connection))
        self._handshakes[handshake] = None
        handshake.add_done_callback(end)

    async def _handshake(self, connection: socket.socket) -> None:
        """Pass the connection on to *http*, after its TLS handshake if there is one."""
        loop = asyncio.get_running_loop()
        secured = self._certificate is not None
        # A failed handshake is the client's fault, and is not logged.
        with contextlib.suppress(OSError):
            await loop.connect_accepted_socket(
                self._http,
                connection,
                ssl=self._certificate.context() if self._certificate is not None else None,
                ssl_handshake_timeout=self._handshake_seconds if secured else None,
                ssl_shutdown_timeout=GOODBYE_SECONDS if secured else None,
            )
