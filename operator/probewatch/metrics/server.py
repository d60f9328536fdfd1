"""The server of /metrics, /healthz and /readyz.

`start` raises SettingsError where the address or the certificate is no good, so that the
process ends before it does anything else. No request starts a thread: one thread
renders, and scrapes that come meanwhile share what it makes. A connection that
does not ask, or does not finish asking, is closed after ten seconds; of more than 64
connections the oldest idle one has to go, and of more than 32 that are being answered the
slowest, so that nobody can keep others out.
"""

import asyncio
import logging
from dataclasses import dataclass
from http import HTTPStatus
from typing import Self

from aiohttp import web

from probewatch.boundary import Boundary
from probewatch.metrics.answers import Answers, Gate, Health, Question, Reply, say
from probewatch.metrics.authorization import Authorizer
from probewatch.metrics.connections import Doorman, dismiss
from probewatch.metrics.exposition import Exposition
from probewatch.metrics.listening import listen, parse_address
from probewatch.metrics.rendering import Renderer
from probewatch.metrics.tls import Certificate
from probewatch.settings import Settings, variable_name

LONGEST_HEADER = 16 * 1024
"""Bytes of one header; tokens of large clusters are longer than the usual limit of 8 KiB."""

STOP_SECONDS = 2.0
"""Time for answers under way when the server stops."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerOptions:
    """Where and how it serves; durations in seconds."""

    address: str = ":8080"
    cert_file: str = ""
    key_file: str = ""
    """Both or neither."""
    idle_seconds: float = 10.0
    """Time for a request to arrive in full, and between two requests."""
    answer_seconds: float = 30.0
    """Time for a whole answer, rendering and a slow reader included."""
    connections: int = 64

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Return what the settings say."""
        return cls(
            address=settings.metrics_address,
            cert_file=settings.metrics_cert_file,
            key_file=settings.metrics_key_file,
        )


class MetricsServer:
    """Serves from `start` to `stop`."""

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
        self._doorman: Doorman | None = None

    async def start(self) -> None:
        """Listen and serve; raises SettingsError where that cannot be."""
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
        self._doorman = Doorman(
            http, certificate, limit=options.connections, handshake_seconds=options.idle_seconds
        )
        self._doorman.open(sockets)

    async def stop(self) -> None:
        """Stop listening, let answers under way end, close everything."""
        if self._doorman is not None:
            await self._doorman.close(STOP_SECONDS)
        self._renderer.close()

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        doorman = self._doorman
        assert doorman is not None  # noqa: S101  # there are no requests before `start`
        with doorman.busy(request.protocol):
            try:
                async with asyncio.timeout(self._options.answer_seconds):
                    return await self._answer(request)
            except TimeoutError:
                # A slow reader, or a rendering without an end: nothing can be said any more.
                dismiss(request.protocol)
                raise

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer and send here, so that the sending is bounded too."""
        reply = say(HTTPStatus.INTERNAL_SERVER_ERROR, "an error in probewatch itself")
        with self._boundary.guard("metrics server"):
            reply = await self._answers.find(
                Question(method=request.method, path=request.path, headers=request.headers)
            )
        return await _send(request, reply)


async def _send(request: web.BaseRequest, reply: Reply) -> web.StreamResponse:
    """Send a reply, piece by piece: one that is large is no burden to the event loop."""
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
    """Return where aiohttp reports what strangers send; errors of ours end at the boundary."""
    logger = logging.getLogger(f"{__name__}.strangers")
    logger.disabled = True
    return logger
