"""Connections to the metrics server: limited in time and number, so that none blocks others."""

import asyncio
import contextlib
import errno
import os
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from pathlib import Path

import pytest
from aiohttp import ClientError

from probewatch.errors import SettingsError
from probewatch.metrics.authorization import Authorizer
from probewatch.metrics.connections import PAUSE_SECONDS, Acceptor, Connection
from probewatch.metrics.server import ServerOptions
from probewatch.metrics.tls import Certificate as Tls
from probewatch.playground.api.certificate import Certificate, make_certificate
from tests.metrics.scene import StillTime
from tests.metrics.serving import (
    LIMIT_SECONDS,
    LOOPBACK,
    FakeHealth,
    Served,
    connecting,
    serving,
)
from tests.support import virtual_time

SHORT = 0.05
CROWD = 100
ENDING = 4
"""Connections that are closing, which takes some turns of the event loop."""

ASK = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"


async def test_silent_connection_is_closed() -> None:
    """A connection without a request is closed."""
    async with serving(idle_seconds=SHORT) as served, connecting(served) as (reader, _):
        assert b"" == await reader.read()


async def test_request_that_drips_in_is_not_waited_for() -> None:
    """A request has to be complete in time, however its bytes arrive."""
    async with serving(idle_seconds=SHORT) as served, connecting(served) as (reader, writer):
        closed = asyncio.create_task(reader.read())
        with contextlib.suppress(ConnectionError):
            writer.write(b"GET /metrics HTTP/1.1\r\n")
            while not closed.done():
                writer.write(b"X: y\r\n")
                await writer.drain()
                await asyncio.wait([closed], timeout=SHORT / 5)

        with contextlib.suppress(ConnectionError):
            assert b"" == await closed


async def test_idle_connection_is_closed_after_an_answer() -> None:
    """A connection that is idle after an answer is closed."""
    async with serving(idle_seconds=SHORT) as served, connecting(served) as (reader, writer):
        writer.write(ASK)

        answer = await reader.read()

    assert answer.endswith(b"ok\n")


async def test_crowd_of_idle_connections_keeps_nobody_out() -> None:
    """Of too many connections the oldest idle ones are closed, and a new request is answered."""
    patient = 3 * LIMIT_SECONDS  # so that none is closed for its silence
    async with (
        serving(connections=4, idle_seconds=patient) as served,
        contextlib.AsyncExitStack() as stack,
    ):
        crowd = [await stack.enter_async_context(connecting(served)) for _ in range(12)]

        answer = await served.ask("/healthz")

        assert 200 == answer.status
        for reader, _ in crowd[:8]:
            with contextlib.suppress(ConnectionError):
                assert b"" == await reader.read()


async def test_connection_is_idle_again_after_its_answer() -> None:
    """A scraper keeps its connection however many others have been answered since."""
    async with serving(connections=4) as served, contextlib.AsyncExitStack() as stack:
        crowd = [await stack.enter_async_context(connecting(served)) for _ in range(4)]
        for reader, writer in [*crowd, crowd[0]]:
            writer.write(ASK)
            assert (await reader.readuntil(b"ok\n")).startswith(b"HTTP/1.1 200 ")


@dataclass
class SlowReviews:
    """An API server that answers when the test says so."""

    asked: asyncio.Event = field(default_factory=asyncio.Event)
    going_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def request(
        self, verb: str, path: str, *, body: object | None = None
    ) -> tuple[int, bytes]:
        assert (verb, bool(path), bool(body)) == ("POST", True, True)
        self.asked.set()
        await self.going_on.wait()
        return 201, b'{"status": {"authenticated": false}}'


async def test_connection_that_is_answered_is_not_closed_for_others() -> None:
    """If all connections are being answered, a newcomer is closed."""
    reviews = SlowReviews()
    busy = Served(
        options=replace(LOOPBACK, connections=1),
        authorizer=Authorizer(reviews, clock=StillTime().clock),
    )
    async with serving(busy) as served, connecting(served) as (reader, writer):
        writer.write(b"GET /metrics HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t\r\n\r\n")
        await reviews.asked.wait()
        async with connecting(served) as (newcomer, _):
            assert b"" == await newcomer.read()
        reviews.going_on.set()
        assert (await reader.readline()).startswith(b"HTTP/1.1 401 ")


async def test_crowd_of_slow_readers_keeps_nobody_out() -> None:
    """Of too many answers in progress the slowest is closed for a new request."""
    reviews = SlowReviews()
    busy = Served(
        options=replace(LOOPBACK, connections=4),
        authorizer=Authorizer(reviews, clock=StillTime().clock),
    )
    async with serving(busy) as served, contextlib.AsyncExitStack() as stack:
        crowd = []
        for number in range(4):
            reader, writer = await stack.enter_async_context(connecting(served))
            crowd.append(reader)
            token = f"Authorization: Bearer {number}"
            writer.write(f"GET /metrics HTTP/1.1\r\nHost: x\r\n{token}\r\n\r\n".encode())
            await reviews.asked.wait()
            reviews.asked.clear()

        assert 200 == (await served.ask("/healthz")).status

        for reader in crowd[:2]:
            with contextlib.suppress(ConnectionError):
                assert b"" == await reader.read()
        reviews.going_on.set()
        assert (await crowd[3].readline()).startswith(b"HTTP/1.1 401 ")


@pytest.mark.slow
async def test_slow_reader_has_to_leave() -> None:
    """An answer that is not read is given up, and its connection and memory are freed."""
    served = Served(options=replace(LOOPBACK, answer_seconds=0.2, connections=1))
    rows = served.scene.counters.tables.flapping.rows
    for number in range(900):
        rows[f'pod="{number}{"x" * 20_000}"'] = (("",), (1,))
    async with serving(served), connecting(served) as (reader, writer):
        writer.write(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        await reader.readline()

        async with asyncio.timeout(LIMIT_SECONDS):
            while not await answers(served):
                pass

        with contextlib.suppress(ConnectionError):
            assert len(await reader.read()) < 18_000_000


LONG_BYTES = 20_000_000
"""Much more than the kernel takes for a client that does not read."""
ANSWER_SECONDS = 5.0


async def bytes_read_after(seconds: float) -> int:
    """Ask for a long answer, read it only after so many seconds; return how much of it came."""
    served = Served(
        options=replace(LOOPBACK, answer_seconds=ANSWER_SECONDS),
        health=FakeHealth(silence=("x" * LONG_BYTES,)),
    )
    async with serving(served), connecting(served) as (reader, writer):
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 503 ")
        await asyncio.sleep(seconds)
        with contextlib.suppress(ConnectionError):
            return len(await reader.read())
    return 0


@pytest.mark.parametrize(("early", "is_whole"), [(0.5, True), (-0.5, False)])
def test_slow_reader_is_cut_off(early: float, *, is_whole: bool) -> None:
    """After its time the rest of an answer is dropped, even if no other client needs the place."""
    came = virtual_time.run(bytes_read_after(ANSWER_SECONDS - early))

    assert is_whole is (came > LONG_BYTES)


async def answers(served: Served) -> bool:
    """Whether another request is answered."""
    try:
        return (await served.ask("/healthz")).status == HTTPStatus.OK
    except ClientError:
        return False


class FakeHttp:
    """An HTTP server without connections."""

    connections: Sequence[Connection] = ()

    def __call__(self) -> asyncio.Protocol:
        return asyncio.Protocol()

    def pre_shutdown(self) -> None:
        pass

    async def shutdown(self, timeout: float | None = None) -> None:  # noqa: ASYNC109  # aiohttp's
        del timeout


class TiredSocket(socket.socket):
    """Fails to accept once, as with too many open files."""

    def __init__(self) -> None:
        super().__init__()
        self.is_tired = True
        self.accepted = asyncio.Event()

    def accept(self) -> tuple[socket.socket, object]:
        if self.is_tired:
            self.is_tired = False
            raise OSError(errno.EMFILE, "Too many open files")
        self.accepted.set()
        return super().accept()


async def seconds_until_accepted() -> float:
    """Connect to a socket that fails to accept once; return when the connection is accepted."""
    with TiredSocket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.setblocking(False)  # noqa: FBT003  # the standard library's
        acceptor = Acceptor(FakeHttp(), None, limit=4, handshake_seconds=1.0)
        acceptor.open([listener])
        async with asyncio.timeout(LIMIT_SECONDS):
            _, writer = await asyncio.open_connection(*listener.getsockname())
            await listener.accepted.wait()
        seconds = asyncio.get_running_loop().time()
        writer.close()
        await acceptor.close(1.0)
    return seconds


def test_failure_to_accept_passes() -> None:
    """After a failure such as too many open files, accepting goes on, but not in a tight loop."""
    seconds = virtual_time.run(seconds_until_accepted())

    assert PAUSE_SECONDS <= seconds < LIMIT_SECONDS


@pytest.fixture(name="certificates", scope="module")
def _certificates() -> tuple[Certificate, Certificate]:
    return make_certificate(), make_certificate()


def write(folder: Path, certificate: Certificate) -> ServerOptions:
    """Write a certificate to the server's files."""
    (folder / "tls.crt").write_text(certificate.certificate, encoding="ascii")
    (folder / "tls.key").write_text(certificate.key, encoding="ascii")
    return replace(LOOPBACK, cert_file=str(folder / "tls.crt"), key_file=str(folder / "tls.key"))


async def ask_securely(served: Served, trusted: Certificate) -> bytes:
    """Send a request by HTTPS, trusting this certificate only."""
    context = ssl.create_default_context(cadata=trusted.certificate)
    async with asyncio.timeout(LIMIT_SECONDS):
        reader, writer = await asyncio.open_connection("127.0.0.1", served.server.port, ssl=context)
        writer.write(b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answer = await reader.read()
        writer.close()
    return answer


async def test_certificate_is_shown(
    tmp_path: Path, certificates: tuple[Certificate, Certificate]
) -> None:
    """With certificate and key the server speaks HTTPS."""
    async with serving(Served(options=write(tmp_path, certificates[0]))) as served:
        answer = await ask_securely(served, certificates[0])

    assert answer.startswith(b"HTTP/1.1 200 OK")


async def test_new_certificate_is_used_without_a_restart(
    tmp_path: Path, certificates: tuple[Certificate, Certificate]
) -> None:
    """The next connection after a rotation gets the new certificate."""
    old, new = certificates
    async with serving(Served(options=write(tmp_path, old))) as served:
        await ask_securely(served, old)
        write(tmp_path, new)

        assert (await ask_securely(served, new)).startswith(b"HTTP/1.1 200 OK")
        with pytest.raises(ssl.SSLCertVerificationError):
            await ask_securely(served, old)


async def test_certificate_whose_key_comes_later_is_used(
    tmp_path: Path, certificates: tuple[Certificate, Certificate]
) -> None:
    """A pair whose files are written one after the other is used once the second is there."""
    old, new = certificates
    async with serving(Served(options=write(tmp_path, old))) as served:
        (tmp_path / "tls.crt").write_text(new.certificate, encoding="ascii")
        await ask_securely(served, old)

        (tmp_path / "tls.key").write_text(new.key, encoding="ascii")

        assert (await ask_securely(served, new)).startswith(b"HTTP/1.1 200 OK")


def test_certificate_is_reloaded_once_for_each_change(
    tmp_path: Path, certificates: tuple[Certificate, Certificate]
) -> None:
    """A pair that is written anew with files of the same size is another one."""
    options = write(tmp_path, certificates[0])
    certificate = Tls(options.cert_file, options.key_file)
    first = certificate.context()
    os.utime(options.cert_file, (1.0, 1.0))

    second, third = certificate.context(), certificate.context()

    assert (True, True) == (first is not second, second is third)


@pytest.mark.parametrize("load", [1, 2], ids=["at the start", "at a reload"])
def test_certificate_that_is_replaced_while_it_is_loaded_is_loaded_again(
    load: int,
    tmp_path: Path,
    certificates: tuple[Certificate, Certificate],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is written between the look at the files and the end of a load is not missed."""
    old, new = certificates
    loaded: list[str] = []
    load_cert_chain = ssl.SSLContext.load_cert_chain

    def load_slowly(context: ssl.SSLContext, cert: Path, key: Path) -> None:
        load_cert_chain(context, cert, key)
        loaded.append(cert.read_text(encoding="ascii"))
        if len(loaded) == load:
            write(tmp_path, new)

    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", load_slowly)
    options = write(tmp_path, old)
    certificate = Tls(options.cert_file, options.key_file)
    for second in range(1, load):
        os.utime(options.cert_file, (second, second))
        certificate.context()
    certificate.context()
    certificate.context()

    assert [old.certificate] * load + [new.certificate] == loaded


async def test_broken_certificate_leaves_the_one_in_use(
    tmp_path: Path, certificates: tuple[Certificate, Certificate]
) -> None:
    """An incomplete certificate or a key that does not fit leaves the old one in use."""
    old, new = certificates
    async with serving(Served(options=write(tmp_path, old))) as served:
        (tmp_path / "tls.crt").write_text(new.certificate[:100], encoding="ascii")
        assert (await ask_securely(served, old)).startswith(b"HTTP/1.1 200 OK")

        (tmp_path / "tls.crt").write_text(new.certificate, encoding="ascii")
        assert (await ask_securely(served, old)).startswith(b"HTTP/1.1 200 OK")

        (tmp_path / "tls.key").unlink()
        assert (await ask_securely(served, old)).startswith(b"HTTP/1.1 200 OK")

        write(tmp_path, new)
        assert (await ask_securely(served, new)).startswith(b"HTTP/1.1 200 OK")


async def test_plain_http_is_no_way_around(
    tmp_path: Path, certificates: tuple[Certificate, Certificate]
) -> None:
    """A client without TLS gets no answer and does no harm."""
    async with (
        serving(Served(options=write(tmp_path, certificates[0]))) as served,
        connecting(served) as (reader, writer),
    ):
        writer.write(ASK)

        assert b"HTTP" not in await reader.read()
        assert (await ask_securely(served, certificates[0])).startswith(b"HTTP/1.1 200 OK")


async def test_handshake_has_its_time(
    tmp_path: Path, certificates: tuple[Certificate, Certificate]
) -> None:
    """A connection that never starts the TLS handshake is closed."""
    options = replace(write(tmp_path, certificates[0]), idle_seconds=SHORT)
    async with serving(Served(options=options)) as served, connecting(served) as (reader, _):
        assert b"" == await reader.read()


async def test_handshake_does_not_delay_the_end(
    tmp_path: Path, certificates: tuple[Certificate, Certificate]
) -> None:
    """A client that never starts the TLS handshake does not keep the server from stopping."""
    options = replace(write(tmp_path, certificates[0]), idle_seconds=3 * LIMIT_SECONDS)
    async with serving(Served(options=options)) as served, connecting(served) as (reader, _):
        await ask_securely(served, certificates[0])  # the connection before it is accepted by now

        async with asyncio.timeout(LIMIT_SECONDS / 2):
            await served.server.stop()

        with contextlib.suppress(ConnectionError):
            assert b"" == await reader.read()


async def test_crowd_without_a_handshake_keeps_nobody_out(
    tmp_path: Path, certificates: tuple[Certificate, Certificate]
) -> None:
    """Of too many connections without a handshake the oldest are closed early."""
    options = replace(write(tmp_path, certificates[0]), connections=4)
    served = Served(options=options)
    async with serving(served), contextlib.AsyncExitStack() as stack:
        crowd = [await stack.enter_async_context(connecting(served)) for _ in range(8)]

        answer = await ask_securely(served, certificates[0])

        assert answer.startswith(b"HTTP/1.1 200 OK")
        for reader, _ in crowd[:4]:
            with contextlib.suppress(ConnectionError):
                assert b"" == await reader.read()


class CountingSocket(socket.socket):
    """Records how many accepted connections were open at once."""

    def __init__(self) -> None:
        super().__init__()
        self.accepted: list[socket.socket] = []
        self.all_accepted = asyncio.Event()
        self.most = 0

    def accept(self) -> tuple[socket.socket, object]:
        connection, address = super().accept()
        self.accepted.append(connection)
        self.most = max(self.most, sum(each.fileno() >= 0 for each in self.accepted))
        if len(self.accepted) == CROWD:
            self.all_accepted.set()
        return connection, address


async def test_crowd_that_comes_at_once_is_no_crowd_of_handshakes(
    tmp_path: Path, certificates: tuple[Certificate, Certificate]
) -> None:
    """Of a full backlog, each new connection replaces the oldest, which is closed."""
    options = write(tmp_path, certificates[0])
    certificate = Tls(options.cert_file, options.key_file)
    with CountingSocket() as listener, contextlib.ExitStack() as stack:
        listener.bind(("127.0.0.1", 0))
        listener.listen(CROWD)
        listener.setblocking(False)  # noqa: FBT003  # the standard library's
        for _ in range(CROWD):
            stack.enter_context(socket.create_connection(listener.getsockname(), LIMIT_SECONDS))
        acceptor = Acceptor(FakeHttp(), certificate, limit=4, handshake_seconds=LIMIT_SECONDS)
        acceptor.open([listener])
        async with asyncio.timeout(LIMIT_SECONDS):
            await listener.all_accepted.wait()
        await acceptor.close(1.0)

    assert listener.most <= 4 + ENDING


@pytest.mark.parametrize(
    ("certificate", "key", "complaint"),
    [
        ("tls.crt", "", "needs both metrics_cert_file and metrics_key_file"),
        ("", "tls.key", "needs both metrics_cert_file and metrics_key_file"),
        ("tls.crt", "missing.key", "cannot be used: .*No such file"),
        ("tls.key", "tls.crt", "cannot be used"),
    ],
)
async def test_certificate_that_never_worked_ends_the_start(
    tmp_path: Path,
    certificates: tuple[Certificate, Certificate],
    certificate: str,
    key: str,
    complaint: str,
) -> None:
    """Invalid TLS settings end the start with an error."""
    write(tmp_path, certificates[0])
    paths = [str(tmp_path / name) if name else "" for name in (certificate, key)]
    options = replace(LOOPBACK, cert_file=paths[0], key_file=paths[1])

    with pytest.raises(SettingsError, match=complaint):
        await Served(options=options).server.start()
