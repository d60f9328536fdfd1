"""The door: who is let in, and who has to leave so that others can get in.

Connections are few and cheap to make anew, so that the oldest one that is not being
answered leaves when there are too many. A client that only holds connections open
holds up nobody, nor does one that reads its answers slowly: half of the places are kept for
those who have not asked yet. TLS handshakes count, and have their time too.
"""

import asyncio
import contextlib
import socket
from collections.abc import Iterator, Sequence
from typing import Protocol

from probewatch.metrics.tls import Certificate

PAUSE_SECONDS = 1.0
"""After a failed accept, such as for too many open files; it passes or it does not."""

GOODBYE_SECONDS = 2.0
"""Time for the client to close its side of TLS."""


class Connection(Protocol):
    """One that was let in."""

    @property
    def transport(self) -> asyncio.Transport | None:
        """What it writes to; `None` once closed."""
        ...


class Http(Protocol):
    """Who speaks with those inside: aiohttp's low-level server."""

    @property
    def connections(self) -> Sequence[Connection]:
        """Those inside, the oldest first."""
        ...

    def __call__(self) -> asyncio.Protocol:
        """Make the protocol of a new connection."""
        ...

    def pre_shutdown(self) -> None:
        """Close those that are idle."""
        ...

    async def shutdown(self, timeout: float | None = None) -> None:  # noqa: ASYNC109  # aiohttp's
        """Wait for the others, and close them."""
        ...


def dismiss(connection: Connection) -> None:
    """Close at once: what was not read of an answer by now will not be."""
    if connection.transport is not None:
        connection.transport.abort()


class Doorman:
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
        self._greeted: dict[asyncio.Task[None], None] = {}
        """The oldest first."""
        self._busy: dict[Connection, None] = {}
        """Those being answered, for the longest time first."""
        self._leaving: set[Connection] = set()
        """Dismissed, and not gone yet."""

    def open(self, sockets: Sequence[socket.socket]) -> None:
        """Accept connections on *sockets*, which are closed in the end."""
        self._sockets = tuple(sockets)
        self._accepting = [asyncio.create_task(self._accept(each)) for each in self._sockets]

    async def close(self, seconds: float) -> None:
        """Accept no more, wait for answers under way at most *seconds*, and close the rest."""
        for task in (*self._accepting, *self._greeted):
            task.cancel()
        await asyncio.gather(*self._accepting, *self._greeted, return_exceptions=True)
        for each in self._sockets:
            each.close()
        self._http.pre_shutdown()
        await self._http.shutdown(seconds)

    @contextlib.contextmanager
    def busy(self, connection: Connection) -> Iterator[None]:
        """Keep the connection from being closed for those who only connect, within the block.

        Where more than half are being answered, the one that has been for longest leaves: an
        answer of ours is soon made, so that it is a reader who takes his time.
        """
        if len(self._busy) >= max(1, self._limit // 2):
            self._turn_out(next(iter(self._busy)))
        self._busy[connection] = None
        try:
            yield
        finally:
            self._busy.pop(connection, None)

    async def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, _ = await loop.sock_accept(listener)
            except OSError:
                await asyncio.sleep(self._pause_seconds)
                continue
            if not self._make_room():
                connection.close()
                continue
            self._begin_to_greet(connection)

    def _make_room(self) -> bool:
        inside = self._http.connections
        self._leaving.intersection_update(inside)
        if len(inside) - len(self._leaving) + len(self._greeted) < self._limit:
            return True
        idle = [each for each in inside if each not in self._busy and each not in self._leaving]
        if len(self._greeted) > len(idle):
            next(iter(self._greeted)).cancel()
        elif idle:
            self._turn_out(idle[0])
        else:
            return False
        return True

    def _turn_out(self, connection: Connection) -> None:
        self._busy.pop(connection, None)
        self._leaving.add(connection)
        dismiss(connection)

    def _begin_to_greet(self, connection: socket.socket) -> None:
        def end(greeting: "asyncio.Task[None]") -> None:
            self._greeted.pop(greeting, None)
            if greeting.cancelled():  # perhaps before it began
                connection.close()

        greeting = asyncio.create_task(self._greet(connection))
        self._greeted[greeting] = None
        greeting.add_done_callback(end)

    async def _greet(self, connection: socket.socket) -> None:
        """Hand the connection on, after its TLS handshake if there is one."""
        loop = asyncio.get_running_loop()
        secured = self._certificate is not None
        # A failed handshake is the client's affair.
        with contextlib.suppress(OSError):
            await loop.connect_accepted_socket(
                self._http,
                connection,
                ssl=self._certificate.context() if self._certificate is not None else None,
                ssl_handshake_timeout=self._handshake_seconds if secured else None,
                ssl_shutdown_timeout=GOODBYE_SECONDS if secured else None,
            )
