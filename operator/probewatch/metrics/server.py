"""The server of /metrics, /healthz and /readyz.

It is put together like this; `start` raises SettingsError where the address or the
certificate is no good, so that the process ends before it does anything else::

    counters = Counters(clock=clock, series_limit=settings.metrics_series_limit)
    sources = Sources(
        store=store, counters=counters, boundary=boundary, clock=clock, version=VERSION,
        watches=[loop.stats for loop in loops], controller=controller.stats,
        queues={"findings": lambda: controller.unpublished, "events": lambda: recorder.queued},
        events=recorder.stats, api=client.stats.requests, kopf=supervisor.stats,
    )                                      # reports=…, leader=… where there are any
    server = MetricsServer(
        exposition=Exposition(sources),
        health=health,
        gate=health.find_unsynced,         # what is missing before /metrics may answer
        options=ServerOptions.from_settings(settings),
        authorizer=Authorizer(client, clock=clock) if settings.metrics_authorization else None,
        boundary=boundary,
    )
    await server.start()                   # listens; before anything is watched
    …
    await server.stop()                    # after the queues have drained

`counters` is one of the controller's sinks. No request starts a thread: one thread
renders, and scrapes that come meanwhile share what it makes. A connection that
does not ask, or does not finish asking, is closed after ten seconds; of more than 64
connections the oldest idle one has to go, so that nobody can keep others out.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol, Self

from aiohttp import web

from probewatch.boundary import Boundary
from probewatch.metrics.authorization import Authorizer, Verdict
from probewatch.metrics.connections import Doorman, dismiss
from probewatch.metrics.exposition import Exposition
from probewatch.metrics.listening import listen, parse_address
from probewatch.metrics.negotiation import negotiate
from probewatch.metrics.rendering import Renderer
from probewatch.metrics.tls import Certificate
from probewatch.settings import Settings, variable_name

METHODS = frozenset({"GET", "HEAD"})

LONGEST_HEADER = 16 * 1024
"""Bytes of one header; tokens of large clusters are longer than the usual limit of 8 KiB."""

STOP_SECONDS = 2.0
"""Time for answers under way when the server stops."""

Answer = Callable[[web.BaseRequest], Awaitable[web.Response]]
Gate = Callable[[], Sequence[str]]
"""Returns a sentence for each thing that is missing; none once /metrics may answer."""


class Health(Protocol):
    """Who knows whether this process is of any use."""

    def find_silence(self) -> Sequence[str]:
        """Return a sentence for each fault; none if alive."""
        ...

    def find_unsynced(self) -> Sequence[str]:
        """Return a sentence for each thing that is not complete; none if ready."""
        ...


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
        self._health = health
        self._gate = gate
        self._open = False
        self._options = options
        self._authorizer = authorizer
        self._boundary = boundary
        self._doorman: Doorman | None = None
        self._answers: Mapping[str, Answer] = {
            "/metrics": self._answer_metrics,
            "/healthz": self._answer_healthz,
            "/readyz": self._answer_readyz,
        }

    async def start(self) -> None:
        """Listen and serve; raises SettingsError where that cannot be."""
        options, source = self._options, variable_name("metrics_address")
        address = parse_address(options.address, source=source)
        certificate = None
        if options.cert_file or options.key_file:
            certificate = Certificate(options.cert_file, options.key_file)
        sockets = listen(address, source=source)
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

    async def _answer(self, request: web.BaseRequest) -> web.Response:
        """Answer and send here, so that the sending is bounded too."""
        response = _say(HTTPStatus.INTERNAL_SERVER_ERROR, "an error in probewatch itself")
        with self._boundary.guard("metrics server"):
            response = await self._find_answer(request)
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Server"] = "probewatch"
        if request.body_exists:
            response.force_close()
        await response.prepare(request)
        await response.write_eof()
        return response

    async def _find_answer(self, request: web.BaseRequest) -> web.Response:
        answer = self._answers.get(request.path)
        if answer is None:
            return _say(HTTPStatus.NOT_FOUND, "there are /metrics, /healthz and /readyz")
        if request.method not in METHODS:
            refusal = _say(HTTPStatus.METHOD_NOT_ALLOWED, "only GET and HEAD")
            refusal.headers["Allow"] = "GET, HEAD"
            return refusal
        return await answer(request)

    async def _answer_healthz(self, _request: web.BaseRequest) -> web.Response:
        return _report(self._health.find_silence())

    async def _answer_readyz(self, _request: web.BaseRequest) -> web.Response:
        return _report(self._health.find_unsynced())

    async def _answer_metrics(self, request: web.BaseRequest) -> web.Response:
        refusal = await self._refuse(request) or self._wait_for_gate()
        if refusal is not None:
            return refusal
        wanted = negotiate(
            request.headers.get("Accept", ""), request.headers.get("Accept-Encoding", "")
        )
        headers = {"Content-Type": wanted.content_type, "Vary": "Accept, Accept-Encoding"}
        if wanted.gzip:
            headers["Content-Encoding"] = "gzip"
        body = await self._renderer.render(wanted) if request.method == "GET" else b""
        return web.Response(body=body, headers=headers)

    async def _refuse(self, request: web.BaseRequest) -> web.Response | None:
        if self._authorizer is None:
            return None
        verdict = await self._authorizer.judge(request.headers.get("Authorization", ""))
        if verdict is Verdict.ALLOWED:
            return None
        refusal = _say(verdict.value, _REFUSALS[verdict])
        if verdict is Verdict.UNKNOWN:
            refusal.headers["WWW-Authenticate"] = 'Bearer realm="probewatch"'
        return refusal

    def _wait_for_gate(self) -> web.Response | None:
        """Return why there is no answer yet; once open, the gate stays open.

        Counters go on from where they stood only when all is loaded. A list that
        is repeated later takes nothing away from that.
        """
        missing = () if self._open else self._gate()
        self._open = not missing
        return _report(missing) if missing else None


_REFUSALS: Mapping[Verdict, str] = {
    Verdict.UNKNOWN: "a bearer token that the cluster knows is needed",
    Verdict.FORBIDDEN: "this user may not get the non-resource URL /metrics",
    Verdict.UNCHECKED: "the API server cannot be asked who this is",
}


def _unheard() -> logging.Logger:
    """Return where aiohttp reports what strangers send; errors of ours end at the boundary."""
    logger = logging.getLogger(f"{__name__}.strangers")
    logger.disabled = True
    return logger


def _say(status: HTTPStatus, *lines: str) -> web.Response:
    text = "".join(f"{line}\n" for line in lines)
    return web.Response(
        status=status, body=text.encode(), headers={"Content-Type": "text/plain; charset=utf-8"}
    )


def _report(faults: Sequence[str]) -> web.Response:
    if not faults:
        return _say(HTTPStatus.OK, "ok")
    return _say(HTTPStatus.SERVICE_UNAVAILABLE, *faults)
