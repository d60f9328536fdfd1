"""Running probes over this machine's network."""

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from probewatch.clock import Clock
from probewatch.playground.api.certificate import shared_certificate
from probewatch.playground.kubelet.probes import (
    Action,
    Exec,
    HttpGet,
    Outcome,
    ProbeSpec,
    ProbeType,
    Result,
    Sleep,
    TcpSocket,
    Unsupported,
)
from probewatch.playground.kubelet.probes_run import NetworkProber
from tests.support.ports import free_port

LOCAL = "127.0.0.1"


@asynccontextmanager
async def serving(
    answer: bytes, *, tls: ssl.SSLContext | None = None, holds: bool = False
) -> AsyncIterator[int]:
    """Serve *answer* to every request on a loopback port.

    The connection is closed after it, or kept open if *holds*.
    """
    over, writers = asyncio.Event(), list[asyncio.StreamWriter]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            await writer.drain()
        if holds:
            await over.wait()
        writer.close()

    server = await asyncio.start_server(serve, LOCAL, 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        over.set()
        server.close()
        await server.wait_closed()
        for writer in writers:
            writer.close()
            with contextlib.suppress(ConnectionError, ssl.SSLError):
                await writer.wait_closed()


def response(status: int, body: str = "", *, headers: str = "") -> bytes:
    head = f"HTTP/1.1 {status} -\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    return (head + body).encode()


async def ask(action: Action, *, speed: float = 1.0) -> Outcome:
    spec = ProbeSpec(type=ProbeType.LIVENESS, action=action)
    return await NetworkProber(Clock(), speed=speed).probe(spec, address=LOCAL, process=None)


@pytest.mark.parametrize("status", [200, 204, 302, 399])
async def test_success_is_200_to_399(status: int) -> None:
    """Statuses from 200 to 399 succeed, also redirects without a target."""
    async with serving(response(status, "" if status == 204 else "fine")) as port:
        found = await ask(HttpGet(port=port))

    assert Result.SUCCESS is found.result


@pytest.mark.parametrize("status", [400, 404, 500, 503])
async def test_other_statuses_fail(status: int) -> None:
    """Other statuses fail, with a message that omits the body."""
    async with serving(response(status, "secret")) as port:
        found = await ask(HttpGet(port=port))

    text = f"HTTP probe failed with statuscode: {status}"
    assert Outcome(result=Result.FAILURE, output=text) == found


async def test_a_redirect_on_the_same_host_is_followed() -> None:
    """A redirect to the same host is followed."""
    async with serving(response(500)) as bad:
        target = f"Location: http://{LOCAL}:{bad}/there\r\n"
        async with serving(response(302, headers=target)) as port:
            found = await ask(HttpGet(port=port))

    assert Result.FAILURE is found.result


async def test_a_redirect_to_another_host_is_a_warning() -> None:
    """A redirect to another host succeeds with a warning."""
    target = "Location: http://elsewhere.example/\r\n"
    async with serving(response(302, "go", headers=target)) as port:
        found = await ask(HttpGet(port=port))

    text = "Probe terminated redirects, Response body: go"
    assert Outcome(result=Result.WARNING, output=text) == found


async def test_redirects_without_end_fail() -> None:
    """After ten redirects a probe fails."""
    async with serving(response(302, headers="Location: /\r\n")) as port:
        found = await ask(HttpGet(port=port))

    assert f'Get "http://{LOCAL}:{port}/": stopped after 10 redirects' == found.output


async def test_nobody_listens() -> None:
    """A refused connection fails with Go's message."""
    port = free_port()
    found = await ask(HttpGet(port=port, path="/x"))

    why = f"dial tcp {LOCAL}:{port}: connect: connection refused"
    assert f'Get "http://{LOCAL}:{port}/x": {why}' == found.output
    assert why == (await ask(TcpSocket(port=port))).output


async def test_a_closed_connection_is_an_end_of_file() -> None:
    """A connection closed without an answer fails with EOF."""
    async with serving(b"") as port:
        found = await ask(HttpGet(port=port))

    assert f'Get "http://{LOCAL}:{port}/": EOF' == found.output


async def test_a_reset_connection_names_both_ends() -> None:
    """The message of a reset names both ports."""

    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        raw = writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.close()

    async with await asyncio.start_server(reset, LOCAL, 0) as server:
        port = server.sockets[0].getsockname()[1]
        found = await ask(HttpGet(port=port))

    assert found.output.startswith(f'Get "http://{LOCAL}:{port}/": read tcp 127.0.0.1:')
    assert found.output.endswith(f"->{LOCAL}:{port}: read: connection reset by peer")


@pytest.mark.slow
async def test_no_answer_in_time_is_a_failure() -> None:
    """No answer within the timeout is a failure."""
    async with serving(b"", holds=True) as port:
        found = await ask(HttpGet(port=port), speed=100)

    why = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
    assert Outcome(result=Result.FAILURE, output=f'Get "http://{LOCAL}:{port}/": {why}') == found


@pytest.mark.slow
async def test_a_body_that_never_ends_is_an_error() -> None:
    """A body that never ends is an error, which is not counted."""
    async with serving(response(200, "far too short")[:-3], holds=True) as port:
        found = await ask(HttpGet(port=port), speed=100)

    assert Result.ERROR is found.result


async def test_a_body_that_is_cut_is_an_error() -> None:
    """A truncated body is an error, which is not counted."""
    async with serving(response(200, "far too short")[:-3]) as port:
        found = await ask(HttpGet(port=port))

    assert Result.ERROR is found.result


async def test_any_certificate_will_do() -> None:
    """HTTPS probes accept any certificate."""
    tls = shared_certificate().server_context()
    async with serving(response(200, "fine"), tls=tls) as port:
        found = await ask(HttpGet(port=port, scheme="https"))

    assert Outcome(result=Result.SUCCESS, output="fine") == found


async def test_an_open_port_is_enough_for_tcp() -> None:
    """A TCP probe only needs an open port."""
    async with serving(response(500)) as port:
        found = await ask(TcpSocket(port=port))

    assert Result.SUCCESS is found.result


@pytest.mark.parametrize(
    ("result", "action"),
    [
        (Result.ERROR, Exec(command=("true",))),
        (Result.WARNING, Sleep(seconds=1)),
        (Result.WARNING, Unsupported(name="grpc")),
    ],
)
async def test_what_cannot_be_asked_never_kills(result: Result, action: Action) -> None:
    """A probe that cannot be run never counts as failed."""
    assert result is (await ask(action)).result
