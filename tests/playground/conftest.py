"""Fixtures of the playground's tests: a running API server, and a client of it."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from probewatch.playground.api.server import ApiServer
from tests.contract.client import Client, Place


@pytest.fixture(name="server")
async def _server() -> AsyncIterator[ApiServer]:
    """A running server without objects."""
    server = ApiServer()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture(name="api")
async def _api(server: ApiServer) -> AsyncIterator[Client]:
    """A client with all rights."""
    async with aiohttp.ClientSession() as session:
        yield Client(Place(url=server.url, token=server.tokens.admin), session)
