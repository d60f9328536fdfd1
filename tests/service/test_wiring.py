"""How the parts of the operator are connected: what is run, and what each passes on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from probewatch.clock import Clock
from probewatch.core.model import OwnerRef, PodRef, PodUid
from probewatch.core.observe import PodObserved
from probewatch.kube.access import Access
from probewatch.kube.client import ApiClient
from probewatch.kube.login import Login
from probewatch.service.parts import Parts
from probewatch.service.service import Service
from probewatch.settings import Settings
from probewatch.supervisor import Supervisor
from tests.commands import shop
from tests.service.waiting import until, wait_for_the_end
from tests.support.controller_scene import pod
from tests.support.credentials import HeldCredentials
from tests.support.fake_cluster import FakeCluster, serving
from tests.support.fake_time import FakeTime
from tests.support.operator_parts import let_lists_be_complete, lose_readiness, make_parts, publish
from tests.support.probe_policies import read_policy

SETTINGS = Settings(metrics_address="127.0.0.1:0", instance="test", lease_namespace="probewatch")
ALONE = replace(SETTINGS, records=False)
"""Without records: this process is the one that writes."""

OWNER = OwnerRef(api_version="apps/v1", kind="ReplicaSet", name="web-1", uid="rs-1")
REF = PodRef(uid=PodUid("u-1"), namespace="shop", name="web-1-x", owner=OWNER)
DEPLOYMENT = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": "d-1"} | {
    "controller": True
}

GREET, POLICIES, RECORDS, OWNERS = "greet", "read policies", "load records", "list owners"


@asynccontextmanager
async def connected(cluster: FakeCluster, settings: Settings) -> AsyncIterator[Parts]:
    """Parts whose requests go to this cluster; none of them runs."""
    async with serving(cluster) as server:
        access = Access(where="test", server=server, authorization="")
        login = Login(HeldCredentials(access), clock=Clock())
        await login.read()
        async with ApiClient(login, timeout_seconds=5, clock=Clock()) as client:
            yield Parts(settings=settings, login=login, client=client, clock=FakeTime().clock)


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        (SETTINGS, [GREET, POLICIES, RECORDS, OWNERS]),
        (ALONE, [GREET, POLICIES, OWNERS]),
        (replace(SETTINGS, dry_run=True), [GREET, POLICIES, OWNERS]),
        (replace(SETTINGS, pod_selector="app=web"), [GREET, POLICIES, RECORDS]),
    ],
    ids=["all", "without records", "dry run", "some pods"],
)
async def test_preparations_are_in_order(settings: Settings, names: list[str]) -> None:
    """Policies are read before records; owners are listed unless only some pods are watched."""
    parts = await make_parts(settings)

    assert names == [each.name for each in parts.preparations]


WRITING = {"login", "policies", "policy statuses", "publish", "events"}
RECORDING = {"lease", "records", "reports", "display"}


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        (SETTINGS, WRITING | RECORDING),
        (ALONE, WRITING),
        (replace(SETTINGS, corroborate=True), WRITING | RECORDING | {"corroboration"}),
    ],
    ids=["with records", "without records", "with corroboration"],
)
async def test_every_part_with_work_is_run(settings: Settings, names: set[str]) -> None:
    """Each part that has something to do is among the workers, once."""
    parts = await make_parts(settings)

    assert sorted(names) == sorted(each.name for each in parts.workers)


async def test_metrics_name_all_that_they_wait_for() -> None:
    """/metrics waits for credentials, preparations, records, lists, and their publication."""
    parts = await make_parts(SETTINGS)
    parts.client.stats.is_refused = True

    refused, unprepared, unloaded, *lists = parts.find_missing()

    assert refused.startswith("the API server refuses the credentials")
    assert "the preparations are not finished yet" == unprepared
    assert "the records are not loaded yet" == unloaded
    assert ["pods are not listed in full yet", "pods are not looked at in full yet"] == lists


async def test_owners_are_listed_where_pods_are_watched() -> None:
    """With namespaces configured, owners are listed in these only: a Role in each is enough."""
    cluster = FakeCluster()
    async with connected(cluster, replace(ALONE, namespaces=("shop", "cart"))) as parts:
        await parts.preparations[-1].run()

    places = {asked.path.partition("/namespaces/")[2].split("/")[0] for asked in cluster.asked}
    assert {"shop", "cart"} == places


async def test_list_of_one_namespace_says_nothing_of_others() -> None:
    """A complete list of one namespace does not delete the pods of another one."""
    cluster = FakeCluster()
    for name in ("shop", "cart"):
        item = {**shop.pod(), "metadata": {"name": "web", "namespace": name, "uid": name}}
        await cluster.put(f"/api/v1/namespaces/{name}/pods", item)
    settings = replace(ALONE, namespaces=("shop", "cart"))
    async with connected(cluster, settings) as parts, asyncio.timeout(5):
        one, other, *_ = parts.watches
        running = [asyncio.ensure_future(each.run()) for each in (one, other)]
        await until(lambda: one.stats.synced and other.stats.synced)
        for each in running:
            each.cancel()

        assert {"shop", "cart"} == {each.namespace for each in parts.store.headers()}


async def test_events_of_a_namespace_follow_the_pods_of_that_namespace() -> None:
    """Whether a verdict has to wait for Events depends on the watches of its own namespace."""
    parts = await make_parts(replace(ALONE, namespaces=("shop", "cart")))
    pods = [each.stats for each in parts.watches if each.is_essential]
    followed = [each.follows for each in parts.watches if each.follows is not None]

    assert 2 == len(pods)
    assert [id(each) for each in pods] == [id(each) for each in followed]


async def test_reboots_are_told_by_events_about_nodes() -> None:
    """The kubelets' Events about nodes are watched where they are, under a name of their own."""
    cluster = FakeCluster()
    async with connected(cluster, ALONE) as parts, asyncio.timeout(5):
        watch = parts.watches[-1]
        running = asyncio.ensure_future(watch.run())
        asked = await cluster.heard(lambda asked: asked.path.endswith("/events"))
        running.cancel()

    assert "/api/v1/namespaces/default/events" == asked.path
    assert "involvedObject.kind=Node,source=kubelet" == asked.query["fieldSelector"]
    assert len(parts.watches) == len({each.stats.resource for each in parts.watches})


@pytest.mark.parametrize(
    ("settings", "queued"),
    [
        (ALONE, 1),
        (replace(ALONE, events=False), 0),
        (replace(ALONE, dry_run=True), 0),
        (SETTINGS, 0),
    ],
    ids=["alone", "events off", "dry run", "not the leader"],
)
async def test_only_who_may_write_queues_events(settings: Settings, queued: int) -> None:
    """A finding becomes an Event unless Events are off, this is a dry run, or another leads."""
    parts = await make_parts(settings)
    await lose_readiness(parts)

    assert queued == parts.recorder.queued


async def test_policy_of_a_pod_turns_its_events_off() -> None:
    """A ProbePolicy that turns Events off holds for the pods that it applies to."""
    parts = await make_parts(ALONE)
    parts.policies.index.take(read_policy(spec={"events": False}))
    await lose_readiness(parts)

    assert 0 == parts.recorder.queued


async def test_policy_of_a_pod_limits_what_its_report_holds() -> None:
    """A ProbePolicy says how many incidents are kept, and else the settings do."""
    parts = await make_parts(SETTINGS)
    assert parts.recording is not None
    parts.controller.observe(PodObserved(pod=pod()))
    (uid,) = parts.store.uids()
    before = parts.recording.limit_for(uid)
    parts.policies.index.take(read_policy(spec={"historyLimit": 7}))

    assert (SETTINGS.history_limit, 7) == (before, parts.recording.limit_for(uid))


@pytest.mark.parametrize("is_dry", [False, True], ids=["with Events", "dry run"])
async def test_kubelet_is_asked_after_an_uncertain_verdict(*, is_dry: bool) -> None:
    """With corroboration, an uncertain restart leads to a question about its node."""
    cluster = FakeCluster()
    settings = replace(ALONE, corroborate=True, dry_run=is_dry, settle_seconds=0.0)
    async with connected(cluster, settings) as parts, asyncio.timeout(5):
        let_lists_be_complete(parts)
        for version in (1, 2):
            seen = pod(version=version, restarts=version - 1, node="n1", phase="Running")
            parts.controller.observe(PodObserved(pod=seen))
        parts.controller.tick()
        await publish(parts)
        (worker,) = [each for each in parts.workers if each.name == "corroboration"]
        asking = asyncio.ensure_future(worker.run())
        await cluster.heard(lambda asked: asked.path == "/api/v1/nodes/n1")
        asking.cancel()


@pytest.mark.parametrize(
    ("settings", "is_listed"), [(SETTINGS, True), (ALONE, False)], ids=["standby", "unlisted"]
)
async def test_status_of_policies_waits(settings: Settings, *, is_listed: bool) -> None:
    """A replica writes the status of policies only if it leads, and has seen all pods."""
    cluster = FakeCluster()
    async with connected(cluster, settings) as parts:
        if is_listed:
            let_lists_be_complete(parts)
        parts.policies.index.take(read_policy())
        await parts.policies.statuses.tell()

        assert [] == cluster.asked


async def test_leader_that_has_seen_all_pods_writes_the_status_of_policies() -> None:
    """Once all pods are listed, the process that may write writes the status of policies."""
    cluster = FakeCluster()
    async with connected(cluster, ALONE) as parts:
        let_lists_be_complete(parts)
        parts.policies.index.take(read_policy())
        await parts.policies.statuses.tell()

    assert ["/apis/probewatch.dev/v1alpha1/namespaces/shop/probepolicies/one/status"] == [
        asked.path for asked in cluster.written()
    ]


async def test_owners_without_pods_are_forgotten_after_the_first_list(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Once all pods are listed, listed owners that no pod has are dropped: they cost memory."""
    caplog.set_level("INFO")
    cluster, stop = FakeCluster(), asyncio.Event()
    meta = {"name": "web-1", "namespace": "shop", "uid": "rs-1", "ownerReferences": [DEPLOYMENT]}
    await cluster.put("/apis/apps/v1/replicasets", {"metadata": meta})
    async with connected(cluster, ALONE) as parts, asyncio.timeout(5):
        await parts.preparations[-1].run()
        let_lists_be_complete(parts)
        parts.supervisor = Supervisor(wait_for_the_end, clock=parts.clock)
        parts.preparations = parts.workers = parts.watches = ()
        running = asyncio.create_task(Service(parts).run(stop))
        await until(lambda: "All pods are listed" in caplog.messages)
        stop.set()
        await running

        assert parts.workloads.find(REF) is None


async def test_listed_owners_need_no_request() -> None:
    """The workload of a pod is known from the list of owners."""
    cluster = FakeCluster()
    meta = {"name": "web-1", "namespace": "shop", "uid": "rs-1", "ownerReferences": [DEPLOYMENT]}
    await cluster.put("/apis/apps/v1/replicasets", {"metadata": meta})
    async with connected(cluster, ALONE) as parts:
        await parts.preparations[-1].run()
        found = parts.workloads.find(REF)

    assert found is not None
    assert ("Deployment", "web") == (found.kind, found.name)
