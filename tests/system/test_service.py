"""The whole operator in this process, against a fake API server over HTTP."""

import asyncio
import contextlib
import json
import math
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from probewatch.clock import Clock
from probewatch.errors import SettingsError
from probewatch.kube.access import Access
from probewatch.kube.client import ApiClient
from probewatch.kube.login import Login
from probewatch.service.builders import Worker
from probewatch.service.parts import Parts
from probewatch.service.service import Service
from probewatch.settings import Settings
from probewatch.supervisor import Supervisor
from tests.support.credentials import HeldCredentials
from tests.support.fake_cluster import Asked, FakeCluster, serving

pytestmark = pytest.mark.slow

BOUND_SECONDS = 15
"""The longest that any test here waits."""

LOCAL = Settings(
    metrics_address="127.0.0.1:0", instance="test", shutdown_seconds=5.0, records=False
)

EVENTS_PATH = "/apis/events.k8s.io/v1/namespaces/shop/events"
STARTED, KILLED, BACK = "2026-11-20T10:00:00Z", "2026-11-20T10:00:41Z", "2026-11-20T10:00:43Z"

Json = dict[str, Any]

OWNER = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-7d9f", "uid": "rs-1"}
DEPLOYMENT = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": "d-1"}
REPLICA_SET: Json = {
    "metadata": {
        "name": "web-7d9f",
        "namespace": "shop",
        "uid": "rs-1",
        "ownerReferences": [{**DEPLOYMENT, "controller": True}],
    }
}
TERMINATED = {
    "exitCode": 143,
    "reason": "Error",
    "startedAt": STARTED,
    "finishedAt": KILLED,
    "containerID": "containerd://0",
}


def pod(restarts: int = 0, *, uid: str = "u-1", namespace: str = "shop") -> Json:
    """A running pod with a liveness probe and this restart count."""
    condition = {"status": "True", "lastTransitionTime": STARTED}
    status = {
        "name": "app",
        "restartCount": restarts,
        "ready": True,
        "started": True,
        "containerID": f"containerd://{restarts}",
        "state": {"running": {"startedAt": BACK if restarts else STARTED}},
        "lastState": {"terminated": TERMINATED} if restarts else {},
    }
    return {
        "kind": "Pod",
        "metadata": {
            "name": "web-7d9f-x",
            "namespace": namespace,
            "uid": uid,
            "ownerReferences": [{**OWNER, "controller": True}],
        },
        "spec": {
            "nodeName": "n1",
            "containers": [
                {"name": "app", "livenessProbe": {"httpGet": {"path": "/healthz", "port": 80}}}
            ],
        },
        "status": {
            "phase": "Running",
            "conditions": [{"type": each, **condition} for each in ("Ready", "ContainersReady")],
            "containerStatuses": [status],
        },
    }


KILLING: Json = {
    "metadata": {"name": "web-7d9f-x.1", "namespace": "shop", "uid": "e-1"},
    "involvedObject": {
        "kind": "Pod",
        "namespace": "shop",
        "name": "web-7d9f-x",
        "uid": "u-1",
        "fieldPath": "spec.containers{app}",
    },
    "reason": "Killing",
    "message": "Container app failed liveness probe, will be restarted",
    "type": "Normal",
    "source": {"component": "kubelet", "host": "n1"},
    "count": 1,
    "firstTimestamp": KILLED,
    "lastTimestamp": KILLED,
}


async def until(condition: Callable[[], bool]) -> None:
    """Wait until a condition is true; the caller bounds the time."""
    while not condition():  # noqa: ASYNC110  # what is waited for has no event of its own
        await asyncio.sleep(0.005)


@dataclass
class Running:
    """A running operator, with its HTTP endpoints."""

    parts: Parts
    stop: asyncio.Event
    task: "asyncio.Task[None]"

    async def get(self, path: str) -> tuple[int, str]:
        url = f"http://127.0.0.1:{self.parts.server.port}{path}"
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            return response.status, await response.text()

    async def until_ready(self) -> None:
        await until(lambda: not self.parts.health.find_unsynced())

    async def end(self) -> None:
        self.stop.set()
        await self.task


async def wait_for_the_end(stop: asyncio.Event) -> None:
    """Replaces kopf, which has its own tests and is slow to stop."""
    await stop.wait()


@asynccontextmanager
async def operating(
    cluster: FakeCluster, settings: Settings = LOCAL, preparations: tuple[Worker, ...] = ()
) -> AsyncIterator[Running]:
    """Run the operator against the cluster, and end it with the block; the time is bounded."""
    async with asyncio.timeout(BOUND_SECONDS), serving(cluster) as server:
        access = Access(where="test", server=server, authorization="Bearer t")
        login = Login(HeldCredentials(access), clock=Clock())
        await login.read()
        async with ApiClient(login, timeout_seconds=5, clock=Clock()) as client:
            parts = Parts(settings=settings, login=login, client=client, clock=Clock())
            parts.preparations = (*parts.preparations, *preparations)
            parts.supervisor = Supervisor(wait_for_the_end, clock=Clock())
            stop = asyncio.Event()
            task = asyncio.create_task(Service(parts).run(stop))
            await until(lambda: parts.server.port > 0 or task.done())
            running = Running(parts, stop, task)
            try:
                yield running
            finally:
                with contextlib.suppress(SettingsError):
                    await running.end()


def found(operator: Running) -> int:
    """The number of restarts that were found."""
    return operator.parts.controller.stats.findings["Restart"]


async def stage() -> FakeCluster:
    """A cluster with one running pod."""
    cluster = FakeCluster()
    await cluster.put("/apis/apps/v1/namespaces/shop/replicasets", REPLICA_SET)
    await cluster.put("/api/v1/pods", pod())
    return cluster


async def kill(cluster: FakeCluster) -> None:
    """Let the kubelet kill the container for its liveness probe and start it again."""
    await cluster.put("/api/v1/events", KILLING)
    await cluster.put("/api/v1/pods", pod(restarts=1))


def is_event(asked: Asked) -> bool:
    return asked.method == "POST" and asked.path == EVENTS_PATH


async def test_a_kill_becomes_event_and_metric() -> None:
    """A liveness kill leads to an Event on the pod and a count for its Deployment."""
    cluster = await stage()
    async with operating(cluster) as operator:
        await operator.until_ready()
        await kill(cluster)
        posted = json.loads((await cluster.heard(is_event)).body)
        _, metrics = await operator.get("/metrics")

    assert ("LivenessProbeRestart", "u-1") == (posted["reason"], posted["regarding"]["uid"])
    assert (
        'probewatch_container_restarts_total{namespace="shop",workload="web",'
        'workload_type="deployment",container="app",cause="LivenessProbe"} 1\n'
    ) in metrics


async def test_pods_are_only_read() -> None:
    """Only Events are written, and never a pod."""
    cluster = await stage()
    async with operating(cluster) as operator:
        await operator.until_ready()
        await kill(cluster)
        await cluster.heard(is_event)

    assert {EVENTS_PATH} == {asked.path for asked in cluster.written()}


@pytest.mark.parametrize(
    "settings", [replace(LOCAL, dry_run=True), replace(LOCAL, events=False)], ids=["dry", "off"]
)
async def test_nothing_is_written_when_it_shall_not(settings: Settings) -> None:
    """With a dry run, or Events disabled, restarts are counted but nothing is written."""
    cluster = await stage()
    async with operating(cluster, settings) as operator:
        await operator.until_ready()
        await kill(cluster)
        await until(lambda: found(operator) > 0 and operator.parts.controller.unpublished == 0)
        _, metrics = await operator.get("/metrics")

    assert 'cause="LivenessProbe"} 1\n' in metrics
    assert [] == cluster.written()


async def test_what_was_found_is_written_before_the_end() -> None:
    """A shutdown right after a kill still writes the Event."""
    cluster = await stage()
    async with operating(cluster) as operator:
        await operator.until_ready()
        await kill(cluster)
        await until(lambda: found(operator) > 0)
        await operator.end()

    assert any(is_event(asked) for asked in cluster.asked)


async def test_named_namespaces_are_asked_by_themselves() -> None:
    """With namespaces configured there are no cluster-wide requests, so Roles are enough."""
    cluster = FakeCluster()
    await cluster.put("/api/v1/namespaces/cart/pods", pod(uid="u-2", namespace="cart"))
    settings = replace(LOCAL, namespaces=("shop", "cart"), pod_selector="app=web")
    async with operating(cluster, settings) as operator:
        await operator.until_ready()
        await cluster.heard(lambda asked: asked.path == "/api/v1/namespaces/cart/events")

    paths = {asked.path for asked in cluster.asked}
    selectors = {
        asked.query.get("labelSelector") for asked in cluster.asked if asked.path.endswith("/pods")
    }
    assert set() == paths & {"/api/v1/pods", "/api/v1/events"}
    assert {"app=web"} == selectors


async def test_missing_right_is_named_and_metrics_wait(caplog: pytest.LogCaptureFixture) -> None:
    """Without the right to pods it is live but not ready, /metrics waits, and the log says why."""
    cluster = await stage()
    cluster.refuse = lambda request: 403 if request.path == "/api/v1/pods" else 0
    async with operating(cluster) as operator:
        await cluster.heard(lambda asked: asked.path == "/api/v1/pods")
        alive, ready = await operator.get("/healthz"), await operator.get("/readyz")
        metrics = await operator.get("/metrics")
        await until(lambda: any("A right is missing" in each for each in caplog.messages))

    assert (200, 503, 503) == (alive[0], ready[0], metrics[0])
    assert "pods are not listed in full yet" in ready[1]


async def test_events_are_listed_after_their_pods() -> None:
    """Events are listed after pods, so that the pods that they are about are known."""
    cluster = await stage()
    cluster.refuse = lambda request: 503 if request.path == "/api/v1/pods" else 0
    async with operating(cluster) as operator:
        await until(lambda: operator.parts.watches[0].stats.errors.total() > 1)
        early = [each.path for each in cluster.asked if each.path == "/api/v1/events"]
        cluster.refuse = lambda _: 0
        await operator.until_ready()
        await cluster.heard(lambda asked: asked.path == "/api/v1/events")

    assert [] == early


@dataclass
class SlowCluster(FakeCluster):
    """A cluster in which a list of Events takes long."""

    listed: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/api/v1/events":
            await self.listed.wait()
        return await super().answer(request)


async def test_error_that_passed_does_not_end_the_wait_for_events() -> None:
    """After a failed list of pods, no restart is judged before Events are listed."""
    cluster = SlowCluster()
    await cluster.put("/api/v1/pods", pod())
    failing = iter([503, 503])
    cluster.refuse = lambda asked: next(failing, 0) if asked.path == "/api/v1/pods" else 0
    async with operating(cluster, replace(LOCAL, settle_seconds=0.1)) as operator:
        store, stats = operator.parts.store, operator.parts.watches[0].stats
        await until(lambda: stats.synced)
        await kill(cluster)
        await until(lambda: (store.next_due() or math.inf) <= time.time() or found(operator) > 0)
        operator.parts.controller.tick()
        early = found(operator)
        cluster.listed.set()
        await until(lambda: found(operator) > 0)
        _, metrics = await operator.get("/metrics")

    assert (2, 0) == (stats.errors["503"], early)
    assert 'cause="LivenessProbe"} 1\n' in metrics


async def test_nothing_is_asked_of_a_server_that_is_not_ready() -> None:
    """A server that is still starting is not taken to lack rights or definitions."""
    cluster = await stage()
    cluster.refuse = lambda request: 500 if request.path == "/readyz" else 0
    async with operating(cluster) as operator:
        await cluster.heard(lambda asked: asked.path == "/readyz")
        early = {asked.path for asked in cluster.asked}
        cluster.refuse = lambda _: 0
        await operator.until_ready()

    assert {"/readyz"} == early


async def test_nothing_is_watched_before_all_is_prepared() -> None:
    """Records are loaded before pods are watched and /metrics responds."""
    cluster, begun, done = await stage(), asyncio.Event(), asyncio.Event()

    async def prepare() -> None:
        begun.set()
        await done.wait()

    async with operating(cluster, preparations=(Worker(name="records", run=prepare),)) as operator:
        await begun.wait()
        status, text = await operator.get("/metrics")
        asked = [each.path for each in cluster.asked if each.path.endswith("/pods")]
        done.set()
        await operator.until_ready()

    assert (503, True) == (status, "the preparations are not finished yet" in text)
    assert [] == asked


async def test_address_in_use_ends_it_before_it_begins() -> None:
    """If the metrics port is in use, the operator ends with one line and watches nothing."""
    first, second = FakeCluster(), FakeCluster()
    async with operating(first) as operator:
        settings = replace(LOCAL, metrics_address=f"127.0.0.1:{operator.parts.server.port}")
        async with operating(second, settings) as other:
            with pytest.raises(SettingsError, match="in use"):
                await other.task

    assert [] == second.asked
