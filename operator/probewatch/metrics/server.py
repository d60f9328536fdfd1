"""The server of /metrics, /healthz and /readyz.

`start` raises SettingsError if the address or the certificate cannot be used, so that the
process ends before it does anything else. No request starts a thread: a single thread
renders, and concurrent scrapes share its result. A connection without a complete request is
closed after ten seconds. With more than 64 connections the oldest idle one is closed, and
with more than 32 requests under way the longest-running one, so that no client can lock out
others.
"""

import asyncio
import logging
from dataclasses import dataclass
from http import HTTPStatus
from typing import Self

from aiohttp import web

from probewatch.boundary import Boundary
from probewatch.metrics.answers import Answers, Gate, Health, Reply, Request, say
from probewatch.metrics.authorization import Authorizer
from probewatch.metrics.connections import Acceptor, abort
from probewatch.metrics.exposition import Exposition
from probewatch.metrics.listening import listen, parse_address
from probewatch.metrics.rendering import Renderer
from probewatch.metrics.tls import Certificate
from probewatch.settings import Settings, variable_name

LONGEST_HEADER = 16 * 1024
"""In bytes. Tokens of large clusters exceed aiohttp's default limit of 8 KiB."""

STOP_SECONDS = 2.0
"""Time for requests under way to finish when the server stops."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerOptions:
    """Address, certificate and limits; durations in seconds."""

    address: str = ":8080"
    cert_file: str = ""
    key_file: str = ""
    """Paths of certificate and key for HTTPS; both or neither."""
    idle_seconds: float = 10.0
    """Timeout for a complete request, and between two requests."""
    answer_seconds: float = 30.0
    """Timeout for a whole response, including rendering and a slow client."""
    connections: int = 64

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Return the options from the settings."""
        return cls(
            address=settings.metrics_address,
            cert_file=settings.metrics_cert_file,
            key_file=settings.metrics_key_file,
        )


class MetricsServer:
    """The HTTP server; runs from `start` to `stop`."""

    def __init__(
        self,
        *,
        exposition: Exposition,
        health: Health,
        gate: Gate,
        options: ServerOptions,
        authorizer: Authorizer | None,
        boundary: Boundary,
    ) -> None:
        self.port = 0
        """The port it listens on, once started."""
        self._renderer = Renderer(exposition)
        self._answers = Answers(
            renderer=self._renderer, health=health, gate=gate, authorizer=authorizer
        )
        self._options = options
        self._boundary = boundary
        self._acceptor: Acceptor | None = None

    async def start(self) -> None:
        """Listen and serve; raises SettingsError if that is impossible."""
        options, source = self._options, variable_name("metrics_address")
        address = parse_address(options.address, source=source)
        certificate = None
        if options.cert_file or options.key_file:
            certificate = Certificate(options.cert_file, options.key_file)
        sockets = listen(address, source=f"{source} or --metrics-address")
        self.port = sockets[0].getsockname()[1]
        http = web.Server(
            self._serve,
            keepalive_timeout=options.idle_seconds,
            lingering_time=0,
            max_field_size=LONGEST_HEADER,
            access_log=None,
            logger=_unheard(),
        )
        self._acceptor = Acceptor(
            http, certificate, limit=options.connections, handshake_seconds=options.idle_seconds
        )
        self._acceptor.open(sockets)

    async def stop(self) -> None:
        """Stop listening, let requests under way finish, and close everything."""
        if self._acceptor is not None:
            await self._acceptor.close(STOP_SECONDS)
        self._renderer.close()

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        acceptor = self._acceptor
        assert acceptor is not None  # noqa: S101  # there are no requests before `start`
        with acceptor.busy(request.protocol):
            try:
                async with asyncio.timeout(self._options.answer_seconds):
                    return await self._answer(request)
            except TimeoutError:
                # A slow client, or a rendering that hangs: it is too late for an error response.
                abort(request.protocol)
                raise

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Find the reply and send it here, so that the timeout includes sending."""
        reply = say(HTTPStatus.INTERNAL_SERVER_ERROR, "an error in probewatch itself")
        with self._boundary.guard("metrics server"):
            reply = await self._answers.find(
                Request(method=request.method, path=request.path, headers=request.headers)
            )
        return await _send(request, reply)


async def _send(request: web.BaseRequest, reply: Reply) -> web.StreamResponse:
    """Send a reply piece by piece, so that a large one does not block the event loop."""
    response = web.StreamResponse(status=reply.status, headers=reply.headers)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Server"] = "probewatch"
    if reply.body:
        response.content_length = sum(len(piece) for piece in reply.body)
    if request.body_exists:
        response.force_close()
    await response.prepare(request)
    for piece in () if request.method == "HEAD" else reply.body:
        await response.write(piece)
    await response.write_eof()
    return response


def _unheard() -> logging.Logger:
    """Return a disabled logger for aiohttp's reports of bad requests; our errors are logged."""
    logger = logging.getLogger(f"{__name__}.strangers")
    logger.disabled = True
    return logger
