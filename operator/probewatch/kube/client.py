"""The API client: one HTTP session for all requests, streams as well as single ones.

It adds what each request needs (credentials, TLS, a timeout), counts it, and reads the
credentials again when the server refuses them. It knows nothing of the objects: they are returned
as bytes, and each caller decodes the fields that it needs.
"""

import asyncio
import platform
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from importlib import metadata
from types import TracebackType
from typing import Self

import aiohttp
import msgspec

from probewatch.clock import Clock
from probewatch.errors import ApiError
from probewatch.kube.api_paths import find_subject
from probewatch.kube.faults import as_os_errors
from probewatch.kube.keepalive import open_socket
from probewatch.kube.login import Login
from probewatch.kube.reachability import Reachability
from probewatch.kube.responses import StreamedResponse, read_body
from probewatch.kube.waits import find_wait, with_wait

READ_BUFFER_BYTES = 512 * 1024
"""A page of 500 pods has 4 MB: reading it in small pieces would cost more than decoding it."""

CONNECT_SECONDS = 10.0

JSON = "application/json"

NO_ANSWER = "none"
"""Counted in place of a status code if there was no answer."""


@dataclass(slots=True, kw_only=True)
class ApiStats:
    """Statistics of the client; read by the metrics."""

    requests: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """By verb, resource and status code (`none` without an answer)."""
    is_refused: bool = False
    """Whether the last answer was a 401."""


class ApiClient:
    """Use it as an async context manager; the login must have been read before."""

    def __init__(self, login: Login, *, timeout_seconds: float, clock: Clock) -> None:
        self.stats = ApiStats()
        self.reachability = Reachability(clock)
        self._clock = clock
        self._login = login
        self._timeout = timeout_seconds
        self._session: aiohttp.ClientSession | None = None

    @property
    def server(self) -> str:
        """The API server's URL."""
        return self._login.access.server

    @property
    def namespace(self) -> str:
        """The default namespace of commands, as with kubectl."""
        return self._login.access.namespace or "default"

    async def __aenter__(self) -> Self:
        # No limit of connections: each watch holds one, and other requests are few anyway.
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, socket_factory=open_socket),
            cookie_jar=aiohttp.DummyCookieJar(),
            # In a cluster, gzip costs the server more than the network saves.
            headers={"Accept-Encoding": "identity", "User-Agent": _user_agent()},
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
            read_bufsize=READ_BUFFER_BYTES,
            trust_env=False,
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def request(
        self,
        verb: str,
        path: str,
        *,
        body: object | None = None,
        params: Mapping[str, str] | None = None,
        content_type: str = JSON,
        accept: str = JSON,
    ) -> tuple[int, bytes]:
        """Return status and body of the answer; raises ApiError without one.

        *verb* is the HTTP method. After a 401 the credentials are read again, and the request is
        sent once more if there are others. A GET answered with a Retry-After is repeated within
        the timeout; for a write that is left to the caller.
        """
        headers, data = {"Accept": accept}, None
        if body is not None:
            headers["Content-Type"] = content_type
            data = msgspec.json.encode(body)
        asked = _Request(method=verb, path=path, params=params or {}, headers=headers, data=data)
        version = self._login.version
        status, answer = await self._ask_as_told(asked)
        if status == HTTPStatus.UNAUTHORIZED:
            await self._login.renew(refused=version)
            if version != self._login.version:
                status, answer = await self._ask_as_told(asked)
        return status, answer

    @asynccontextmanager
    async def stream(
        self, path: str, params: Mapping[str, str], *, timeout_seconds: float
    ) -> AsyncIterator[StreamedResponse]:
        """Send a GET and yield the response; OSError if it does not begin in *timeout_seconds*.

        After a 401 the credentials are read again at the end, so that the next request has new
        ones; the response is closed before, because a plugin may take a minute.
        """
        asked = _Request(method="GET", path=path, params=params, headers={"Accept": JSON})
        version = self._login.version
        try:
            response = await self._send(asked, timeout_seconds)
        except OSError as error:
            # Callers of `request` report a missing answer themselves; a watch just goes on.
            self.reachability.failed(self.server, error)
            raise
        try:
            yield StreamedResponse(response)
        finally:
            # If the body was read to its end the connection is reused, else it is closed.
            response.release()
        if response.status == HTTPStatus.UNAUTHORIZED:
            await self._login.renew(refused=version)

    async def _ask_as_told(self, asked: "_Request") -> tuple[int, bytes]:
        end = self._clock.monotonic() + self._timeout
        while True:
            status, answer = await self._ask(asked)
            is_put_off = asked.method == "GET" and status >= HTTPStatus.BAD_REQUEST
            wait = find_wait(answer) if is_put_off else 0.0
            if not wait or self._clock.monotonic() + wait > end:
                return status, answer
            await self._clock.sleep(wait)

    async def _ask(self, asked: "_Request") -> tuple[int, bytes]:
        try:
            response = await self._send(asked, self._timeout)
            async with asyncio.timeout(self._timeout):
                body = await read_body(response)
            now = self._clock.now()
            return response.status, with_wait(response.status, response.headers, body, now=now)
        except TimeoutError as error:
            # The error does not tell whether connecting or the answer took too long.
            raise ApiError(f"the API server {self.server} did not answer in time") from error
        except OSError as error:
            raise ApiError(f"the API server {self.server} cannot be reached: {error}") from error

    async def _send(self, asked: "_Request", seconds: float) -> aiohttp.ClientResponse:
        """Return a response once its headers arrived; raises OSError if that takes too long."""
        subject = find_subject(asked.method, asked.path, asked.params)
        try:
            with as_os_errors():
                async with asyncio.timeout(seconds):
                    response = await self._begin(asked)
        except (OSError, asyncio.CancelledError):
            self.stats.requests[subject.verb, subject.resource, NO_ANSWER] += 1
            raise
        self.stats.requests[subject.verb, subject.resource, str(response.status)] += 1
        self.stats.is_refused = response.status == HTTPStatus.UNAUTHORIZED
        self.reachability.answered()
        return response

    async def _begin(self, asked: "_Request") -> aiohttp.ClientResponse:
        if self._session is None:
            raise ApiError("the API client is not open")
        access, tls = self._login.access, self._login.tls
        credentials = {"Authorization": access.authorization} if access.authorization else {}
        headers = {**asked.headers, **credentials}
        return await self._session.request(
            asked.method,
            access.server + asked.path,
            params=asked.params,
            data=asked.data,
            headers=[*headers.items(), *access.impersonation],
            ssl=True if tls is None else tls,
            server_hostname=access.tls_server_name or None,
            proxy=access.proxy or None,
            allow_redirects=False,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    """A request without its credentials."""

    method: str
    path: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    data: bytes | None = None


def _user_agent() -> str:
    """Return the User-Agent, by which an API server's logs identify probewatch."""
    try:
        version = metadata.version("probewatch")
    except metadata.PackageNotFoundError:  # run from source, not installed
        version = "dev"
    return f"probewatch/{version} (python {platform.python_version()})"
