"""The playground's API server: the registry of objects over HTTP, on loopback.

server = ApiServer(Registry())
await server.start()
server.write_kubeconfig(path)
…
await server.stop()
"""

import asyncio
from pathlib import Path

from aiohttp import web

from probewatch.playground.api.accounts import Accounts
from probewatch.playground.api.answers import answer_error
from probewatch.playground.api.audit import Audit
from probewatch.playground.api.certificate import make_certificate, shared_certificate
from probewatch.playground.api.dispatch import Api
from probewatch.playground.api.fault_plan import Faults
from probewatch.playground.api.kubeconfig import render_kubeconfig, write_private
from probewatch.playground.api.objects import ObjectRequests
from probewatch.playground.api.openapi import Documents
from probewatch.playground.api.pods import PodRequests
from probewatch.playground.api.receiving import receive
from probewatch.playground.api.requests import Request
from probewatch.playground.api.reviews import Reviews
from probewatch.playground.api.rights import Rights
from probewatch.playground.api.roles import create_roles
from probewatch.playground.api.scale import ScaleRequests
from probewatch.playground.api.schemas import load_schemas
from probewatch.playground.api.sending import rewritten, send, send_badly
from probewatch.playground.api.tables import Tables
from probewatch.playground.api.users import Tokens
from probewatch.playground.api.validation import load_fields
from probewatch.playground.api.writes import Writer
from probewatch.playground.objects.definitions import DefinitionKeeper
from probewatch.playground.objects.namespaces import NamespaceKeeper
from probewatch.playground.objects.owners import OwnerCollector
from probewatch.playground.objects.registry import Registry
from probewatch.playground.objects.status import StatusError
from probewatch.playground.objects.types import ResourceType

HOST = "127.0.0.1"


class ApiServer:
    """Serves a registry; `url`, `tokens`, `audit` and `faults` are for its callers."""

    def __init__(
        self, registry: Registry | None = None, *, port: int = 0, bookmark_seconds: float = 60.0
    ) -> None:
        self.registry = registry or Registry()
        OwnerCollector(self.registry)
        NamespaceKeeper(self.registry)
        self.faults = Faults()
        create_roles(self.registry)
        self.tokens = Tokens(self.registry.clock.now)
        self.accounts = Accounts(self.registry, self.tokens)
        self.pods = PodRequests(self.registry)
        self._definitions = DefinitionKeeper(self.registry)
        self._documents = Documents(self.registry.types, lambda: self._definitions.versions)
        self._api = self._assemble(bookmark_seconds)
        self._loaded: set[ResourceType] = set()
        """The resources whose schemas have been loaded."""
        self._ports = (0, port)
        self._server: web.Server | None = None
        self._runner: web.ServerRunner | None = None
        self._certificate = shared_certificate()
        # As after a restart of a server: earlier changes cannot be watched.
        self.registry.store.compact()

    def _assemble(self, bookmark_seconds: float) -> Api:
        registry, rights = self.registry, Rights(self.registry.store)
        tables = Tables(registry.clock.now)
        self._definitions.on_change.append(lambda: tables.learn(self._definitions.versions))
        writer = Writer(registry, lambda: self._definitions.versions)
        reviews, scales = Reviews(self.tokens, rights), ScaleRequests(registry, writer)
        questions = {
            (type_.qualified, ""): reviews.answer for type_ in registry.types if type_.is_review
        }
        objects = ObjectRequests(
            registry,
            tables.make,
            writer=writer,
            bookmark_seconds=bookmark_seconds,
        )
        return Api(
            registry,
            objects,
            tokens=self.tokens,
            rights=rights,
            specials={
                **questions,
                ("*", "scale"): scales.answer,
                ("pods", "binding"): self.pods.answer_binding,
                ("pods", "eviction"): self.pods.answer_eviction,
                ("pods", "log"): self.pods.answer_log,
                ("serviceaccounts", "token"): self.accounts.answer,
            },
            documents=self._documents.answer,
        )

    @property
    def audit(self) -> Audit:
        """The audit log: who requested what."""
        return self._api.audit

    @property
    def url(self) -> str:
        """The URL without TLS."""
        return f"http://{HOST}:{self._ports[0]}"

    @property
    def secure_url(self) -> str:
        """The URL with TLS, without which kubectl does not send its token."""
        return f"https://{HOST}:{self._ports[1]}"

    @property
    def authority(self) -> str:
        """The certificate to trust, as PEM."""
        return self._certificate.certificate

    def write_kubeconfig(self, path: Path, *, token: str = "", namespace: str = "default") -> None:
        """Write a kubeconfig with *token*, by default that of a user who may do everything."""
        text = render_kubeconfig(
            self.secure_url,
            token or self.tokens.admin,
            authority=self.authority,
            namespace=namespace,
        )
        write_private(path, text)

    def renew_certificate(self) -> None:
        """Use a new certificate from the next start on, which clients do not trust yet."""
        self._certificate = make_certificate()

    async def start(self) -> None:
        """Start serving; raises OSError if the port is in use."""
        self._server = web.Server(self._serve, handler_cancellation=True, access_log=None)
        self._runner = web.ServerRunner(self._server, handle_signals=False, shutdown_timeout=0.1)
        await self._runner.setup()
        contexts = (None, self._certificate.server_context())
        for port, context in zip(self._ports, contexts, strict=True):
            await web.TCPSite(self._runner, HOST, port, ssl_context=context).start()
        plain, secure = (address[1] for address in self._runner.addresses)
        self._ports = (plain, secure)

    async def stop(self) -> None:
        """Close all connections and stop serving; a later `start` uses the same ports."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _prepare(self, request: Request) -> None:
        """Load schemas that the request needs in a thread: it takes long, and must not block."""
        if models := self._documents.find_models(request):
            await asyncio.to_thread(load_schemas, models)
        elif request.verb in {"create", "update", "patch"}:
            type_ = self.registry.types.find(request.group, request.version, request.resource)
            if type_ is not None and type_ not in self._loaded:
                await asyncio.to_thread(load_fields, type_)
                self._loaded.add(type_)

    def drop_connections(self) -> None:
        """Abort all connections, as when a server is replaced; new ones are accepted."""
        if self._server is not None:
            for connection in list(self._server.connections):
                if connection.transport is not None:
                    connection.transport.abort()

    async def _serve(self, raw: web.BaseRequest) -> web.StreamResponse:
        try:
            request = await receive(raw)
        except StatusError as error:
            return await send(raw, answer_error(error))
        await self._prepare(request)
        faults = self.faults.strike(request)
        if not faults:
            return await send(raw, self._api.answer(request))
        sleep, changed = self.registry.clock.sleep, rewritten(request, faults)
        return await send_badly(raw, lambda: self._api.answer(changed), faults, sleep=sleep)
