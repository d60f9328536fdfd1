"""Reads the probe counters of one kubelet, directly, which needs the right `nodes/metrics`.

The API server's proxy is never used: the right for it, `nodes/proxy`, allows running commands in
every container of the node. Nothing is sent to a kubelet whose certificate is not trusted, since
the request contains our credentials.
"""

import asyncio
import ssl
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

import aiohttp
import msgspec

from probewatch.errors import ApiError
from probewatch.kube.api_paths import find_path
from probewatch.kube.faults import as_os_errors
from probewatch.kube.kubelet_metrics import NodeCounters, parse_counters
from probewatch.kube.objects import BROKEN

PATH = "/metrics/probes"
DEFAULT_PORT = 10_250
ANSWER_CAP_BYTES = 16 * 1024 * 1024
"""Far above what is expected: 250 pods with ten probes each take 2 MB."""


class Requester(Protocol):
    """The one thing needed of an API client."""

    async def request(self, verb: str, path: str) -> tuple[int, bytes]:
        """Return status and body of the answer; raises ApiError without one."""
        ...


class Authorization(Protocol):
    """Returns our current credentials."""

    def __call__(self) -> str:
        """Return the value of the Authorization header; empty without one."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class KubeletOptions:
    """How to reach kubelets."""

    timeout_seconds: float = 10.0
    ca_file: str = ""
    """PEM file of the CA that signs the kubelets' certificates; empty for the system's CAs."""
    scheme: str = "https"


class _Address(msgspec.Struct):
    type: str = ""
    address: str = ""


class _Endpoint(msgspec.Struct):
    port: int = msgspec.field(name="Port", default=DEFAULT_PORT)


class _Daemons(msgspec.Struct, rename="camel"):
    kubelet_endpoint: _Endpoint = msgspec.field(default_factory=_Endpoint)


class _Status(msgspec.Struct, rename="camel"):
    addresses: list[_Address] = msgspec.field(default_factory=list)
    daemon_endpoints: _Daemons = msgspec.field(default_factory=_Daemons)


class _Node(msgspec.Struct):
    status: _Status = msgspec.field(default_factory=_Status)


class KubeletClient:
    """Reads the counters of nodes; every failure is an ApiError with a message of one line."""

    def __init__(
        self, *, requester: Requester, authorization: Authorization, options: KubeletOptions
    ) -> None:
        self._requester = requester
        self._authorization = authorization
        self._options = options

    async def read(self, node: str) -> NodeCounters:
        """Return the counters of a node's kubelet; raises ApiError."""
        url = await self._find(node)
        try:
            with as_os_errors():
                async with asyncio.timeout(self._options.timeout_seconds):
                    status, text = await self._get(url)
        except OSError as error:
            raise ApiError(f"the kubelet of {node} cannot be reached: {error}") from error
        if status != HTTPStatus.OK:
            raise ApiError(f"the kubelet of {node} answered {status}")
        counters = parse_counters(text)
        if counters is None:
            raise ApiError(f"the kubelet of {node} does not say when it started")
        return counters

    async def _find(self, node: str) -> str:
        status, body = await self._requester.request("GET", find_path("v1", "nodes", None, node))
        if status != HTTPStatus.OK:
            raise ApiError(f"the node {node} cannot be read: the API server answered {status}")
        try:
            found = msgspec.json.decode(body, type=_Node).status
        except BROKEN as error:
            raise ApiError(f"the node {node} is not readable: {error}") from error
        address = next((each.address for each in found.addresses if each.type == "InternalIP"), "")
        if not address:
            raise ApiError(f"the node {node} has no internal address")
        host = f"[{address}]" if ":" in address else address
        return (
            f"{self._options.scheme}://{host}:{found.daemon_endpoints.kubelet_endpoint.port}{PATH}"
        )

    async def _get(self, url: str) -> tuple[int, bytes]:
        headers = {"Accept": "text/plain"}
        if authorization := self._authorization():
            headers["Authorization"] = authorization
        async with (
            aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), trust_env=False) as session,
            session.get(url, headers=headers, ssl=self._tls(), allow_redirects=False) as response,
        ):
            body = bytearray()
            async for chunk in response.content.iter_any():
                body += chunk
                if len(body) > ANSWER_CAP_BYTES:
                    raise ConnectionError("its answer is too long")
            return response.status, bytes(body)

    def _tls(self) -> ssl.SSLContext | bool:
        if self._options.scheme != "https":
            return True
        try:
            context = ssl.create_default_context(cafile=self._options.ca_file or None)
        except OSError as error:
            raise ConnectionError(f"{self._options.ca_file}: {error}") from error
        # As for the API server: client-go does not require extensions that many cluster CAs lack.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        return context
