"""API clients that are connected to a fake API server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from probewatch.clock import Clock
from probewatch.errors import KubeconfigError
from probewatch.kube.access import Access
from probewatch.kube.client import ApiClient
from probewatch.kube.login import Login
from tests.support.fake_cluster import FakeCluster, serving
from tests.support.fake_time import FakeTime


@dataclass
class FakeCredentials:
    """Tokens numbered by how often the server refused them."""

    server: str
    refusals: int = 0
    broken: bool = False
    read_times: int = 0

    async def read(self, *, refused: bool) -> Access:
        self.read_times += 1
        if self.broken:
            raise KubeconfigError("the file is gone")
        self.refusals += refused
        return Access(
            where="test", server=self.server, authorization=f"Bearer token-{self.refusals}"
        )


@asynccontextmanager
async def connected(cluster: FakeCluster, timeout_seconds: float = 5.0) -> AsyncIterator[ApiClient]:
    """A client of the fake cluster."""
    async with serving(cluster) as server, client_of(server, timeout_seconds) as client:
        yield client


@asynccontextmanager
async def client_of(server: str, timeout_seconds: float = 5.0) -> AsyncIterator[ApiClient]:
    async with logged_in(server, clock=Clock(), timeout_seconds=timeout_seconds) as client:
        yield client


@asynccontextmanager
async def logged_in(
    server: str, *, clock: Clock, timeout_seconds: float = 5.0
) -> AsyncIterator[ApiClient]:
    """A client that waits by the test's clock."""
    login = Login(FakeCredentials(server), clock=FakeTime().clock)
    await login.read()
    async with ApiClient(login, timeout_seconds=timeout_seconds, clock=clock) as client:
        yield client
