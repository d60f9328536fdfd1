"""Connections of the API client: where they lead, how many there may be, and how they end."""

import asyncio
import contextlib
import socket
from contextlib import AsyncExitStack

import pytest
from aiohttp import web

from probewatch.clock import Clock
from probewatch.errors import ApiError
from probewatch.kube.access import Access
from probewatch.kube.client import CONNECT_SECONDS, ApiClient
from probewatch.kube.login import Login
from tests.kube.clients import client_of, connected
from tests.support import virtual_time
from tests.support.credentials import HeldCredentials
from tests.support.fake_cluster import FakeCluster, serving
from tests.support.ports import free_port

PODS = "/api/v1/pods"

MANY = 101
"""More connections than aiohttp opens by default."""


async def test_redirect_is_not_followed() -> None:
    """A redirect is an answer like others: credentials go to the configured server only."""

    async def redirect(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=307, headers={"Location": "/elsewhere"})

    cluster = FakeCluster(instead=redirect)
    async with connected(cluster) as client:
        status, _ = await client.request("GET", PODS)
        async with client.stream(PODS, {}, timeout_seconds=5) as response:
            pass

    assert [307, 307] == [status, response.status]
    assert [PODS, PODS] == [asked.path for asked in cluster.asked]


async def test_requests_are_sent_to_the_proxy() -> None:
    """If the kubeconfig names a proxy, that is asked, and it finds the API server."""
    cluster, clock = FakeCluster(), Clock()
    async with serving(cluster) as proxy:
        access = Access(where="test", server="http://api.invalid", proxy=proxy)
        login = Login(HeldCredentials(access), clock=clock)
        await login.read()
        async with ApiClient(login, timeout_seconds=5, clock=clock) as client:
            status, _ = await client.request("GET", PODS)

    assert (200, [PODS]) == (status, [asked.path for asked in cluster.asked])


async def ask_through(proxy: str) -> str:
    """Return the error of a request to an API server behind this proxy."""
    access = Access(where="test", server="https://api.invalid", proxy=proxy)
    login = Login(HeldCredentials(access), clock=Clock())
    await login.read()
    async with ApiClient(login, timeout_seconds=5, clock=Clock()) as client:
        with pytest.raises(ApiError) as raised:
            await client.request("GET", PODS)
    return str(raised.value)


async def test_password_of_a_proxy_is_in_no_message() -> None:
    """A proxy that refuses, and one with a wrong URL, are reported without the URL's password."""

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        refused = await ask_through(f"http://me:s3cret@127.0.0.1:{port}")
    wrong = await ask_through("me:s3cret@127.0.0.1:3128")

    assert "the proxy answers 407" in refused
    assert "is not valid" in wrong
    assert "s3cret" not in refused + wrong


async def test_any_answer_ends_an_outage() -> None:
    """A server that could not be reached is not away any more once it answers, or begins to."""
    is_away = []
    async with connected(FakeCluster()) as client:
        client.reachability.failed(client.server, OSError("away"))
        is_away.append(client.reachability.is_away)
        await client.request("GET", PODS)
        is_away.append(client.reachability.is_away)
        client.reachability.failed(client.server, OSError("away"))
        async with client.stream(PODS, {}, timeout_seconds=5):
            is_away.append(client.reachability.is_away)

    assert [True, False, False] == is_away


async def test_request_says_who_sends_it() -> None:
    """The server's logs can name probewatch, and it compresses nothing."""
    found: dict[str, str] = {}

    async def look(request: web.Request) -> web.StreamResponse:
        found.update(request.headers)
        return web.Response()

    async with connected(FakeCluster(instead=look)) as client:
        await client.request("GET", PODS)

    assert "identity" == found["Accept-Encoding"]
    assert found["User-Agent"].startswith("probewatch/")


async def test_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy is used only if the kubeconfig names one, as a cluster's is for the world outside."""
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    monkeypatch.delenv("no_proxy", raising=False)
    async with connected(FakeCluster()) as client:
        status, _ = await client.request("GET", PODS)

    assert 200 == status


async def test_request_has_the_media_types_that_its_caller_needs() -> None:
    """The server returns metadata alone, and applies a patch, only for the right headers."""
    found: dict[str, str] = {}

    async def look(request: web.Request) -> web.StreamResponse:
        found.update(request.headers)
        return web.Response()

    async with connected(FakeCluster(instead=look)) as client:
        await client.request("PATCH", PODS, body={}, content_type="text/patch", accept="text/part")

    assert ("text/patch", "text/part") == (found["Content-Type"], found["Accept"])


def test_quiet_watch_is_not_ended() -> None:
    """A watch on which nothing arrives for an hour stays open: its reader has its own limits."""

    async def play() -> list[bytes]:
        async def answer(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse()
            await response.prepare(request)
            await asyncio.sleep(3600)
            await response.write(b"{}")
            return response

        async with (
            connected(FakeCluster(instead=answer)) as client,
            client.stream(PODS, {"watch": "true"}, timeout_seconds=60) as response,
        ):
            return [chunk async for chunk in response.chunks(lambda: True)]

    assert [b"{}"] == virtual_time.run(play())


async def test_watches_leave_a_connection_for_requests() -> None:
    """Each watch holds a connection; however many there are, a request gets one of its own."""
    async with connected(FakeCluster()) as client, AsyncExitStack() as watches:
        for _ in range(MANY):
            watch = client.stream(PODS, {"watch": "true"}, timeout_seconds=5)
            await watches.enter_async_context(watch)
        status, _ = await client.request("GET", PODS)

    assert 200 == status


def test_connection_that_is_not_made_is_given_up_soon() -> None:
    """A host that is gone answers nothing at all: a watch does not wait a minute to find out."""

    async def play() -> float:
        loop = asyncio.get_running_loop()
        with contextlib.ExitStack() as sockets:
            full = sockets.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
            for _ in range(4):  # nobody accepts them, and there is room for one or two
                waiting = sockets.enter_context(socket.socket())
                waiting.setblocking(False)  # noqa: FBT003  # the only parameter
                waiting.connect_ex(full.getsockname())
            async with client_of(f"http://127.0.0.1:{full.getsockname()[1]}") as client:
                with pytest.raises(TimeoutError, match="no connection in time"):
                    async with client.stream(PODS, {}, timeout_seconds=60):
                        pass
        return loop.time()

    assert CONNECT_SECONDS <= virtual_time.run(play()) <= CONNECT_SECONDS + 1


async def test_answer_that_stops_is_given_up() -> None:
    """A body that does not end in time is an error, and its connection is closed at once."""
    is_closed = asyncio.Event()

    async def stop(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"items": [')
        await reader.read()  # until the client closes the connection
        is_closed.set()
        writer.close()

    server = await asyncio.start_server(stop, "127.0.0.1", 0)
    async with server, asyncio.timeout(10):
        host, port = server.sockets[0].getsockname()
        async with client_of(f"http://{host}:{port}", timeout_seconds=0.05) as client:
            with pytest.raises(ApiError, match="did not answer in time"):
                await client.request("GET", PODS)
            await is_closed.wait()
