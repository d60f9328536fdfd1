"""Answers: the reply to each HTTP request; `server.py` sends it.

/healthz and /readyz are for the kubelet and open to everybody. /metrics can require
authorization, and answers 503 until the counters are restored.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Protocol

from probewatch.metrics.authorization import Authorizer, Verdict
from probewatch.metrics.negotiation import negotiate
from probewatch.metrics.rendering import Renderer

METHODS = frozenset({"GET", "HEAD"})

Gate = Callable[[], Sequence[str]]
"""Returns a sentence for each thing that is still missing; none once /metrics may answer."""


class Health(Protocol):
    """Judges the health of this process."""

    def find_silence(self) -> Sequence[str]:
        """Return a sentence for each fault; none if live."""
        ...

    def find_unsynced(self) -> Sequence[str]:
        """Return a sentence for each thing that is not complete; none if ready."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request."""

    method: str
    path: str
    headers: Mapping[str, str]
    """Names are case-insensitive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A response."""

    status: HTTPStatus
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Sequence[bytes] = ()
    """In pieces that are sent one by one."""


class Answers:
    """Finds the reply to a request."""

    def __init__(
        self, *, renderer: Renderer, health: Health, gate: Gate, authorizer: Authorizer | None
    ) -> None:
        self._renderer = renderer
        self._health = health
        self._gate = gate
        self._open = False
        self._authorizer = authorizer
        self._paths: Mapping[str, Callable[[Request], Awaitable[Reply]]] = {
            "/metrics": self._metrics,
            "/healthz": self._healthz,
            "/readyz": self._readyz,
        }

    async def find(self, request: Request) -> Reply:
        """Return the reply; no request makes it raise."""
        answer = self._paths.get(request.path)
        if answer is None:
            return say(HTTPStatus.NOT_FOUND, "there are /metrics, /healthz and /readyz")
        if request.method not in METHODS:
            return say(HTTPStatus.METHOD_NOT_ALLOWED, "only GET and HEAD", Allow="GET, HEAD")
        return await answer(request)

    async def _healthz(self, _request: Request) -> Reply:
        return _report(self._health.find_silence())

    async def _readyz(self, _request: Request) -> Reply:
        return _report(self._health.find_unsynced())

    async def _metrics(self, request: Request) -> Reply:
        refusal = await self._refuse(request) or self._wait_for_gate()
        if refusal is not None:
            return refusal
        asked = request.headers
        wanted = negotiate(asked.get("Accept", ""), asked.get("Accept-Encoding", ""))
        headers = {"Content-Type": wanted.content_type, "Vary": "Accept, Accept-Encoding"}
        if wanted.gzip:
            headers["Content-Encoding"] = "gzip"
        body = await self._renderer.render(wanted) if request.method == "GET" else ()
        return Reply(status=HTTPStatus.OK, headers=headers, body=body)

    async def _refuse(self, request: Request) -> Reply | None:
        if self._authorizer is None:
            return None
        verdict = await self._authorizer.judge(request.headers.get("Authorization", ""))
        if verdict is Verdict.ALLOWED:
            return None
        challenge = {"WWW-Authenticate": 'Bearer realm="probewatch"'}
        return say(
            verdict.value, _REFUSALS[verdict], **(challenge if verdict is Verdict.UNKNOWN else {})
        )

    def _wait_for_gate(self) -> Reply | None:
        """Return the reply while the gate is closed; once open, it stays open.

        Counters are complete only after everything is loaded. A relist later on does not
        change that.
        """
        missing = () if self._open else self._gate()
        self._open = not missing
        return _report(missing) if missing else None


_REFUSALS: Mapping[Verdict, str] = {
    Verdict.UNKNOWN: "a bearer token that the cluster knows is needed",
    Verdict.FORBIDDEN: "this user may not get the non-resource URL /metrics",
    Verdict.UNCHECKED: "the API server cannot be asked who this is",
}


def say(status: HTTPStatus, *lines: str, **headers: str) -> Reply:
    """Return a plain text reply."""
    text = "".join(f"{line}\n" for line in lines)
    return Reply(
        status=status,
        headers={"Content-Type": "text/plain; charset=utf-8", **headers},
        body=(text.encode(),),
    )


def _report(faults: Sequence[str]) -> Reply:
    if not faults:
        return say(HTTPStatus.OK, "ok")
    return say(HTTPStatus.SERVICE_UNAVAILABLE, *faults)
