"""The API client over real HTTP: credentials, statistics, and clear errors."""

import asyncio
import contextlib
from dataclasses import dataclass, replace

import aiohttp
import pytest
from aiohttp import web

from probewatch.clock import Clock
from probewatch.errors import ApiError, KubeconfigError
from probewatch.kube.access import Access
from probewatch.kube.api_paths import Subject, find_subject
from probewatch.kube.client import ApiClient
from probewatch.kube.faults import translate
from probewatch.kube.login import Login
from tests.kube.clients import FakeCredentials, client_of, connected
from tests.support.credentials import HeldCredentials
from tests.support.fake_cluster import FakeCluster, serving
from tests.support.fake_time import FakeTime
from tests.support.ports import free_port

NAMESPACED = "/api/v1/namespaces/shop"


async def test_request_carries_what_is_needed() -> None:
    """A request has credentials, parameters and a JSON body; the answer is returned as bytes."""
    cluster = FakeCluster()
    async with connected(cluster) as client:
        path = f"{NAMESPACED}/configmaps"
        status, body = await client.request("POST", path, body={"a": 1}, params={"dryRun": "All"})

    asked = cluster.asked[0]
    assert (201, b'{"a": 1}') == (status, body)
    assert ("Bearer token-0", {"dryRun": "All"}) == (asked.authorization, asked.query)
    assert b'{"a":1}' == asked.body


async def test_requests_are_counted_in_kubernetes_words() -> None:
    """Requests are counted by verb, resource and code, never by name."""
    cluster = FakeCluster()
    async with connected(cluster) as client:
        await client.request("GET", f"{NAMESPACED}/pods")
        await client.request("GET", f"{NAMESPACED}/pods/web-1")
        await client.request("GET", f"{NAMESPACED}/pods/web-2")

    counted = {("list", "pods", "200"): 1, ("get", "pods", "404"): 2}
    assert counted == dict(client.stats.requests)


async def test_namespace_of_commands_is_default_if_none_is_set() -> None:
    """Without a namespace in the credentials it is `default`, as with kubectl."""
    async with connected(FakeCluster()) as client:
        assert "default" == client.namespace


async def test_refused_credentials_are_read_anew_once() -> None:
    """A 401 leads to one more attempt with new credentials, whose success ends the refusal."""
    cluster = FakeCluster()
    cluster.refuse = lambda request: (
        401 if request.headers["Authorization"] == "Bearer token-0" else 0
    )
    async with connected(cluster) as client:
        status, _ = await client.request("GET", f"{NAMESPACED}/pods")

    assert (200, False) == (status, client.stats.is_refused)
    assert ["Bearer token-0", "Bearer token-1"] == [each.authorization for each in cluster.asked]


async def test_credentials_refused_for_good() -> None:
    """A second 401 is returned: there is no storm of logins."""
    cluster = FakeCluster(refuse=lambda _request: 401)
    async with connected(cluster) as client:
        status, _ = await client.request("GET", f"{NAMESPACED}/pods")

    assert (401, 2) == (status, len(cluster.asked))
    assert client.stats.is_refused


async def test_no_server_is_said_in_one_line() -> None:
    """If the server is unreachable, the error names it and the reason."""
    server = f"http://127.0.0.1:{free_port()}"
    async with client_of(server) as client:
        with pytest.raises(ApiError) as raised:
            await client.request("GET", "/version")

    assert f"the API server {server} cannot be reached: connection refused" == str(raised.value)
    assert {("get", "other", "none"): 1} == dict(client.stats.requests)


async def test_no_answer_in_time() -> None:
    """A request without an answer fails after the timeout."""
    never = asyncio.Event()

    async def answer(_request: web.Request) -> web.StreamResponse:
        await never.wait()
        return web.Response()

    cluster = FakeCluster(instead=answer)
    async with connected(cluster, timeout_seconds=0.05) as client:
        with pytest.raises(ApiError, match="did not answer in time"):
            await client.request("GET", "/version")
        never.set()


async def test_request_that_is_given_up_is_counted_without_an_answer() -> None:
    """A request cancelled by its caller, who may have a shorter timeout, is counted as well."""
    cluster = FakeCluster()
    async with connected(cluster) as client:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await client.request("GET", "/version")

    assert {("get", "other", "none"): 1} == dict(client.stats.requests)


async def test_stream_gives_status_and_chunks() -> None:
    """A stream returns status, headers and chunks."""
    cluster = FakeCluster()
    async with (
        connected(cluster) as client,
        client.stream(f"{NAMESPACED}/pods", {}, timeout_seconds=5) as response,
    ):
        body = b"".join([chunk async for chunk in response.chunks(lambda: False)])

    assert (200, b'{"metadata": {"resourceVersion": "1"}, "items": []}') == (response.status, body)
    assert "Content-Type" in response.headers


async def test_stream_that_breaks_off_is_an_os_error() -> None:
    """A connection that breaks off raises OSError, as the watch expects."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"half a li")
        assert request.transport is not None
        request.transport.abort()
        return response

    cluster = FakeCluster(instead=answer)
    async with connected(cluster) as client:
        with pytest.raises(OSError, match=r"ended too early|reset"):
            async with client.stream("/api/v1/pods", {}, timeout_seconds=5) as response:
                _ = [chunk async for chunk in response.chunks(lambda: False)]


async def test_watch_without_a_server_is_an_os_error_and_said_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An unreachable server raises OSError for a watch and is logged once a minute."""
    server = f"http://127.0.0.1:{free_port()}"
    async with client_of(server) as client:
        for _ in range(3):
            with pytest.raises(ConnectionRefusedError):
                async with client.stream("/api/v1/pods", {}, timeout_seconds=5):
                    pass

    assert ["The API server cannot be reached; retrying until it can"] == caplog.messages


SUBJECTS = [
    ("GET", "/api/v1/pods", {}, Subject("list", "pods")),
    ("GET", "/api/v1/pods", {"watch": "true"}, Subject("watch", "pods")),
    ("GET", "/api/v1/namespaces/shop/pods/web", {}, Subject("get", "pods")),
    ("GET", "/api/v1/namespaces/shop", {}, Subject("get", "namespaces")),
    ("GET", "/api/v1/namespaces", {}, Subject("list", "namespaces")),
    ("POST", "/apis/events.k8s.io/v1/namespaces/shop/events", {}, Subject("create", "events")),
    (
        *("PATCH", "/apis/probewatch.dev/v1alpha1/namespaces/shop/probereports/a/status", {}),
        Subject("patch", "probereports/status"),
    ),
    ("GET", "/version", {}, Subject("get", "other")),
]


@pytest.mark.parametrize(("method", "path", "params", "expected"), SUBJECTS)
def test_subject_of_a_request(
    method: str, path: str, params: dict[str, str], expected: Subject
) -> None:
    """Verb and resource are derived from method and path as in the API server's metrics."""
    assert expected == find_subject(method, path, params)


KEY = aiohttp.client_reqrep.ConnectionKey("api", 443, True, True, None, None, None)  # noqa: FBT003  # aiohttp's
FAULTS = {
    "dns": (aiohttp.ClientConnectorDNSError(KEY, OSError("?")), "the host api is not known"),
    "refused": (
        aiohttp.ClientConnectorError(KEY, ConnectionRefusedError(111, "Connect call failed")),
        "connection refused",
    ),
    "unreachable": (
        aiohttp.ClientConnectorError(KEY, OSError(113, "No route to host")),
        "No route to host",
    ),
    "tls": (aiohttp.ClientConnectorSSLError(KEY, OSError(1, "WRONG_VERSION_NUMBER")), "TLS failed"),
    "certificate": (
        aiohttp.ClientConnectorCertificateError(KEY, ValueError("self-signed")),
        "its certificate is not trusted: self-signed",
    ),
    "proxy": (
        aiohttp.ClientProxyConnectionError(KEY, OSError(111, "Connection refused")),
        "the proxy cannot be reached: Connection refused",
    ),
    "closed": (aiohttp.ServerDisconnectedError(), "the connection ended too early"),
    "reset": (aiohttp.ClientOSError(104, "Connection reset by peer"), "Connection reset by peer"),
    "payload": (aiohttp.ClientPayloadError("half"), "the connection ended too early"),
    "other": (aiohttp.ClientError("odd"), "odd"),
}


@pytest.mark.parametrize(("error", "words"), FAULTS.values(), ids=FAULTS.keys())
def test_fault_in_words(error: aiohttp.ClientError, words: str) -> None:
    """Every network fault is an OSError that says what happened."""
    assert words in str(translate(error))


async def test_same_credentials_are_not_sent_again() -> None:
    """A 401 is handed back at once if there are no other credentials than those refused."""
    cluster = FakeCluster(refuse=lambda _request: 401)
    async with serving(cluster) as server:
        login = Login(HeldCredentials(Access(where="test", server=server)), clock=FakeTime().clock)
        await login.read()
        async with ApiClient(login, timeout_seconds=5, clock=Clock()) as client:
            status, _ = await client.request("GET", f"{NAMESPACED}/pods")

    assert (401, 1) == (status, len(cluster.asked))


async def test_late_refusal_of_replaced_credentials_is_no_login() -> None:
    """A 401 about a token that was replaced meanwhile runs no plugin: the new one is used."""
    is_late, may_answer, time, asked = asyncio.Event(), asyncio.Event(), FakeTime(), []

    async def answer(request: web.Request) -> web.Response:
        token = request.headers["Authorization"]
        asked.append(token)
        if request.path.endswith("slow") and not is_late.is_set():
            is_late.set()
            await may_answer.wait()
        return web.Response(status=401 if token == "Bearer token-0" else 200)

    async with serving(FakeCluster(instead=answer)) as server:
        login = Login(FakeCredentials(server), clock=time.clock)
        await login.read()
        async with ApiClient(login, timeout_seconds=5, clock=Clock()) as client:
            late = asyncio.create_task(client.request("GET", f"{NAMESPACED}/pods/slow"))
            await is_late.wait()
            await client.request("GET", f"{NAMESPACED}/pods/fast")
            time.seconds += 30
            may_answer.set()
            status, _ = await late

    assert 200 == status
    assert ["Bearer token-0", "Bearer token-0", "Bearer token-1", "Bearer token-1"] == asked


async def test_no_connection_is_held_during_a_login() -> None:
    """The refused stream is closed before a login, which may take a plugin a minute."""
    is_closed = asyncio.Event()

    async def refuse(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=401)
        await response.prepare(request)
        with contextlib.suppress(OSError):
            while True:
                await response.write(b" ")
                await asyncio.sleep(0)
        is_closed.set()
        return response

    @dataclass
    class Plugin(FakeCredentials):
        async def read(self, *, refused: bool) -> Access:
            if refused:
                await asyncio.wait_for(is_closed.wait(), 5)
            return await FakeCredentials.read(self, refused=refused)

    async with serving(FakeCluster(instead=refuse)) as server:
        login = Login(Plugin(server), clock=FakeTime().clock)
        await login.read()
        async with (
            ApiClient(login, timeout_seconds=5, clock=Clock()) as client,
            client.stream(f"{NAMESPACED}/pods", {}, timeout_seconds=5) as response,
        ):
            assert 401 == response.status

    assert "Bearer token-1" == login.access.authorization


async def test_login_keeps_the_last_credentials(caplog: pytest.LogCaptureFixture) -> None:
    """If credentials cannot be read again, the last ones are used, with a warning once a minute."""
    credentials, time = FakeCredentials("http://api"), FakeTime()
    login = Login(credentials, clock=time.clock)
    await login.read()
    credentials.broken = True

    for _ in range(100):
        await login.renew(refused=login.version)
        time.seconds += 1

    assert "Bearer token-0" == login.access.authorization
    assert ["Credentials cannot be reloaded"] * 2 == caplog.messages


async def test_many_refusals_are_one_login() -> None:
    """Requests that are refused at the same time log in once, together."""
    credentials, time = FakeCredentials("http://api"), FakeTime()
    login = Login(credentials, clock=time.clock)
    await login.read()

    await asyncio.gather(*(login.renew(refused=login.version) for _ in range(5)))

    assert (2, "Bearer token-1") == (credentials.read_times, login.access.authorization)


async def test_requests_refused_during_a_login_wait_for_it() -> None:
    """A request that is refused while others log in is sent again with what they get."""
    all_refused = asyncio.Event()
    refusals: list[str] = []

    def refuse(request: web.Request) -> int:
        if request.headers["Authorization"] != "Bearer token-0":
            return 0
        refusals.append(request.path)
        if len(refusals) > 1:
            asyncio.get_running_loop().call_later(0.01, all_refused.set)
        return 401

    @dataclass
    class Plugin(FakeCredentials):
        async def read(self, *, refused: bool) -> Access:
            if refused:
                await asyncio.wait_for(all_refused.wait(), 5)
            return await FakeCredentials.read(self, refused=refused)

    async with serving(FakeCluster(refuse=refuse)) as server:
        login = Login(Plugin(server), clock=FakeTime().clock)
        await login.read()
        async with ApiClient(login, timeout_seconds=5, clock=Clock()) as client:
            asked = [client.request("GET", f"{NAMESPACED}/pods") for _ in range(2)]
            answers = await asyncio.gather(*asked)

    assert [200, 200] == [status for status, _ in answers]


async def test_refusal_just_after_the_renewal_logs_in() -> None:
    """The renewal of each minute keeps a plugin's token, so that it is no reason to use it on."""
    login = Login(FakeCredentials("http://api"), clock=FakeTime().clock)
    await login.read()
    await login.renew()

    await login.renew(refused=login.version)

    assert "Bearer token-1" == login.access.authorization


async def test_logins_get_rare_while_all_are_refused() -> None:
    """A plugin runs at once, then every ten seconds, and at once again after a quiet minute."""
    credentials, time = FakeCredentials("http://api"), FakeTime()
    login = Login(credentials, clock=time.clock)
    await login.read()
    logins = []
    for second in range(60):
        before = credentials.refusals
        await login.renew(refused=login.version)
        logins += [second] * (credentials.refusals - before)
        time.seconds += 1
    time.seconds += 100

    await login.renew(refused=login.version)
    time.seconds += 1
    await login.renew(refused=login.version)

    assert [0, 1, 3, 6, 10, 16, 24, 34, 44, 54] == logins
    assert len(logins) + 2 == credentials.refusals


async def test_credentials_are_read_every_minute() -> None:
    """Credentials are read every minute, as the kubelet rotates token files."""
    credentials, time = FakeCredentials("http://api"), FakeTime()
    login = Login(credentials, clock=time.clock)
    await login.read()
    running = asyncio.create_task(login.run())
    while credentials.read_times < 4:  # noqa: ASYNC110  # fake time: a few turns of the loop
        await asyncio.sleep(0)
    running.cancel()

    assert [60.0, 60.0, 60.0] == time.slept[:3]


async def test_client_without_credentials() -> None:
    """Requests before the login raise an error."""
    login = Login(replace(FakeCredentials("http://api")), clock=FakeTime().clock)

    with pytest.raises(KubeconfigError):
        _ = login.access
