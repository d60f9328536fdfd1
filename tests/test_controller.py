"""Observations go in, findings come out to every sink, in order and whatever happens."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import pairwise

import msgspec
import pytest

from probewatch.boundary import Boundary
from probewatch.clock import Clock
from probewatch.controller import TURN, Controller, Sink
from probewatch.core.findings import (
    Finding,
    LoopEnded,
    LoopStarted,
    PodForgotten,
    PodTracked,
    ProbeFailures,
    Restart,
)
from probewatch.core.model import (
    ContainerStatus,
    OwnerRef,
    Pod,
    PodRef,
    PodUid,
    Termination,
    Workload,
)
from probewatch.core.observe import PodGone, PodObserved
from probewatch.core.policy import Policy
from probewatch.core.remembered import Remembered, RememberedContainer
from probewatch.core.spec import Container, PodSpec, Probe, ProbeType
from probewatch.feeds import EvidenceFeed, PodFeed
from probewatch.kube import event_objects
from probewatch.kube.objects import Metadata
from probewatch.kube.pods.raw_pod import RawPod
from probewatch.kube.workloads import nearest_workload
from probewatch.newcomers import Newcomer
from probewatch.store import Store
from tests.support.fake_time import FakeTime

SPEC = PodSpec(containers=(Container(name="app", liveness=Probe(probe_type=ProbeType.LIVENESS)),))


def pod(uid: str = "u-1", *, restarts: int = 0, version: int = 1, **values: object) -> Pod:
    status = ContainerStatus(
        name="app",
        restart_count=restarts,
        container_id=f"c-{restarts}",
        running_since=1000.0 + restarts,
        last=Termination(exit_code=1, reason="Error", container_id=f"c-{restarts - 1}")
        if restarts
        else None,
    )
    made = Pod(
        uid=PodUid(uid),
        namespace="shop",
        name=f"cart-{uid}",
        resource_version=version,
        spec=SPEC,
        statuses=(status,),
    )
    return replace(made, **values)  # type: ignore[arg-type]  # by name


@dataclass
class SpySink:
    """Remembers what was published."""

    published: list[tuple[Finding, Workload]] = field(default_factory=list)

    def publish(self, finding: Finding, workload: Workload) -> None:
        self.published.append((finding, workload))

    def of(self, kind: type[Finding]) -> list[Finding]:
        return [finding for finding, _ in self.published if isinstance(finding, kind)]


class BrokenSink:
    """Has a mistake in it."""

    def publish(self, finding: Finding, workload: Workload) -> None:
        raise ZeroDivisionError((finding, workload))


@dataclass
class FakeResolver:
    """Knows that everything is of one Deployment, or has a mistake in it."""

    broken: bool = False
    workload: Workload = field(
        default_factory=lambda: Workload(namespace="shop", kind="Deployment", name="cart")
    )

    def find(self, _pod: PodRef) -> Workload | None:
        return None

    async def resolve(self, pod: PodRef) -> Workload:
        if self.broken:
            raise ZeroDivisionError(pod)
        await asyncio.sleep(0)
        return self.workload


@dataclass
class Scene:
    """A controller with its fakes."""

    sink: SpySink = field(default_factory=SpySink)
    time: FakeTime = field(default_factory=FakeTime)
    resolver: FakeResolver = field(default_factory=FakeResolver)
    others: tuple[Sink, ...] = ()
    heard: bool = True
    """Whether what the kubelet said before the start is known."""
    watching: bool = True
    """Whether pods are seen as they change."""
    remember: Callable[[Newcomer], Remembered] | None = None

    def __post_init__(self) -> None:
        self.boundary = Boundary(clock=self.time.clock)
        self.controller = Controller(
            store=Store(remember=self.remember),
            sinks=(*self.others, self.sink),
            resolver=self.resolver,
            boundary=self.boundary,
            has_heard=lambda: self.heard,
            is_watching=lambda: self.watching,
        )

    @asynccontextmanager
    async def publishing(self) -> AsyncIterator[None]:
        """Publish all that is found in the block."""
        task = asyncio.create_task(self.controller.publish())
        yield
        await self.controller.drain(5)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_findings_reach_the_sink_with_their_workload_in_order() -> None:
    """What follows from an observation arrives, named, in the order in which it happened."""
    scene = Scene()
    async with scene.publishing():
        scene.controller.observe(PodObserved(pod=pod()))
        scene.controller.observe(PodObserved(pod=pod(restarts=1, version=2)))
        scene.controller.observe(PodGone(uid=PodUid("u-1")))

    kinds = [type(finding) for finding, _ in scene.sink.published]
    assert [PodTracked, Restart, PodForgotten] == [
        kind for kind in kinds if kind in {PodTracked, Restart, PodForgotten}
    ]
    assert {scene.resolver.workload} == {workload for _, workload in scene.sink.published}
    assert 0 == scene.controller.unpublished
    assert 1 == scene.controller.stats.findings["Restart"]


async def test_what_lists_showed_is_waited_for_and_nothing_after_it() -> None:
    """Counters are complete once all that a list showed is told, however much comes after it."""
    controller = (scene := Scene()).controller
    pods, events = PodFeed(controller, scene.boundary), EvidenceFeed(controller, scene.boundary)
    told = []
    for uid, end_list in (("u-1", pods.synced), ("u-2", events.synced)):
        controller.observe(PodObserved(pod=pod(uid, version=8)))
        end_list("7")
        told.append(controller.has_published_lists)
        async with scene.publishing():
            pass
        controller.observe(PodObserved(pod=pod(f"{uid}-later", version=8)))
        told.append(controller.has_published_lists and controller.unpublished > 0)

    assert [False, True, False, True] == told


@dataclass
class InstantResolver(FakeResolver):
    """Knows all workloads without asking."""

    def find(self, _pod: PodRef) -> Workload | None:
        return self.workload


async def test_updates_without_a_pause_do_not_fill_the_queue() -> None:
    """In each turn as much is handed on as one read of a watch can lead to."""
    scene = Scene(resolver=InstantResolver())
    controller = scene.controller
    publishing = asyncio.create_task(controller.publish())
    longest = 0
    for turn in range(20):
        for number in range(200):  # a read of a megabyte
            uid = f"u-{number}"
            controller.observe(PodObserved(pod=pod(uid, version=turn + 1)))
            controller.observe(PodGone(uid=PodUid(uid)))
        await asyncio.sleep(0)
        longest = max(longest, controller.unpublished)
    publishing.cancel()

    assert longest <= 400
    assert len(scene.sink.published) >= 19 * 400


async def test_broken_sink_does_not_hurt_the_others() -> None:
    """A mistake in one sink is counted under its name; the next sink gets the finding."""
    scene = Scene(others=(BrokenSink(),))
    async with scene.publishing():
        scene.controller.observe(PodObserved(pod=pod()))

    assert 1 == len(scene.sink.of(PodTracked))
    assert {"BrokenSink": 1} == +scene.boundary.errors


async def test_without_an_answer_the_nearest_owner_is_the_workload() -> None:
    """When the workload cannot be found out, findings still go out, with what the pod says."""
    scene = Scene(resolver=FakeResolver(broken=True))
    owner = OwnerRef(api_version="apps/v1", kind="ReplicaSet", name="cart-7d9f", uid="rs-1")
    async with scene.publishing():
        scene.controller.observe(PodObserved(pod=pod(owner=owner)))

    assert [
        Workload(
            namespace="shop", kind="ReplicaSet", name="cart-7d9f", api_version="apps/v1", uid="rs-1"
        )
    ] == [workload for _, workload in scene.sink.published]


def test_bare_pod_is_its_own_workload() -> None:
    """A pod that nobody owns is the workload itself."""
    alone = PodRef(uid=PodUid("u-1"), namespace="shop", name="cart")

    assert Workload(namespace="shop", kind="Pod", name="cart", uid="u-1") == nearest_workload(alone)


async def test_time_settles_what_waited_for_it() -> None:
    """A restart that waits for late evidence is published when its time has come."""
    scene = Scene()
    async with scene.publishing():
        scene.controller.observe(PodObserved(pod=pod()))
        scene.controller.observe(PodObserved(pod=pod(restarts=1, version=2)))
        scene.time.seconds += 3600
        scene.controller.tick()

    assert 1 == len(scene.sink.of(Restart))
    assert 0 == scene.controller.store.pending()


@dataclass
class FakeWall(FakeTime):
    """A clock that may be set."""

    ahead: float = 0.0

    @property
    def clock(self) -> Clock:
        return replace(super().clock, now=lambda: self.seconds + self.ahead)


@pytest.mark.parametrize("set_to", [-3600.0, 3600.0, -1.0], ids=["back", "forth", "corrected"])
async def test_clock_that_is_set_holds_no_verdict_up(set_to: float) -> None:
    """A restart waits for its verdict no longer than usual, whatever is done to the clock."""
    time = FakeWall()
    scene = Scene(time=time)
    async with scene.publishing():
        scene.controller.observe(PodObserved(pod=pod()))
        scene.controller.observe(PodObserved(pod=pod(restarts=1, version=2)))
        time.ahead = set_to
        for _ in range(40):
            time.seconds += 1
            scene.controller.tick()
        assert 0 == scene.controller.store.pending()
        scene.controller.observe(PodObserved(pod=pod(restarts=2, version=3)))
        scene.controller.tick()
        assert 1 == scene.controller.store.pending(), "by the new clock it has all the time again"

    assert 1 == len(scene.sink.of(Restart))


async def test_loop_does_not_end_because_the_clock_is_set_back() -> None:
    """Only verdicts are hurried: what is over when it was quiet for long stays as it is."""
    time = FakeWall()
    scene = Scene(time=time)
    async with scene.publishing():
        for number in range(6):
            scene.controller.observe(PodObserved(pod=pod(restarts=number, version=number + 1)))
            time.seconds += 5
        time.seconds += 60
        scene.controller.tick()
        waiting = scene.controller.store.waiting()
        time.ahead = -3600
        scene.controller.tick()

    assert 0 == scene.controller.store.pending()
    assert [] == scene.sink.of(LoopEnded)
    assert 1 == waiting == scene.controller.store.waiting()


def begin_loops(scene: Scene, pods: int = 1) -> None:
    """A container of each pod restarts five times within half a minute."""
    for number in range(6):
        for each in range(pods):
            observed = pod(f"u-{each}", restarts=number, version=number + 1)
            scene.controller.observe(PodObserved(pod=observed))
        scene.time.seconds += 5
    scene.time.seconds += 60
    while scene.controller.tick():
        pass


async def test_a_loop_does_not_end_while_nobody_is_watching() -> None:
    """The API server is away for hours: once it is back, the loop has to be seen to be quiet."""
    scene = Scene()
    async with scene.publishing():
        begin_loops(scene)
        scene.watching = False
        for _ in range(10):
            scene.time.seconds += 900
            scene.controller.tick()
        scene.watching = True
        scene.time.seconds += 600
        scene.controller.tick()
    assert [] == scene.sink.of(LoopEnded)
    assert 1 == len(scene.sink.of(LoopStarted))

    async with scene.publishing():
        scene.time.seconds += Policy().loop_quiet
        scene.controller.tick()
    assert 1 == len(scene.sink.of(LoopEnded))


async def test_a_loop_does_not_end_because_the_clock_is_set_forth() -> None:
    """No time has passed, for however many loops; from then on it does."""
    time = FakeWall()
    scene, pods = Scene(time=time), TURN + 2
    async with scene.publishing():
        begin_loops(scene, pods)
        time.ahead = 86400
        while scene.controller.tick():
            pass
    assert [] == scene.sink.of(LoopEnded)

    async with scene.publishing():
        time.seconds += Policy().loop_quiet
        while scene.controller.tick():
            pass
    assert pods == len(scene.sink.of(LoopEnded))


async def test_many_verdicts_that_fall_due_at_once_keep_nobody_waiting() -> None:
    """After a mass restart others get their turn between them, and all are told in one beat."""
    scene, pods = Scene(), 5 * TURN
    for number in range(pods):
        for version, restarts in ((1, 0), (2, 1)):
            observed = pod(f"u-{number}", version=version, restarts=restarts)
            scene.controller.observe(PodObserved(pod=observed))
    scene.time.seconds += 3600
    pending = [scene.controller.store.pending()]
    beat = asyncio.create_task(scene.controller.beat())
    while pending[-1]:
        await asyncio.sleep(0)
        pending.append(scene.controller.store.pending())
    beat.cancel()

    assert pods == pending[0]
    assert max(before - after for before, after in pairwise(pending)) <= TURN


async def test_nothing_is_judged_for_want_of_what_is_still_to_be_heard() -> None:
    """Until the first list of Events is in, no restart is published for want of one."""
    scene = Scene(heard=False)
    async with scene.publishing():
        scene.controller.observe(PodObserved(pod=pod()))
        scene.controller.observe(PodObserved(pod=pod(restarts=1, version=2)))
        scene.time.seconds += 3600
        scene.controller.tick()
        early = scene.controller.store.pending()
        scene.heard = True
        scene.controller.tick()

    assert (1, 0) == (early, scene.controller.store.pending())
    assert 1 == len(scene.sink.of(Restart))


async def test_heartbeat_measures_how_late_the_loop_is() -> None:
    """A busy event loop shows as lag."""
    scene = Scene(time=FakeTime(late=0.25))
    task = asyncio.create_task(scene.controller.beat())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()

    assert pytest.approx(0.25) == scene.controller.stats.loop_lag_seconds


def raw_pod(
    uid: str, name: str = "cart", namespace: str = "shop", *, version: int = 5, restarts: int = 0
) -> RawPod:
    pod = {
        "metadata": {
            "uid": uid,
            "name": name,
            "namespace": namespace,
            "resourceVersion": str(version),
        },
        "spec": {"containers": [{"name": "app", "livenessProbe": {}}]},
        "status": {"containerStatuses": [{"name": "app", "restartCount": restarts}]},
    }
    return msgspec.json.decode(msgspec.json.encode(pod), type=RawPod)


async def test_missed_deletion_is_found_by_the_next_list() -> None:
    """A pod that a complete list does not contain is gone; the others stay."""
    scene = Scene()
    feed = PodFeed(scene.controller, scene.boundary)
    async with scene.publishing():
        for uid in ("u-1", "u-2"):
            feed.changed("ADDED", raw_pod(uid))
        feed.listing()
        feed.listed(raw_pod("u-2"))
        feed.synced("9")

    assert ["u-1"] == [finding.pod.uid for finding in scene.sink.of(PodForgotten)]


async def test_list_of_one_namespace_says_nothing_of_others() -> None:
    """Watching several namespaces, the list of one does not sweep the pods of another."""
    scene = Scene()
    shop = PodFeed(scene.controller, scene.boundary, namespace="shop")
    async with scene.publishing():
        shop.changed("ADDED", raw_pod("u-1"))
        shop.changed("ADDED", raw_pod("u-2", namespace="bank"))
        shop.listing()
        shop.synced("9")

    assert ["u-1"] == [finding.pod.uid for finding in scene.sink.of(PodForgotten)]


async def test_list_of_another_history_is_told_by_its_pods() -> None:
    """A pod that a list shows in an older version than was known was taken back, with its past."""
    scene = Scene()
    feed = PodFeed(scene.controller, scene.boundary)
    async with scene.publishing():
        feed.changed("ADDED", raw_pod("u-1", version=8))
        feed.listing()
        feed.listed(raw_pod("u-1", version=8))
        same = feed.newest_lost()
        feed.listing()
        feed.listed(raw_pod("u-1", version=7))
        feed.listed(raw_pod("u-2", version=6))
        older = feed.newest_lost()
        feed.listing()

    assert (0, 8, 0) == (same, older, feed.newest_lost())


async def test_versions_of_records_prove_no_other_history() -> None:
    """They may be of one that was lost, written by a process that did not know of it yet."""
    remembered = Remembered(containers={"app": RememberedContainer(count=1, resource_version=90)})
    scene = Scene(remember=lambda _newcomer: remembered)
    feed = PodFeed(scene.controller, scene.boundary)
    lost = []
    async with scene.publishing():
        for version in (5, 5, 6):
            feed.listing()
            feed.listed(raw_pod("u-1", version=version))
            lost.append(feed.newest_lost())
            feed.synced("95")
        known = scene.controller.known_version(PodUid("u-1"))

    assert (90, [0, 0, 0]) == (known, lost)


async def test_last_version_of_a_deleted_pod_counts() -> None:
    """A restart that is first seen in the object of the deletion is not lost."""
    scene = Scene()
    feed = PodFeed(scene.controller, scene.boundary)
    last = raw_pod("u-1", version=6, restarts=1)
    async with scene.publishing():
        feed.changed("ADDED", raw_pod("u-1"))
        feed.deleted(last)

    assert 1 == len(scene.sink.of(Restart))
    assert 1 == len(scene.sink.of(PodForgotten))


async def test_object_that_breaks_a_rule_costs_only_itself() -> None:
    """An object nobody thought of is counted; it is not taken for gone, and the next one counts."""
    scene = Scene()
    feed = PodFeed(scene.controller, scene.boundary)
    strange = raw_pod("u-1")
    async with scene.publishing():
        feed.changed("ADDED", raw_pod("u-1"))
        strange.spec = "no spec at all"  # type: ignore[assignment]  # that is the point
        feed.listing()
        feed.listed(strange)
        feed.listed(raw_pod("u-2"))
        feed.synced("9")

    assert {"pod feed": 1} == +scene.boundary.errors
    assert [] == scene.sink.of(PodForgotten)
    assert 2 == len(scene.sink.of(PodTracked))


async def test_events_of_others_are_no_evidence() -> None:
    """Anybody can write an Event: only the kubelet's are listened to, and expiry says nothing."""
    scene = Scene()
    feed = EvidenceFeed(scene.controller, scene.boundary)
    forged = event_objects.Event(
        involved_object=event_objects.InvolvedObject(kind="Pod", uid="u-1", name="cart"),
        reason="Killing",
        message="Container app failed liveness probe, will be restarted",
        source=event_objects.Source(component="stranger"),
    )
    async with scene.publishing():
        feed.listing()
        feed.listed(forged)
        feed.synced("9")
        feed.changed("ADDED", forged)
        feed.deleted(forged)

    assert ([], {}) == (scene.sink.published, +scene.boundary.errors)


async def test_failures_from_before_the_start_are_not_counted_again() -> None:
    """Those of the first list were, by the process before; a later list tells what was missed."""
    scene = Scene()
    pods, feed = (
        PodFeed(scene.controller, scene.boundary),
        EvidenceFeed(scene.controller, scene.boundary),
    )

    def failed(count: int, minute: int) -> event_objects.Event:
        return event_objects.Event(
            metadata=Metadata(name="cart.1", namespace="shop"),
            involved_object=event_objects.InvolvedObject(
                kind="Pod", uid="u-1", name="cart", field_path="spec.containers{app}"
            ),
            reason="Unhealthy",
            message="Liveness probe failed: HTTP probe failed with statuscode: 500",
            source=event_objects.Source(component="kubelet"),
            count=count,
            last_timestamp=f"2026-11-20T08:{minute:02}:00Z",
        )

    async with scene.publishing():
        pods.changed("ADDED", raw_pod("u-1"))
        for count in (20, 22):
            feed.listing()
            feed.listed(failed(count, count))
            feed.synced("9")
        feed.changed("MODIFIED", failed(25, 25))

    told = [each for each in scene.sink.of(ProbeFailures) if isinstance(each, ProbeFailures)]
    assert [2, 3] == [each.count for each in told]


async def test_long_running_work_is_done_again_after_a_mistake() -> None:
    """A task that breaks is counted and begins again after a pause that grows."""
    time = FakeTime()
    boundary = Boundary(clock=time.clock)
    begun: list[float] = []
    enough = asyncio.Event()

    async def work() -> None:
        begun.append(time.seconds)
        if len(begun) == 4:
            enough.set()
            await asyncio.Event().wait()
        raise ZeroDivisionError

    task = asyncio.create_task(boundary.keep_running("work", work))
    await enough.wait()
    task.cancel()

    assert [1000.0, 1001.0, 1003.0, 1007.0] == begun
    assert {"work": 3} == +boundary.errors
