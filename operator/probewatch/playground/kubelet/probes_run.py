"""Runs probes over HTTP, over TCP or by a command, with the error texts of Go's libraries."""

import asyncio
import errno
import functools
import socket
import ssl
from urllib.parse import urljoin, urlsplit

import aiohttp

from probewatch.clock import Clock
from probewatch.playground.kubelet.containers import Process
from probewatch.playground.kubelet.probes import (
    Exec,
    HttpGet,
    Outcome,
    ProbeSpec,
    Result,
    Sleep,
    TcpSocket,
    Unsupported,
)

USER_AGENT = "kube-probe/1.36"
BODY_LIMIT = 10 << 10
"""The bytes of a response body that are read."""
REDIRECTS = 10
SHORTEST_TIMEOUT_SECONDS = 0.5
"""In real time: a faster clock does not make this machine faster."""
IN_TIME = "context deadline exceeded"
SUCCESSES = range(200, 400)
REDIRECTIONS = range(300, 400)


class NetworkProber:
    """Runs probes over this machine's network; timeouts are divided by the clock's *speed*."""

    def __init__(self, clock: Clock, *, speed: float = 1.0) -> None:
        self._clock = clock
        self._speed = speed

    async def probe(self, spec: ProbeSpec, *, address: str, process: Process | None) -> Outcome:
        """Run the probe *spec* once against the container at *address*."""
        seconds = max(spec.timeout / self._speed, SHORTEST_TIMEOUT_SECONDS)
        match spec.action:
            case HttpGet() as action:
                return await _get(action, action.host or address, seconds)
            case TcpSocket(port=port, host=host):
                return await _connect(host or address, port, seconds)
            case Exec(command=command) if process:
                return await process.execute(command, seconds * self._speed)
            case Exec():
                return Outcome(result=Result.ERROR, output="the container is not running")
            case Sleep() | Unsupported() as action:
                text = f"the playground cannot run {type(action).__name__} probes"
                if isinstance(action, Unsupported):
                    text = f"the playground cannot run {action.name} probes"
                return Outcome(result=Result.WARNING, output=f"{text}: counted as success")


async def _connect(host: str, port: int, seconds: float) -> Outcome:
    try:
        async with asyncio.timeout(seconds):
            _, writer = await asyncio.open_connection(host, port)
    except TimeoutError:
        return _failure(f"dial tcp {host}:{port}: i/o timeout")
    except OSError as error:
        return _failure(f"dial tcp {host}:{port}: connect: {_go_error(error)}")
    writer.close()
    return Outcome(result=Result.SUCCESS)


async def _get(action: HttpGet, host: str, seconds: float) -> Outcome:
    url = f"{action.scheme}://{host}:{action.port}{action.path}"
    local = _Local()
    connector = aiohttp.TCPConnector(ssl=_trust_all(), socket_factory=local.make, force_close=True)
    timeout = aiohttp.ClientTimeout(total=seconds)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        try:
            return await _follow(session, url, headers=_headers(action))
        except aiohttp.ClientPayloadError as error:
            return Outcome(result=Result.ERROR, output=str(error))
        except TimeoutError:
            text = f"{IN_TIME} (Client.Timeout exceeded while awaiting headers)"
            return _failure(f'Get "{url}": {text}')
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return _failure(f'Get "{url}": {_go_text(error, f"{host}:{action.port}", local)}')


async def _follow(session: aiohttp.ClientSession, url: str, *, headers: dict[str, str]) -> Outcome:
    """Get *url*, following redirects as long as they stay on the same host."""
    host = urlsplit(url).hostname
    for _ in range(REDIRECTS):
        async with session.get(url, headers=headers, allow_redirects=False) as response:
            target = urljoin(url, response.headers.get("Location", ""))
            if response.status not in REDIRECTIONS or "Location" not in response.headers:
                return await _judge(response)
            if urlsplit(target).hostname != host:
                body = await _body(response)
                text = f"Probe terminated redirects, Response body: {body}"
                return Outcome(result=Result.WARNING, output=text)
            url = target
    return _failure(f'Get "{url}": stopped after {REDIRECTS} redirects')


async def _judge(response: aiohttp.ClientResponse) -> Outcome:
    try:
        body = await _body(response)
    except TimeoutError:
        # Not counted as a failure: a server whose response never ends is never unhealthy.
        text = f"{IN_TIME} (Client.Timeout or context cancellation while reading body)"
        return Outcome(result=Result.ERROR, output=text)
    if response.status in SUCCESSES:
        return Outcome(result=Result.SUCCESS, output=body)
    return _failure(f"HTTP probe failed with statuscode: {response.status}")


async def _body(response: aiohttp.ClientResponse) -> str:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) >= BODY_LIMIT:
            break
    return body[:BODY_LIMIT].decode(errors="replace")


def _headers(action: HttpGet) -> dict[str, str]:
    headers = {"User-Agent": USER_AGENT, "Accept": "*/*", "Connection": "close"}
    return headers | dict(action.headers)


class _Local:
    """Remembers the local address of a connection, which Go's errors name."""

    def __init__(self) -> None:
        self.name = "127.0.0.1:0"

    def make(self, info: aiohttp.AddrInfoType) -> socket.socket:
        """Return a socket that is bound before it connects, so that its port is known."""
        family, type_, protocol, _, _ = info
        made = socket.socket(family, type_, protocol)
        made.settimeout(0)
        if family == socket.AF_INET:
            made.bind(("", 0))
            self.name = f"127.0.0.1:{made.getsockname()[1]}"
        return made


def _go_text(error: Exception, far: str, local: _Local) -> str:
    match error:
        case aiohttp.ClientConnectorError():
            return f"dial tcp {far}: connect: {_go_error(error.os_error)}"
        case aiohttp.ServerDisconnectedError():
            return "EOF"
        case OSError():
            return f"read tcp {local.name}->{far}: read: {_go_error(error)}"
        case _:
            return str(error) or type(error).__name__


def _go_error(error: OSError) -> str:
    """Return the system's text for an error as Go prints it, in lower case."""
    if error.errno is None:
        return str(error)
    known = {errno.ECONNREFUSED: "connection refused", errno.ECONNRESET: "connection reset by peer"}
    return known.get(error.errno) or (error.strerror or str(error)).lower()


def _failure(output: str) -> Outcome:
    return Outcome(result=Result.FAILURE, output=output)


@functools.cache
def _trust_all() -> ssl.SSLContext:
    """Return a context that does not verify certificates, as in the kubelet's HTTPS probes."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
