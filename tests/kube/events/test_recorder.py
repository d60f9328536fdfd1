"""Events are written once, within bounds, and never make anyone wait."""

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pytest

from probewatch.core.causes import Cause, Confidence, Readiness, ReadinessReason
from probewatch.core.findings import (
    Finding,
    FlappingChanged,
    LoopEnded,
    LoopStarted,
    PodTracked,
    ReadinessChanged,
    Restart,
    RestartCorrected,
)
from probewatch.core.model import PodRef, PodUid, Workload
from probewatch.core.spec import ContainerKind, PodSpec
from probewatch.errors import ApiError
from probewatch.kube.events.recorder import Recorder, RecorderOptions
from probewatch.kube.events.writer import TRIES, EventWriter
from probewatch.kube.token_bucket import TokenBucket
from probewatch.metrics.collector import DROPS
from tests.support.fake_time import FakeTime

POD = PodRef(uid=PodUid("u-1"), namespace="shop", name="cart-1")
WORKLOAD = Workload(namespace="shop", kind="Pod", name="cart-1")
RESTART = Restart(
    pod=POD,
    container="app",
    container_kind=ContainerKind.REGULAR,
    restart_count=1,
    epoch=0,
    cause=Cause.LIVENESS_PROBE,
    confidence=Confidence.CONFIRMED,
    rule="killing-event",
)
CREATED = (201, b"{}")


@dataclass
class FakeApi:
    """An API server that gives the answers it was told, then creates everything."""

    answers: list[tuple[int, bytes] | Exception] = field(default_factory=list)
    posted: list[tuple[str, str, Mapping[str, object]]] = field(default_factory=list)
    open_for_business: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.open_for_business.set()

    async def request(
        self, verb: str, path: str, *, body: object | None = None
    ) -> tuple[int, bytes]:
        await self.open_for_business.wait()
        assert isinstance(body, dict)
        self.posted.append((verb, path, body))
        answer = self.answers.pop(0) if self.answers else CREATED
        if isinstance(answer, Exception):
            raise answer
        return answer


@dataclass
class Scene:
    """A recorder with its fakes."""

    api: FakeApi
    time: FakeTime
    recorder: Recorder

    async def settle(self) -> None:
        """Let the workers write all that is queued."""
        task = asyncio.create_task(self.recorder.run())
        await self.recorder.drain(5)
        task.cancel()
        await asyncio.wait([task])

    def publish(self, *findings: Finding) -> None:
        for finding in findings:
            self.recorder.publish(finding, WORKLOAD)

    def drops(self, finding: Finding) -> bool:
        """Whether the pod's budget costs a finding its Event."""
        before = self.recorder.stats.dropped["PodBudget"]
        self.publish(finding)
        return self.recorder.stats.dropped["PodBudget"] > before


@pytest.fixture(name="scene")
def _scene() -> Scene:
    return make_scene()


def make_scene(*answers: tuple[int, bytes] | Exception, **bounds: float) -> Scene:
    api, time = FakeApi(answers=list(answers)), FakeTime()
    writer = EventWriter(requester=api, instance="me", clock=time.clock, jitter=lambda: 1.0)
    recorder = Recorder(
        writer=writer,
        options=replace(RecorderOptions(workers=1), **bounds),  # type: ignore[arg-type]  # by name
        spec_of=lambda _uid: None,
        clock=time.clock,
    )
    return Scene(api=api, time=time, recorder=recorder)


def restarts(number: int, *, pods: int = 1) -> list[Restart]:
    return [
        replace(RESTART, restart_count=n + 1, pod=replace(POD, uid=PodUid(f"u-{pod}")))
        for pod in range(pods)
        for n in range(number)
    ]


async def test_finding_becomes_an_event_in_the_pods_namespace(scene: Scene) -> None:
    """A finding is posted once, where kubectl looks for the pod's Events."""
    scene.publish(RESTART)

    await scene.settle()

    [(verb, path, body)] = scene.api.posted
    assert ("POST", "/apis/events.k8s.io/v1/namespaces/shop/events") == (verb, path)
    assert ("LivenessProbeRestart", "me") == (body["reason"], body["reportingInstance"])
    assert {"LivenessProbeRestart": 1} == scene.recorder.stats.posted


async def test_findings_without_an_event_are_left_alone(scene: Scene) -> None:
    """Tracking a pod, say, is no news: nothing is queued."""
    scene.recorder.publish(PodTracked(pod=POD, spec=PodSpec()), WORKLOAD)

    assert 0 == scene.recorder.queued


async def test_corrected_verdict_is_posted_for_its_pod(scene: Scene) -> None:
    """A cause that turned out to be another gets an Event of its own."""
    was = replace(RESTART, cause=Cause.UNKNOWN)
    scene.recorder.publish(RestartCorrected(was=was, now=RESTART), WORKLOAD)

    await scene.settle()

    assert 1 == len(scene.api.posted)


async def test_same_event_is_not_posted_again(scene: Scene) -> None:
    """What was told in this life is not sent a second time."""
    scene.publish(RESTART, RESTART)
    await scene.settle()
    scene.publish(RESTART)
    await scene.settle()

    assert 1 == len(scene.api.posted)


async def test_already_exists_is_success() -> None:
    """After a crash the same Event is posted again; that it is there already is what we want."""
    scene = make_scene((409, b'{"reason":"AlreadyExists"}'))
    scene.publish(RESTART)

    await scene.settle()

    stats = scene.recorder.stats
    assert (1, 1, Counter()) == (stats.posted.total(), stats.existed, stats.dropped)


@pytest.mark.parametrize(
    "trouble",
    [
        (500, b""),
        (503, b""),
        (429, b""),
        (401, b""),
        ApiError("gone"),
        OSError("reset"),
        TimeoutError(),
    ],
    ids=["500", "503", "429", "401", "api error", "reset", "timeout"],
)
async def test_trouble_that_may_pass_is_tried_again(
    trouble: tuple[int, bytes] | Exception,
) -> None:
    """No answer, or one that says "not now", costs a growing pause and no Event."""
    scene = make_scene(trouble, trouble, trouble)
    scene.publish(RESTART)

    await scene.settle()

    assert [0.5, 1.0, 2.0] == scene.time.slept
    assert (1, 3) == (scene.recorder.stats.posted.total(), scene.recorder.stats.retries)


async def test_server_says_how_long_to_wait() -> None:
    """An Event is not sent again before it may be; our own pauses may be longer."""
    busy = (429, b'{"details":{"retryAfterSeconds":3}}')
    scene = make_scene(*[busy] * 4)
    scene.publish(RESTART)

    await scene.settle()

    assert [3.0, 3.0, 3.0, 4.0] == scene.time.slept
    assert 1 == scene.recorder.stats.posted.total()


async def test_trouble_that_does_not_pass_is_given_up() -> None:
    """After about four minutes an Event is dropped and counted; the next one is tried anew."""
    scene = make_scene(*[(500, b"boom")] * TRIES)
    scene.publish(*restarts(2))

    await scene.settle()

    assert {"Unanswered": 1} == scene.recorder.stats.dropped
    assert 1 == scene.recorder.stats.posted.total()
    assert 30.0 == max(scene.time.slept)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ((403, b"forbidden"), "Forbidden"),
        ((404, b""), "NamespaceGone"),
        ((422, b"invalid"), "Rejected"),
        ((302, b""), "Rejected"),
        ((799, b""), "Unanswered"),
        ((403, b'{"causes":[{"reason":"NamespaceTerminating"}]}'), "NamespaceTerminating"),
    ],
)
async def test_refusal_is_final(answer: tuple[int, bytes], why: str) -> None:
    """What the API server refuses is not sent again; the reason is counted, from 0 on."""
    scene = make_scene(*[answer] * TRIES)
    scene.publish(RESTART)

    await scene.settle()

    assert {why: 1} == scene.recorder.stats.dropped
    assert why in DROPS


async def test_refusals_are_logged_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    """A missing right is named once in a minute, with the answer cut and made harmless."""
    scene = make_scene(*[(403, b"no\nright\x1b[2J" + b"x" * 1000)] * 9)
    with caplog.at_level(logging.WARNING):
        scene.publish(*restarts(3))
        await scene.settle()
        scene.time.seconds += 61
        scene.publish(*restarts(5))
        await scene.settle()

    assert 2 == len(caplog.records)
    answer = vars(caplog.records[0])["answer"]
    assert answer.startswith("no right[2J")
    assert len(answer.encode()) <= 256


async def test_refusal_is_told_in_the_servers_words(caplog: pytest.LogCaptureFixture) -> None:
    """Whoever reads the log sees what a policy says, and not the object that says it."""
    status = b'{"kind": "Status", "metadata": {}, "message": "policy says no", "code": 422}'
    scene = make_scene((422, status))
    scene.publish(RESTART)
    await scene.settle()

    assert ["policy says no"] == [vars(each)["answer"] for each in caplog.records]


async def test_terminating_namespace_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Pods of a namespace that is being deleted get no Event, and that is no trouble."""
    scene = make_scene((403, b"NamespaceTerminating"))
    scene.publish(RESTART)

    await scene.settle()

    assert [] == caplog.records


async def test_one_pod_has_a_budget(scene: Scene) -> None:
    """A loop gets 25 Events and then one in five minutes; another pod's are not touched by it."""
    scene.publish(*restarts(30))
    scene.publish(replace(RESTART, pod=replace(POD, uid=PodUid("another"))))

    assert ({"PodBudget": 5}, 26) == (scene.recorder.stats.dropped, scene.recorder.queued)

    scene.time.seconds += 300
    scene.publish(*restarts(32))

    assert 27 == scene.recorder.queued


def readiness(at: float) -> ReadinessChanged:
    return ReadinessChanged(
        pod=POD, to=Readiness.NOT_READY, reason=ReadinessReason.READINESS_PROBE, at=at
    )


def patterns(at: float) -> tuple[Finding, ...]:
    """What sums up the restarts and the changes of readiness until then."""
    loop = {"pod": POD, "container": "app", "cause": Cause.LIVENESS_PROBE, "restart_count": int(at)}
    return (
        FlappingChanged(pod=POD, flapping=True, transitions=6, at=at),
        LoopStarted(**loop, restarts=3, window=600.0, at=at),  # type: ignore[arg-type]  # by name
        LoopEnded(**loop, started_at=at - 900, at=at),  # type: ignore[arg-type]  # by name
    )


def test_pattern_is_told_when_the_budget_is_used_up(scene: Scene) -> None:
    """However much is said of a pod, that it loops or flaps is not lost for it."""
    scene.publish(*map(readiness, range(30)))
    scene.publish(*(replace(RESTART, restart_count=n) for n in range(30)))

    assert [False] * 3 == [scene.drops(finding) for finding in patterns(at=60.0)]
    assert scene.drops(replace(RESTART, restart_count=31))


def test_patterns_are_bounded_too(scene: Scene) -> None:
    """What sums up has a budget of its own: a policy that sees loops everywhere is no flood."""
    told = [finding for at in range(1, 40) for finding in patterns(at)]

    assert len(told) - 25 == sum(map(scene.drops, told))


def test_readiness_leaves_room_for_restarts(scene: Scene) -> None:
    """Readiness that comes and goes for hours does not use up what restarts need."""
    lost = 0
    for minute in range(0, 120, 2):
        scene.time.seconds += 120
        lost += sum(scene.drops(readiness(minute + half)) for half in (0.0, 0.5))

    assert (99, [False] * 15) == (
        lost,
        [scene.drops(replace(RESTART, restart_count=n)) for n in range(15)],
    )


@pytest.mark.parametrize("burst", [1, 2])
def test_small_budget_has_room_for_readiness(burst: int) -> None:
    """Of the smallest budget too something is left for readiness."""
    scene = make_scene(pod_burst=burst)

    assert [False, True] == [scene.drops(readiness(at)) for at in (1.0, 2.0)]


async def test_queue_is_bounded() -> None:
    """An API server that does not answer costs Events, counted, and no memory."""
    scene = make_scene(queue_length=10)
    scene.publish(*restarts(1, pods=15))

    assert (10, {"QueueFull": 5}) == (scene.recorder.queued, scene.recorder.stats.dropped)


def of(namespace: str, number: int) -> list[Restart]:
    """Restarts in another namespace, each of a pod of its own."""
    return [
        replace(RESTART, pod=replace(POD, namespace=namespace, uid=PodUid(f"{namespace}-{n}")))
        for n in range(number)
    ]


def told(scene: Scene) -> list[str]:
    """The namespaces in which Events were written, in their order."""
    return [path.split("/")[-2] for _, path, _ in scene.api.posted]


async def test_namespaces_take_turns() -> None:
    """An Event waits for one of each other namespace, not for all that another has."""
    scene = make_scene()
    scene.publish(*of("noisy", 4), *of("loud", 2), *of("shop", 1))

    await scene.settle()

    assert ["noisy", "loud", "shop", "noisy", "loud", "noisy", "noisy"] == told(scene)


async def test_namespace_with_the_most_events_gives_way() -> None:
    """A queue that one namespace filled has room for another's Events; what is lost is counted."""
    scene = make_scene(queue_length=10)
    scene.publish(*of("noisy", 12), *of("shop", 3))

    assert (10, {"QueueFull": 5}) == (scene.recorder.queued, scene.recorder.stats.dropped)
    await scene.settle()
    assert {"noisy": 7, "shop": 3} == Counter(told(scene))


async def test_no_namespace_gives_way_to_one_that_has_as_many() -> None:
    """Where all have the same share, it is the newcomer who is too late."""
    scene = make_scene(queue_length=4)
    scene.publish(*of("shop", 2), *of("bank", 2), *of("shop", 3), *of("bank", 3))

    await scene.settle()

    assert ["shop", "bank", "shop", "bank"] == told(scene)


async def test_event_that_gave_way_may_be_told_again() -> None:
    """What was never written is not taken for told."""
    scene = make_scene(queue_length=2)
    scene.publish(*of("noisy", 2), *of("shop", 1))
    await scene.settle()
    scene.publish(*of("noisy", 2))
    await scene.settle()

    assert {"noisy": 2, "shop": 1} == Counter(told(scene))


async def test_all_events_together_have_a_rate() -> None:
    """After the first burst, Events leave at the steady rate: the API server is no log file."""
    scene = make_scene(burst=10, per_second=5.0)
    scene.publish(*restarts(1, pods=20))

    await scene.settle()

    assert 20 == scene.recorder.stats.posted.total()
    assert pytest.approx(2.0) == sum(scene.time.slept)


async def test_end_waits_for_what_is_queued_but_not_for_ever() -> None:
    """When the API server is silent, the end comes after the given time; losses are counted."""
    scene = make_scene()
    scene.api.open_for_business.clear()
    scene.publish(*restarts(1, pods=3))
    task = asyncio.create_task(scene.recorder.run())
    await asyncio.sleep(0)
    await asyncio.sleep(0)

    await scene.recorder.drain(0.01)

    assert {"Shutdown": 3} == scene.recorder.stats.dropped
    task.cancel()
    await asyncio.wait([task])


async def test_memory_of_names_is_bounded() -> None:
    """Names and budgets of the last few thousand are kept, not of all pods there ever were."""
    scene = make_scene(queue_length=6000)
    scene.publish(*restarts(1, pods=5000))
    scene.publish(*restarts(1, pods=1))

    assert 5001 == scene.recorder.queued


def test_bucket_fills_up_again() -> None:
    """So many at once, one more after each refill, never more than the burst."""
    bucket = TokenBucket(burst=2, refill=10.0)

    assert [True, True, False] == [bucket.take(100.0) for _ in range(3)]
    assert 10.0 == bucket.wait(100.0)
    assert [True, False] == [bucket.take(110.0) for _ in range(2)]
    assert [True, True, False] == [bucket.take(9000.0) for _ in range(3)]
