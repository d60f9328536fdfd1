"""Reading a kubelet's probe counters over TLS; every failure is one clear line."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from aiohttp import web

from probewatch.core.spec import ProbeType
from probewatch.errors import ApiError
from probewatch.kube.kubelet_client import KubeletClient, KubeletOptions
from probewatch.playground.api.certificate import shared_certificate
from tests.support import virtual_time
from tests.support.ports import free_port

COUNTERS = b"""process_start_time_seconds 5
prober_probe_total{container="app",pod_uid="u1",probe_type="Liveness",result="failed"} 3
"""


class FakeKubelet:
    """Answers `/metrics/probes` and records the requests."""

    def __init__(
        self, *, status: int = 200, body: bytes = COUNTERS, headers: Mapping[str, str] | None = None
    ) -> None:
        self.status, self.body, self.headers = status, body, headers
        self.asked: list[str] = []

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(f"{request.path} {request.headers.get('Authorization')}")
        return web.Response(status=self.status, body=self.body, headers=self.headers)

    @asynccontextmanager
    async def served(
        self, tls: ssl.SSLContext | None = None, *, at: str = "127.0.0.1"
    ) -> AsyncIterator[int]:
        app = web.Application()
        app.router.add_get("/{path:.*}", self.answer)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, at, 0, ssl_context=tls)
        await site.start()
        try:
            yield runner.addresses[0][1]
        finally:
            await runner.cleanup()


class FakeNodes:
    """An API server that knows one node."""

    def __init__(
        self, port: int, *, status: int = 200, body: bytes = b"", address: str = "127.0.0.1"
    ) -> None:
        node = {
            "addresses": [
                {"type": "Hostname", "address": "n1"},
                {"type": "InternalIP", "address": address},
            ],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
        }
        self.answer = (status, body or msgspec.json.encode({"status": node}))

    async def request(self, verb: str, path: str) -> tuple[int, bytes]:
        assert ("GET", "/api/v1/nodes/n1") == (verb, path)
        return self.answer


def client(nodes: FakeNodes, **options: object) -> KubeletClient:
    chosen = msgspec.convert({"scheme": "http"} | options, KubeletOptions)
    return KubeletClient(requester=nodes, authorization=lambda: "Bearer t", options=chosen)


async def test_reads_the_counters_with_our_credentials() -> None:
    """The kubelet is read at the node's own address and port, with the operator's credentials."""
    kubelet = FakeKubelet()
    async with kubelet.served() as port:
        counters = await client(FakeNodes(port)).read("n1")

    assert {("u1", "app", ProbeType.LIVENESS): 3} == counters.failed
    assert ["/metrics/probes Bearer t"] == kubelet.asked


async def test_a_trusted_certificate(tmp_path: Path) -> None:
    """A kubelet whose certificate the given CA signed is read."""
    certificate = shared_certificate()
    file = tmp_path / "ca.pem"
    file.write_text(certificate.certificate)
    async with FakeKubelet().served(certificate.server_context()) as port:
        counters = await client(FakeNodes(port), scheme="https", ca_file=str(file)).read("n1")

    assert 5.0 == counters.process


async def test_an_untrusted_certificate_gets_no_credentials() -> None:
    """A kubelet with an untrusted certificate gets no request."""
    kubelet = FakeKubelet()
    async with kubelet.served(shared_certificate().server_context()) as port:
        with pytest.raises(ApiError, match=r"kubelet of n1 .* certificate is not trusted"):
            await client(FakeNodes(port), scheme="https").read("n1")

    assert [] == kubelet.asked


async def test_certificate_of_another_address_gets_no_credentials(tmp_path: Path) -> None:
    """A certificate of the right CA for another address is not trusted: it is another node's."""
    certificate, kubelet = shared_certificate(), FakeKubelet()
    file = tmp_path / "ca.pem"
    file.write_text(certificate.certificate)
    async with kubelet.served(certificate.server_context(), at="127.0.0.2") as port:
        nodes = FakeNodes(port, address="127.0.0.2")
        with pytest.raises(ApiError, match=r"kubelet of n1 .* certificate is not trusted"):
            await client(nodes, scheme="https", ca_file=str(file)).read("n1")

    assert [] == kubelet.asked


def test_kubelet_that_does_not_answer_is_given_up() -> None:
    """A kubelet that accepts a connection and says nothing is given up after the timeout."""

    async def play() -> float:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            nodes = FakeNodes(silent.getsockname()[1])
            with pytest.raises(ApiError, match="kubelet of n1 cannot be reached: no answer"):
                await client(nodes, timeout_seconds=7).read("n1")
        return asyncio.get_running_loop().time()

    assert 7 == pytest.approx(virtual_time.run(play()), abs=0.1)


async def test_proxy_of_the_environment_gets_no_credentials(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Kubelets are asked directly, since a proxy for the world outside cannot reach them."""
    kubelet = FakeKubelet()
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    monkeypatch.delenv("no_proxy", raising=False)
    async with kubelet.served() as port:
        await client(FakeNodes(port)).read("n1")

    assert 1 == len(kubelet.asked)


async def test_address_of_version_6_without_a_gap() -> None:
    """Any IPv6 address is put into brackets, also one in which no zeros are left out."""
    with pytest.raises(ApiError, match="cannot be reached: ") as raised:
        await client(FakeNodes(free_port(), address="0:0:0:0:0:0:0:1")).read("n1")

    assert "not valid" not in str(raised.value)


@pytest.mark.parametrize(
    ("expected", "kubelet"),
    [
        ("answered 403", FakeKubelet(status=403)),
        ("does not say when it started", FakeKubelet(body=b"")),
        ("answer is too long", FakeKubelet(body=b"x" * (16 * 1024 * 1024 + 1))),
    ],
)
async def test_answers_that_are_none(expected: str, kubelet: FakeKubelet) -> None:
    """An invalid answer of a kubelet is reported in one line."""
    async with kubelet.served() as port:
        with pytest.raises(ApiError, match=expected):
            await client(FakeNodes(port)).read("n1")


async def test_a_kubelet_sends_our_credentials_nowhere_else() -> None:
    """A redirect is not followed: a node must not choose who gets the operator's token."""
    kubelet = FakeKubelet(status=302, headers={"Location": "/elsewhere"})
    async with kubelet.served() as port:
        with pytest.raises(ApiError, match="answered 302"):
            await client(FakeNodes(port)).read("n1")

    assert ["/metrics/probes Bearer t"] == kubelet.asked


@pytest.mark.parametrize(
    ("expected", "nodes"),
    [
        ("cannot be reached", FakeNodes(1)),
        ("the API server answered 403", FakeNodes(1, status=403)),
        ("is not readable", FakeNodes(1, body=b"{")),
        ("is not readable", FakeNodes(1, body=b'{"status":{"addresses":[{"type":"\xff"}]}}')),
        ("has no internal address", FakeNodes(1, body=b"{}")),
    ],
)
async def test_nodes_that_cannot_be_found(expected: str, nodes: FakeNodes) -> None:
    """A node without a reachable address is reported in one line."""
    with pytest.raises(ApiError, match=expected):
        await client(nodes).read("n1")


async def test_a_missing_authority_is_a_clear_error() -> None:
    """A missing CA file is named in the error."""
    with pytest.raises(ApiError, match=r"/nowhere\.pem"):
        await client(FakeNodes(1), scheme="https", ca_file="/nowhere.pem").read("n1")
