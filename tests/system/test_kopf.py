"""The real kopf in its thread, against a fake API server on loopback."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from probewatch.clock import Clock
from probewatch.handlers import Memo
from probewatch.kube.access import Access
from probewatch.settings import Settings
from probewatch.supervisor import Supervisor, kopf_operator

BOUND_SECONDS = 15
"""The longest that any test here waits."""

CORE = {
    "kind": "APIResourceList",
    "groupVersion": "v1",
    "resources": [
        {"name": "namespaces", "singularName": "namespace", "namespaced": False}
        | {"kind": "Namespace", "verbs": ["get", "list", "watch"]},
        {"name": "events", "singularName": "event", "namespaced": True}
        | {"kind": "Event", "verbs": ["create", "get", "list", "watch"]},
        {"name": "pods", "singularName": "pod", "namespaced": True}
        | {"kind": "Pod", "verbs": ["get", "list", "watch", "patch"]},
    ],
}
ANSWERS: dict[str, object] = {
    "/api": {"kind": "APIVersions", "versions": ["v1"]},
    "/apis": {"kind": "APIGroupList", "groups": []},
    "/api/v1": CORE,
}


@dataclass
class FakeApi:
    """Serves discovery, or the error *status* for everything; records requests."""

    status: int = 200
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    limits: list[str] = field(default_factory=list)
    """The page limits of the lists that were requested."""
    discovered: asyncio.Event = field(default_factory=asyncio.Event)
    refused: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append((request.method, request.path, request.headers.get("Authorization", "")))
        self.limits.extend(request.query.getall("limit", ()))
        if self.status != 200:
            self.refused.release()
            return web.json_response({"kind": "Status", "code": self.status}, status=self.status)
        if request.path == "/api/v1":
            self.discovered.set()
        known = ANSWERS.get(request.path)
        return web.json_response(known or {}, status=200 if known else 404)


@pytest.fixture(name="api")
async def _api() -> FakeApi:
    return FakeApi()


@pytest.fixture(name="server")
async def _server(api: FakeApi) -> AsyncIterator[str]:
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", api.answer)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    yield f"http://127.0.0.1:{port}"
    await runner.cleanup()


@contextlib.asynccontextmanager
async def kopf_running(server: str, policies: "FakePolicies") -> AsyncIterator[Supervisor]:
    """Run the supervisor with the real kopf, and stop it at the end."""
    memo = Memo(
        settings=Settings(),
        access=lambda: Access(where="", server=server, authorization="Bearer the-token"),
        health=dict,
        policies=policies,
    )
    supervisor = Supervisor(kopf_operator(memo), clock=Clock())
    task = asyncio.create_task(supervisor.run())
    try:
        yield supervisor
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            async with asyncio.timeout(BOUND_SECONDS):
                await task


@pytest.mark.slow
async def test_kopf_logs_in_with_our_credentials_and_leaves_pods_alone(
    api: FakeApi, server: str
) -> None:
    """With the operator's credentials, kopf discovers the API and requests nothing else."""
    async with kopf_running(server, FakePolicies()) as supervisor, asyncio.timeout(BOUND_SECONDS):
        await api.discovered.wait()

        assert (True, 1) == (supervisor.stats.running, supervisor.stats.starts)

    assert {("GET", "Bearer the-token")} == {(verb, who) for verb, _, who in api.asked}
    assert set() == {path for _, path, _ in api.asked} - set(ANSWERS)


@pytest.mark.slow
async def test_kopf_that_is_refused_is_started_again(api: FakeApi, server: str) -> None:
    """When a refused login ends kopf, it is restarted; other tasks go on."""
    api.status = 401
    watch = asyncio.create_task(asyncio.Event().wait())
    async with kopf_running(server, FakePolicies()) as supervisor, asyncio.timeout(BOUND_SECONDS):
        await api.refused.acquire()
        while supervisor.stats.failures == 0:  # noqa: ASYNC110  # ends with kopf, in bounded time
            await asyncio.sleep(0.01)
        api.status = 200
        await api.discovered.wait()

        assert supervisor.stats.starts >= 2

    assert not watch.done()
    watch.cancel()


GROUP = {
    "name": "probewatch.dev",
    "versions": [{"groupVersion": "probewatch.dev/v1alpha1", "version": "v1alpha1"}],
    "preferredVersion": {"groupVersion": "probewatch.dev/v1alpha1", "version": "v1alpha1"},
}
RESOURCES = {
    "kind": "APIResourceList",
    "groupVersion": "probewatch.dev/v1alpha1",
    "resources": [
        {"name": "probepolicies", "singularName": "probepolicy", "namespaced": True}
        | {"kind": "ProbePolicy", "verbs": ["get", "list", "watch", "patch"]},
    ],
}
ONE: dict[str, Any] = {
    "metadata": {"name": "one", "namespace": "shop", "uid": "u-1", "resourceVersion": "5"},
    "spec": {},
}
WITH_POLICIES: dict[str, object] = {
    "/apis": {"kind": "APIGroupList", "groups": [GROUP]},
    "/apis/probewatch.dev/v1alpha1": RESOURCES,
    "/apis/probewatch.dev/v1alpha1/probepolicies": {
        "metadata": {"resourceVersion": "7"},
        "items": [ONE],
    },
}


@dataclass
class FakePolicies:
    """Says whether policies are served, and records those that kopf passes on."""

    are_served: bool = False
    home: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)
    told: "asyncio.Queue[tuple[str | None, str]]" = field(default_factory=asyncio.Queue)

    async def served(self) -> bool:
        return self.are_served

    async def take(self, kind: str | None, raw: Mapping[str, object]) -> None:
        metadata = raw["metadata"]
        assert isinstance(metadata, dict)
        self.home.call_soon_threadsafe(self.told.put_nowait, (kind, metadata["name"]))


@pytest.mark.slow
async def test_kopf_follows_policies_once_there_are_any(
    api: FakeApi, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Policies are requested only once the CRD is there; kopf passes them on and writes nothing."""
    policies = FakePolicies()
    async with kopf_running(server, policies) as supervisor, asyncio.timeout(BOUND_SECONDS):
        await api.discovered.wait()
        before = {path for _, path, _ in api.asked}
        for path, answer in WITH_POLICIES.items():
            monkeypatch.setitem(ANSWERS, path, answer)
        policies.are_served = True
        await supervisor.restart()
        told = await policies.told.get()

    assert (None, "one") == told
    assert not any("probepolicies" in path for path in before)
    assert (2, 0) == (supervisor.stats.starts, supervisor.stats.failures)
    assert {"GET"} == {verb for verb, _, _ in api.asked}


@pytest.mark.slow
async def test_many_policies_are_never_held_all_at_once(
    api: FakeApi, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Policies are listed in pages of ten, and no page waits for another one's workers."""
    many = [
        {**ONE, "metadata": {**ONE["metadata"], "name": f"p{n}", "uid": f"u-{n}"}}
        for n in range(300)
    ]
    policies = FakePolicies(are_served=True)
    for path, answer in WITH_POLICIES.items():
        monkeypatch.setitem(ANSWERS, path, answer)
    path = "/apis/probewatch.dev/v1alpha1/probepolicies"
    monkeypatch.setitem(ANSWERS, path, {"metadata": {"resourceVersion": "7"}, "items": many})
    async with kopf_running(server, policies), asyncio.timeout(BOUND_SECONDS):
        told = {(await policies.told.get())[1] for _ in many}

    assert len(many) == len(told)
    assert {"10"} == set(api.limits)
