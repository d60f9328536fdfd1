"""A watch loop whose handler mirrors the fault server, in virtual time."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import msgspec

from probewatch.clock import Clock
from probewatch.kube.access import Access
from probewatch.kube.client import ApiClient
from probewatch.kube.login import Login
from probewatch.watch.decoding import Decoder
from probewatch.watch.loop import WatchLoop
from probewatch.watch.transport import Surroundings, WatchOptions, WatchStats, WatchTarget
from tests.watch.fault_server import Fault, FaultServer, Truth


class ThingMetadata(msgspec.Struct, rename="camel"):
    """The `metadata` of a thing."""

    name: str
    uid: str
    resource_version: str


class Thing(msgspec.Struct):
    """An object of the fault server."""

    metadata: ThingMetadata


@dataclass
class Mirror:
    """A handler that holds the things it was told of, as a store does."""

    things: dict[str, int] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    lost: int = 0
    """The newest known version of a thing that the list shows in an older one."""
    _seen: set[str] = field(default_factory=set)

    def listing(self) -> None:
        self._seen = set()

    def listed(self, raws: Sequence[Thing]) -> None:
        for raw in raws:
            self._seen.add(raw.metadata.name)
            self.changed("ADDED", raw)

    def synced(self, version: str) -> None:
        self.told.append(f"synced {version}")
        for name in self.things.keys() - self._seen:
            del self.things[name]

    def newest_lost(self) -> int:
        return self.lost

    def changed(self, kind: str, raw: Thing) -> None:
        meta = raw.metadata
        if int(meta.resource_version) > self.things.get(meta.name, 0):
            self.things[meta.name] = int(meta.resource_version)
            self.told.append(f"{kind} {meta.name}")

    def deleted(self, raw: Thing) -> None:
        self.told.append(f"DELETED {raw.metadata.name}")
        self.things.pop(raw.metadata.name, None)


@dataclass
class Tokens:
    """Credentials that return a new token after so many refusals."""

    server: str
    renewed_after: float = float("inf")
    refusals: int = 0

    async def read(self, *, refused: bool) -> Access:
        self.refusals += refused
        token = "new" if self.refusals >= self.renewed_after else "old"
        return Access(server=self.server, authorization=f"Bearer {token}", where="test")


@dataclass
class Scene:
    """The server, the mirror, and the loop between them."""

    server: FaultServer
    mirror: Mirror
    stats: WatchStats
    task: "asyncio.Task[object]"

    @property
    def now(self) -> float:
        """The virtual time in seconds."""
        return asyncio.get_running_loop().time()

    async def until(self, is_so: Callable[[], bool], limit: float) -> float:
        """Wait until a condition holds; returns how many virtual seconds that took."""
        begun = self.now
        while not is_so():
            assert not self.task.done(), f"the loop has ended: {self.task}"
            assert self.now - begun <= limit, f"not so after {limit} s: {self.mirror.told}"
            await asyncio.sleep(max(0.05, limit / 400))
        return self.now - begun

    async def agrees(self, limit: float) -> float:
        """Wait until the mirror equals the truth."""
        return await self.until(lambda: self.mirror.things == self.server.truth.things, limit)


@asynccontextmanager
async def watching(
    server: FaultServer, *, options: WatchOptions | None = None, renewed_after: float = 1
) -> AsyncIterator[Scene]:
    """Run a watch loop against the server."""
    loop = asyncio.get_running_loop()
    clock = Clock(now=lambda: 1e9 + loop.time(), monotonic=loop.time, sleep=asyncio.sleep)
    async with server.serving():
        login = Login(Tokens(server.url, renewed_after), clock=clock)
        await login.read()
        async with ApiClient(login, timeout_seconds=30, clock=clock) as client:
            mirror = Mirror()
            watch = WatchLoop(
                transport=client,
                target=WatchTarget(path="/things", name="things"),
                decoder=Decoder(Thing),
                handler=mirror,
                around=Surroundings(
                    monotonic=loop.time,
                    now=clock.now,
                    sleep=asyncio.sleep,
                    chance=lambda: 0.5,
                ),
                options=options or WatchOptions(streams=server.streams),
            )
            task: asyncio.Task[object] = asyncio.create_task(watch.run())
            try:
                yield Scene(server, mirror, watch.stats, task)
            finally:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task


def server(*watch_faults: Fault, streams: bool = False) -> FaultServer:
    """A server with two things, whose first watches have these faults."""
    return FaultServer(
        truth=Truth(things={"a": 3, "b": 5}), watch_faults=list(watch_faults), streams=streams
    )


async def live(scene: Scene, limit: float) -> float:
    """Apply changes while the fault lasts, and wait until all of them have arrived."""
    truth = scene.server.truth
    await scene.agrees(5)
    for kind, name in (("ADDED", "c"), ("MODIFIED", "a"), ("DELETED", "b"), ("ADDED", "d")):
        await truth.change(kind, name)
    return await scene.agrees(limit)
