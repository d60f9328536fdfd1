"""The playground's API server: the registry of objects over HTTP, on loopback.

server = ApiServer(Registry())
await server.start()
server.write_kubeconfig(path)
…
await server.stop()
"""

from pathlib import Path

from aiohttp import web

from probewatch.playground.api_audit import Audit
from probewatch.playground.api_certificate import make_certificate
from probewatch.playground.api_dispatch import Api
from probewatch.playground.api_faults import Faults
from probewatch.playground.api_kubeconfig import render_kubeconfig, write_private
from probewatch.playground.api_objects import ObjectRequests
from probewatch.playground.api_requests import parse_request
from probewatch.playground.api_sending import send, send_badly
from probewatch.playground.api_tables import Tables
from probewatch.playground.api_users import Tokens
from probewatch.playground.objects_namespaces import NamespaceKeeper
from probewatch.playground.objects_owners import OwnerCollector
from probewatch.playground.objects_registry import Registry

LARGEST_BODY = 3 * 1024 * 1024
"""The server's own limit on what is written to it."""
HOST = "127.0.0.1"


class ApiServer:
    """Serves a registry; `url`, `tokens`, `audit` and `faults` are for its users."""

    def __init__(
        self, registry: Registry | None = None, *, port: int = 0, bookmark_seconds: float = 60.0
    ) -> None:
        self.registry = registry or Registry()
        OwnerCollector(self.registry)
        NamespaceKeeper(self.registry)
        self.faults = Faults()
        self.tokens = Tokens(self.registry.clock.now)
        self._tables = Tables(self.registry.clock.now)
        objects = ObjectRequests(
            self.registry, self._tables.make, bookmark_seconds=bookmark_seconds
        )
        self._api = Api(
            self.registry,
            objects,
            tokens=self.tokens,
            specials={},
            documents=lambda _request: None,
        )
        self._ports = (0, port)
        self._runner: web.ServerRunner | None = None
        self._certificate = make_certificate()

    @property
    def audit(self) -> Audit:
        """Who asked for what."""
        return self._api.audit

    @property
    def url(self) -> str:
        """Where it is served without TLS."""
        return f"http://{HOST}:{self._ports[0]}"

    @property
    def secure_url(self) -> str:
        """Where it is served with TLS, which kubectl needs to send its token."""
        return f"https://{HOST}:{self._ports[1]}"

    @property
    def authority(self) -> str:
        """The certificate to trust, as PEM."""
        return self._certificate.certificate

    def write_kubeconfig(self, path: Path, *, token: str = "", namespace: str = "default") -> None:
        """Write a kubeconfig for *token*, or for somebody who may do everything."""
        text = render_kubeconfig(
            self.secure_url,
            token or self.tokens.admin,
            authority=self.authority,
            namespace=namespace,
        )
        write_private(path, text)

    async def start(self) -> None:
        """Begin to serve.

        Raises: OSError, if the port is taken.
        """
        server = web.Server(self._serve, handler_cancellation=True, access_log=None)
        self._runner = web.ServerRunner(server, handle_signals=False, shutdown_timeout=0.1)
        await self._runner.setup()
        contexts = (None, self._certificate.server_context())
        for port, context in zip(self._ports, contexts, strict=True):
            await web.TCPSite(self._runner, HOST, port, ssl_context=context).start()
        plain, secure = (address[1] for address in self._runner.addresses)
        self._ports = (plain, secure)

    async def stop(self) -> None:
        """Cut all connections and serve no more; `start` then serves at the same port."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _serve(self, raw: web.BaseRequest) -> web.StreamResponse:
        request = parse_request(
            raw.method,
            raw.rel_url.raw_path,
            raw.query,
            headers=raw.headers,
            body=await raw.read() if raw.body_exists else b"",
        )
        faults = self.faults.strike(request)
        if not faults:
            return await send(raw, self._api.answer(request))
        sleep = self.registry.clock.sleep
        return await send_badly(raw, lambda: self._api.answer(request), faults, sleep=sleep)
