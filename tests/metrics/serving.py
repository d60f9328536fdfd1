"""A metrics server on loopback, and ways to send it requests."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import aiohttp

from probewatch.metrics.authorization import Authorizer
from probewatch.metrics.server import MetricsServer, ServerOptions
from tests.metrics.scene import Scene

LOOPBACK = ServerOptions(address="127.0.0.1:0")
LIMIT_SECONDS = 20.0
"""The longest that a test waits for an answer."""


@dataclass
class FakeHealth:
    """Reports the given faults."""

    silence: Sequence[str] = ()
    unsynced: Sequence[str] = ()

    def find_silence(self) -> Sequence[str]:
        return self.silence

    def find_unsynced(self) -> Sequence[str]:
        return self.unsynced


@dataclass
class Served:
    """A metrics server with its fakes."""

    scene: Scene = field(default_factory=Scene)
    health: FakeHealth = field(default_factory=FakeHealth)
    missing: list[str] = field(default_factory=list)
    options: ServerOptions = LOOPBACK
    authorizer: Authorizer | None = None

    def __post_init__(self) -> None:
        self.server = MetricsServer(
            exposition=self.scene.exposition,
            health=self.health,
            gate=lambda: tuple(self.missing),
            options=self.options,
            authorizer=self.authorizer,
            boundary=self.scene.boundary,
        )

    async def ask(
        self, path: str, *, method: str = "GET", headers: Mapping[str, str] | None = None
    ) -> "Answer":
        """Send one request over its own connection, without decompression or redirects."""
        async with (
            asyncio.timeout(LIMIT_SECONDS),
            aiohttp.ClientSession(auto_decompress=False) as session,
            session.request(
                method,
                f"http://127.0.0.1:{self.server.port}{path}",
                headers={"Accept-Encoding": "identity", **(headers or {})},
                allow_redirects=False,
            ) as response,
        ):
            return Answer(response.status, dict(response.headers), await response.read())


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


@asynccontextmanager
async def serving(served: Served | None = None, **options: object) -> AsyncIterator[Served]:
    """Run a metrics server; *options* override those of ServerOptions."""
    served = served or Served(options=replace(LOOPBACK, **options))  # type: ignore[arg-type]  # by name
    await served.server.start()
    try:
        yield served
    finally:
        await served.server.stop()


@asynccontextmanager
async def connecting(
    served: Served,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A raw connection, for requests that no client library would send."""
    async with asyncio.timeout(LIMIT_SECONDS):
        reader, writer = await asyncio.open_connection("127.0.0.1", served.server.port)
        try:
            yield reader, writer
        finally:
            writer.close()
