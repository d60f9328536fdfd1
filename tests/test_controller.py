"""The controller: observations go in, and findings come out in order, to every sink."""

import asyncio
from dataclasses import dataclass, field, replace
from itertools import pairwise

import pytest

from probewatch.clock import Clock
from probewatch.controller import TURN
from probewatch.core.findings import (
    Finding,
    LoopEnded,
    LoopStarted,
    PodForgotten,
    PodTracked,
    Restart,
)
from probewatch.core.model import (
    OwnerRef,
    PodRef,
    PodUid,
    Workload,
)
from probewatch.core.observe import PodGone, PodObserved
from probewatch.core.policy import Policy
from probewatch.feeds import EvidenceFeed, PodFeed
from probewatch.kube.workloads import nearest_workload
from tests.support.controller_scene import FakeResolver, Scene, pod
from tests.support.fake_time import FakeTime


class BrokenSink:
    """A sink that raises an error for each finding."""

    def publish(self, finding: Finding, workload: Workload) -> None:
        raise ZeroDivisionError((finding, workload))


@dataclass
class FakePolicies:
    """Returns one policy for all pods, and counts how often it is asked."""

    policy: Policy = field(default_factory=Policy)
    asked: int = 0

    def find(self, _pod: object) -> Policy:
        self.asked += 1
        return self.policy


async def test_findings_reach_the_sink_with_their_workload_in_order() -> None:
    """Findings are published with their workload, in the order of the observations."""
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
    """`has_published_lists` waits for what the first lists contained, not for what came later."""
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
    """Knows the workload of every pod without a request."""

    def find(self, _pod: PodRef) -> Workload | None:
        return self.workload


async def test_updates_without_a_pause_do_not_fill_the_queue() -> None:
    """Each turn of the event loop publishes as much as one read of a watch can bring, or more."""
    scene = Scene(resolver=InstantResolver())
    controller = scene.controller
    publishing = asyncio.create_task(controller.publish())
    longest = 0
    for turn in range(20):
        for number in range(200):  # about what one read of a megabyte contains
            uid = f"u-{number}"
            controller.observe(PodObserved(pod=pod(uid, version=turn + 1)))
            controller.observe(PodGone(uid=PodUid(uid)))
        await asyncio.sleep(0)
        longest = max(longest, controller.unpublished)
    publishing.cancel()

    assert longest <= 400
    assert len(scene.sink.published) >= 19 * 400


async def test_broken_sink_does_not_hurt_the_others() -> None:
    """An error in one sink is counted under its name; the next sink gets the finding."""
    scene = Scene(others=(BrokenSink(),))
    async with scene.publishing():
        scene.controller.observe(PodObserved(pod=pod()))

    assert 1 == len(scene.sink.of(PodTracked))
    assert {"BrokenSink": 1} == +scene.boundary.errors


async def test_without_an_answer_the_nearest_owner_is_the_workload() -> None:
    """If the workload cannot be looked up, findings are published under the pod's direct owner."""
    scene = Scene(resolver=FakeResolver(broken=True))
    owner = OwnerRef(api_version="apps/v1", kind="ReplicaSet", name="cart-7d9f", uid="rs-1")
    async with scene.publishing():
        scene.controller.observe(PodObserved(pod=pod(owner=owner)))

    assert [
        Workload(
            namespace="shop", kind="ReplicaSet", name="cart-7d9f", api_version="apps/v1", uid="rs-1"
        )
    ] == [workload for _, workload in scene.sink.published]


ODD_AND_OTHERS = ["cart-odd", "cart-u-1", "cart-u-2"]


class OddOwner:
    """An owner reference without a kind: reading it raises an error."""

    uid = "odd"


@dataclass
class BrokenResolver(FakeResolver):
    """Raises an error in every method."""

    broken: bool = True

    def find(self, pod: PodRef) -> Workload | None:
        raise ZeroDivisionError(pod)


@pytest.mark.parametrize(
    ("resolver", "owner", "told", "errors"),
    [
        (BrokenResolver(), None, ODD_AND_OTHERS, {"workload": 6}),
        (InstantResolver(), OddOwner(), ["cart"] * 3, {"gather": 1}),
        (FakeResolver(broken=True), OddOwner(), ODD_AND_OTHERS, {"gather": 1, "workload": 4}),
    ],
    ids=["workload in the cache", "gathering", "nearest owner too"],
)
async def test_mistake_on_the_way_to_the_workload_loses_no_finding(
    resolver: FakeResolver, owner: object, told: list[str], errors: dict[str, int]
) -> None:
    """An error while the workload is found loses neither this pod's findings nor others'."""
    scene = Scene(resolver=resolver)
    async with scene.publishing():
        scene.controller.observe(PodObserved(pod=pod("odd", owner=owner)))
        scene.controller.observe(PodObserved(pod=pod("u-1")))
        scene.controller.observe(PodObserved(pod=pod("u-2")))

    published = scene.sink.published
    assert told == [workload.name for found, workload in published if isinstance(found, PodTracked)]
    assert errors == +scene.boundary.errors


def test_bare_pod_is_its_own_workload() -> None:
    """A pod without an owner is its own workload."""
    alone = PodRef(uid=PodUid("u-1"), namespace="shop", name="cart")

    assert Workload(namespace="shop", kind="Pod", name="cart", uid="u-1") == nearest_workload(alone)


async def test_time_settles_what_waited_for_it() -> None:
    """A restart that waits for late evidence is published once its wait is over."""
    scene = Scene()
    async with scene.publishing():
        scene.controller.observe(PodObserved(pod=pod()))
        scene.controller.observe(PodObserved(pod=pod(restarts=1, version=2)))
        scene.time.seconds += 3600
        scene.controller.tick()

    assert 1 == len(scene.sink.of(Restart))
    assert 0 == scene.controller.store.pending()


@pytest.mark.parametrize("heard", [True, False], ids=["Events are listed", "not yet"])
async def test_controller_that_leaves_judges_what_the_next_could_not(*, heard: bool) -> None:
    """Of two restarts the pod shows the end of the last one, which is left to the next process.

    Without the Events from before the start nothing is judged: they may explain it.
    """
    scene = Scene(heard=heard)
    async with scene.publishing():
        for restarts in range(3):
            scene.controller.observe(PodObserved(pod=pod(restarts=restarts, version=restarts + 1)))
        await scene.controller.leave(5)

    told = [each.restart_count for each in scene.sink.of(Restart) if isinstance(each, Restart)]
    assert ([1] if heard else []) == told


@dataclass
class FakeWall(FakeTime):
    """A wall clock that can be set; the monotonic clock is not affected."""

    ahead: float = 0.0

    @property
    def clock(self) -> Clock:
        return replace(super().clock, now=lambda: self.seconds + self.ahead)


@pytest.mark.parametrize("set_to", [-3600.0, 3600.0, -1.0], ids=["back", "forth", "corrected"])
async def test_clock_that_is_set_holds_no_verdict_up(set_to: float) -> None:
    """A restart waits no longer than usual for its verdict when the wall clock is set."""
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
    """Setting the clock back publishes pending verdicts early, but ends no loop."""
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
    """Let a container of each pod restart five times within half a minute."""
    for number in range(6):
        for each in range(pods):
            observed = pod(f"u-{each}", restarts=number, version=number + 1)
            scene.controller.observe(PodObserved(pod=observed))
        scene.time.seconds += 5
    scene.time.seconds += 60
    while scene.controller.tick():
        pass


async def test_a_loop_does_not_end_while_nobody_is_watching() -> None:
    """A loop does not end while the API server is away: only time that was watched is quiet."""
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
    """Setting the clock forward ends no loop; real time after that does."""
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
    """After a mass restart the verdicts come in portions, so that other tasks run in between.

    One beat publishes them all.
    """
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


async def test_pods_are_judged_anew_with_the_next_heartbeat() -> None:
    """After policies of a namespace changed, only its pods are judged again, once.

    They are judged in portions, so that other tasks run in between.
    """
    policies = FakePolicies()
    scene = Scene(policy_for=policies.find)
    for number in range(3 * TURN):
        for version, restarts in ((1, 0), (2, 1)):
            namespace = "shop" if number < 2 * TURN else "other"
            observed = pod(f"u-{number}", version=version, restarts=restarts, namespace=namespace)
            scene.controller.observe(PodObserved(pod=observed))
    policies.asked = 0
    for _ in range(5):
        scene.controller.reconsider("shop")
    asked = await scene.beat(lambda: policies.asked)

    assert (0, 2 * TURN) == (asked[0], asked[-1])
    assert TURN == max(after - before for before, after in pairwise(asked))


async def test_no_policy_lets_pods_be_judged_before_events_are_listed() -> None:
    """A changed policy is applied only after the first list of Events was processed."""
    policies = FakePolicies()
    scene = Scene(policy_for=policies.find, heard=False)
    for version, restarts in ((1, 0), (2, 1)):
        scene.controller.observe(PodObserved(pod=pod(version=version, restarts=restarts)))
    policies.asked = 0
    scene.controller.reconsider("shop")
    early = await scene.beat(lambda: policies.asked)
    scene.heard = True
    late = await scene.beat(lambda: policies.asked)

    assert (0, 1) == (early[-1], late[-1])


async def test_a_loop_ends_by_what_a_policy_says_of_it_now() -> None:
    """A shorter `loop_quiet` ends a loop that is going on, without another restart."""
    policies = FakePolicies()
    scene = Scene(policy_for=policies.find)
    async with scene.publishing():
        for restarts in range(5):
            observed = pod(version=1 + restarts, restarts=restarts)
            scene.controller.observe(PodObserved(pod=observed))
            scene.time.seconds += 1
        scene.time.seconds += 60
        await scene.beat(lambda: None)
        policies.policy = Policy(loop_quiet=10.0)
        await scene.beat(lambda: None)
        before = scene.controller.stats.findings["LoopEnded"]
        scene.controller.reconsider("shop")
        await scene.beat(lambda: None)

    assert (0, 1) == (before, len(scene.sink.of(LoopEnded)))


async def test_nothing_is_judged_before_events_are_listed() -> None:
    """No restart gets its verdict before the first list of Events was processed."""
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
    """The delay of the event loop is measured as lag."""
    scene = Scene(time=FakeTime(late=0.25))
    task = asyncio.create_task(scene.controller.beat())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()

    assert pytest.approx(0.25) == scene.controller.stats.loop_lag_seconds
