"""The sink that keeps records: when it writes, what it does with each answer, what follows when."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import pairwise

import msgspec
import pytest

from probewatch.boundary import Boundary
from probewatch.core.causes import Cause, Confidence, Readiness, ReadinessReason
from probewatch.core.findings import (
    Finding,
    LoopEnded,
    LoopStarted,
    PodForgotten,
    PodTracked,
    ReadinessChanged,
    Restart,
)
from probewatch.core.model import PodRef, PodUid, Workload
from probewatch.core.sighting import Sighting
from probewatch.core.spec import ContainerKind, PodSpec
from probewatch.kube.reports.api import ReportApi, loaded
from probewatch.kube.reports.parsing import decode_report
from probewatch.kube.reports.reports import ReportOptions, Reports
from probewatch.kube.reports.writer import PATIENCE
from probewatch.records.book import RecordBook
from probewatch.records.entry import Key
from tests.support.fake_reports import FakeReports, Json
from tests.support.fake_time import FakeTime

NO_RIGHT = (
    'probereports.probewatch.dev is forbidden: User "probewatch" cannot create resource '
    '"probereports" in API group "probewatch.dev" in the namespace "shop"'
)
QUOTA = (
    'probereports.probewatch.dev "pod-x" is forbidden: exceeded quota: q, requested: '
    "count/probereports.probewatch.dev=1, used: 0, limited: 0"
)
CART = Workload(namespace="shop", kind="Deployment", name="cart", api_version="apps/v1", uid="d1")
KEY = Key("shop", "deployment-cart")


def pod(name: str = "u1") -> PodRef:
    return PodRef(uid=PodUid(name), namespace="shop", name=f"cart-{name}")


def restart(count: int, name: str = "u1") -> Restart:
    return Restart(
        pod=pod(name),
        container="app",
        container_kind=ContainerKind.REGULAR,
        restart_count=count,
        epoch=0,
        cause=Cause.ERROR,
        confidence=Confidence.HIGH,
        rule="exit-code",
        observed_at=1000.0,
        seen=Sighting(resource_version=10 * count, restart_count=count),
    )


@dataclass
class Situation:
    open: bool = True
    recording: bool = True
    words: list[str] = field(default_factory=list)
    restored: list[Key] = field(default_factory=list)
    begun: list[Key] = field(default_factory=list)
    """Those of which the first was saved."""
    reread: list[Key] = field(default_factory=list)

    def is_open(self) -> bool:
        return self.open

    def is_recording(self) -> bool:
        return self.recording

    def refused(self, words: str) -> None:
        self.words.append(words)
        self.recording = False

    def restore(self, key: Key, *, is_first: bool) -> None:
        self.restored.append(key)
        if is_first:
            self.begun.append(key)

    def reloaded(self, key: Key) -> None:
        self.reread.append(key)

    def limit_for(self, uid: PodUid) -> int | None:  # noqa: ARG002  # as the real one
        return None


@dataclass
class SpySink:
    published: list[Finding] = field(default_factory=list)
    workloads: tuple[Workload, ...] = (CART,)

    def publish(self, finding: Finding, workload: Workload) -> None:
        assert workload in self.workloads
        self.published.append(finding)

    @property
    def restarts(self) -> list[int]:
        return [each.restart_count for each in self.published if isinstance(each, Restart)]


A_MOMENT = 0.01
"""Seconds in which everybody has a turn."""


@dataclass
class Scene:
    """A sink with its fakes."""

    api: FakeReports = field(default_factory=FakeReports)
    time: FakeTime = field(default_factory=FakeTime)
    situation: Situation = field(default_factory=Situation)
    after: SpySink = field(default_factory=SpySink)
    led_since: float | None = 0.0
    namespaces: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.book = RecordBook(led_since=lambda: self.led_since)

        self.api.time = self.time
        self.sink = Reports(
            book=self.book,
            api=ReportApi(self.api, self.namespaces),
            sinks=(self.after,),
            situation=self.situation,
            options=ReportOptions(jitter=lambda: 1.0),
            boundary=Boundary(clock=self.time.clock),
        )

    def tell(self, *findings: Finding) -> None:
        for finding in findings:
            self.sink.publish(finding, CART)

    async def until(self, condition: Callable[[], bool]) -> None:
        for _ in range(20_000):
            if condition():
                return
            await asyncio.sleep(0)
        pytest.fail("it did not come to that")

    async def a_few_turns(self) -> None:
        """Let everybody do what can be done without time passing."""
        for _ in range(100):
            await asyncio.sleep(0)

    async def pass_time(self, seconds: float) -> None:
        end = self.time.seconds + seconds
        while self.time.seconds < end:
            await self.time.sleep(A_MOMENT)

    @property
    def writes(self) -> list[str]:
        return [each for each in self.api.asked if not each.startswith("GET")]

    @property
    def status(self) -> Json:
        found: Json = self.api.reports["deployment-cart"]["status"]
        return found


@pytest.fixture(name="scene")
async def _scene() -> AsyncIterator[Scene]:
    async with running(Scene()) as scene:
        yield scene


@asynccontextmanager
async def running(scene: Scene) -> AsyncIterator[Scene]:
    task = asyncio.create_task(scene.sink.run())
    try:
        yield scene
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_report_is_made_and_filled(scene: Scene) -> None:
    """The first restart makes the report, with its owner; then the others follow it."""
    scene.tell(restart(1))
    await scene.until(lambda: scene.after.restarts == [1])
    owner = scene.api.reports["deployment-cart"]["metadata"]["ownerReferences"]

    assert ["POST ", "PUT /deployment-cart/status"] == scene.writes
    assert 1 == scene.status["restarts"]
    assert [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "cart", "uid": "d1"}] == owner
    assert [KEY] == scene.situation.restored
    assert {"create": 1, "update": 1} == scene.sink.stats.written


async def test_restart_waits_for_its_record(scene: Scene) -> None:
    """A restart is handed on once it is saved; whatever is no restart goes on at once."""
    scene.situation.open = False
    lost = ReadinessChanged(
        pod=pod(), to=Readiness.NOT_READY, reason=ReadinessReason.READINESS_PROBE, at=5.0
    )
    scene.tell(restart(1), PodTracked(pod=pod(), spec=PodSpec()), lost)
    await scene.pass_time(3)

    assert [] == scene.after.restarts
    assert 2 == len(scene.after.published)
    assert [] == scene.writes
    scene.situation.open = True
    await scene.until(lambda: scene.after.restarts == [1])


async def test_nobody_looks_at_the_clock_for_nothing(scene: Scene) -> None:
    """As long as no report is to be written, no writer wakes, at the beginning and afterwards."""
    await scene.a_few_turns()
    assert scene.time.slept == []

    scene.tell(restart(1))
    await scene.until(lambda: scene.after.restarts == [1] and not scene.sink.queued)
    slept = len(scene.time.slept)
    await scene.a_few_turns()
    assert slept == len(scene.time.slept)


async def test_writes_are_five_seconds_apart(scene: Scene) -> None:
    """However many restarts there are, a report is written once in five seconds."""
    for count in range(1, 40):
        scene.tell(restart(count))
        await scene.pass_time(0.5)
    await scene.until(lambda: scene.status["restarts"] == 39)
    puts = [at for at, what in zip(scene.api.at, scene.api.asked, strict=True) if "PUT" in what]

    assert all(later - earlier >= 5 for earlier, later in pairwise(puts))
    assert len(puts) > 3
    assert list(range(1, 40)) == scene.after.restarts


async def test_nothing_new_is_not_written(scene: Scene) -> None:
    """A restart that is recorded already costs no write, and is not handed on again."""
    scene.tell(restart(1))
    await scene.until(lambda: scene.after.restarts == [1])
    before = len(scene.api.asked)
    scene.tell(restart(1), replace(restart(1), baseline=True))
    await scene.pass_time(60)

    assert before == len(scene.api.asked)
    assert [1] == scene.after.restarts


async def test_conflict_is_read_and_folded_in(scene: Scene) -> None:
    """What someone else wrote meanwhile is kept, and what they had counted is not counted again."""
    scene.tell(restart(1))
    await scene.until(lambda: scene.after.restarts == [1])
    other = Scene(api=scene.api)
    found = loaded(decode_report(msgspec.json.encode(scene.api.reports["deployment-cart"])))
    assert found is not None
    other.book.load([(KEY, found)], 0.0)
    async with running(other):
        other.tell(restart(2), restart(1, "u2"))
        await other.until(lambda: other.after.restarts == [2, 1])
    scene.tell(restart(2), restart(3))
    await scene.until(lambda: scene.status["restarts"] == 4)
    await scene.pass_time(1)

    assert 1 == scene.sink.stats.conflicts
    assert [1, 3] == scene.after.restarts
    assert KEY in scene.situation.reread


async def changed_while_nothing_could_be_written(scene: Scene) -> None:
    """The first restart of a second pod waits for six minutes; then the report is another."""
    scene.tell(restart(1))
    await scene.until(lambda: scene.after.restarts == [1])
    await scene.pass_time(10)
    scene.api.answer = lambda _verb, _path: (500, {})
    scene.tell(replace(restart(1, "u2"), observed_at=scene.time.seconds))
    await scene.pass_time(360)
    scene.api.touch("deployment-cart")
    scene.api.answer = lambda _verb, _path: None
    await scene.pass_time(90)


async def test_leader_forgets_nothing_over_a_conflict(scene: Scene) -> None:
    """What the one that leads could not write for long is in no report, whoever changed that."""
    await changed_while_nothing_could_be_written(scene)

    assert 2 == scene.status["restarts"]
    assert {"u1", "u2"} == {each["uid"] for each in scene.status["pods"]}


async def test_who_may_not_lead_forgets_what_is_old() -> None:
    """Where another may have led meanwhile, it recorded that, and may have let go of the pod."""
    async with running(Scene(led_since=None)) as scene:
        await changed_while_nothing_could_be_written(scene)

        assert 1 == scene.status["restarts"]


async def test_edited_report_is_mended(scene: Scene) -> None:
    """A status that somebody edited is written over with what is remembered."""
    scene.tell(restart(1), restart(2))
    await scene.until(lambda: scene.after.restarts == [1, 2])
    scene.api.touch("deployment-cart", restarts=0, totals=[], pods=[])
    await scene.sink.look_around()
    await scene.until(lambda: scene.status["restarts"] == 2)

    assert [1, 2] == scene.after.restarts


async def test_deleted_report_is_made_again(scene: Scene) -> None:
    """A report that somebody deleted is made again, once, with all that was in it."""
    scene.tell(PodTracked(pod=pod(), spec=PodSpec()), restart(1), restart(2))
    await scene.until(lambda: scene.after.restarts == [1, 2])
    scene.api.reports.clear()
    await scene.sink.look_around()
    await scene.until(lambda: bool(scene.api.reports) and scene.status.get("restarts") == 2)
    await scene.pass_time(60)

    assert 2 == sum(each == "POST " for each in scene.api.asked)
    assert [1, 2] == scene.after.restarts


@pytest.mark.parametrize("how", ["older", "gone"])
async def test_report_that_came_back_from_a_backup_is_written_over(scene: Scene, how: str) -> None:
    """It is noticed without another restart; versions of what was lost are of no account then."""
    scene.tell(PodTracked(pod=pod(), spec=PodSpec()), *(restart(count) for count in range(1, 9)))
    await scene.until(lambda: scene.after.restarts == [*range(1, 9)])
    backup = scene.api.reports if how == "older" else {}
    scene.api.reports = dict(scene.api.reports)
    scene.tell(restart(9), restart(10))
    await scene.until(lambda: scene.after.restarts == [*range(1, 11)])
    scene.api.version = 50
    for report in backup.values():
        report["metadata"]["resourceVersion"] = "50"
    scene.api.reports = backup
    await scene.sink.look_around()
    await scene.until(lambda: bool(scene.api.reports) and scene.status.get("restarts") == 10)
    await scene.pass_time(10)
    assert [{"name": "app", "count": 10}] == scene.status["pods"][0]["containers"]
    again = Sighting(resource_version=60, restart_count=11)
    scene.tell(replace(restart(11), seen=again))
    await scene.until(lambda: scene.status["restarts"] == 11)

    assert [*range(1, 12)] == scene.after.restarts


async def test_report_that_was_listed_before_it_was_written_is_no_news(scene: Scene) -> None:
    """A list that is older than the last write leads to one look at the report, and no more."""
    scene.tell(restart(1))
    await scene.until(lambda: scene.after.restarts == [1])
    before = len(scene.api.asked)
    scene.sink.seen(KEY, "5")
    await scene.pass_time(60)

    assert ["GET /deployment-cart"] == scene.api.asked[before:]
    assert [] == scene.situation.reread


LOOP = LoopStarted(
    pod=pod(),
    container="app",
    cause=Cause.ERROR,
    restarts=3,
    window=900.0,
    at=1001.0,
    restart_count=3,
)
GONE = (
    LoopEnded(
        pod=pod(), container="app", cause=Cause.ERROR, started_at=1001.0, at=1100.0, gone=True
    ),
    PodForgotten(pod=pod()),
)


async def test_workload_that_is_deleted_takes_its_report_with_it(scene: Scene) -> None:
    """That the last pod of a loop went does not make a report again that went before it."""
    scene.tell(PodTracked(pod=pod(), spec=PodSpec()), restart(1), restart(2), restart(3), LOOP)
    await scene.until(lambda: bool(scene.api.reports) and scene.status.get("looping") == 1)
    scene.api.reports.clear()
    scene.tell(*GONE)
    await scene.pass_time(60)

    assert {} == scene.api.reports
    assert 0 == len(scene.book)


async def test_report_that_waits_to_be_made_again_goes_with_the_last_pod(scene: Scene) -> None:
    """Where the pods went before a deleted report was made again, it is let go of."""
    scene.tell(PodTracked(pod=pod(), spec=PodSpec()), restart(1), restart(2), restart(3), LOOP)
    await scene.until(lambda: bool(scene.api.reports) and scene.status.get("looping") == 1)
    scene.api.reports.clear()
    await scene.sink.look_around()
    scene.tell(*GONE)
    await scene.pass_time(60)

    assert {} == scene.api.reports
    assert 0 == len(scene.book)


async def test_restart_of_a_pod_that_went_is_recorded(scene: Scene) -> None:
    """What is not recorded yet is, though the pod and the report went meanwhile."""
    scene.tell(PodTracked(pod=pod(), spec=PodSpec()), restart(1), restart(2), restart(3), LOOP)
    await scene.until(lambda: bool(scene.api.reports) and scene.status.get("looping") == 1)
    scene.api.reports.clear()
    scene.tell(restart(4), *GONE)
    await scene.until(lambda: bool(scene.api.reports) and scene.status.get("restarts") == 4)

    assert [1, 2, 3, 4] == scene.after.restarts


@pytest.mark.parametrize(
    "answer",
    [
        (403, {"details": {"causes": [{"reason": "NamespaceTerminating"}]}}),
        (404, {"details": {"kind": "namespaces"}}),
    ],
    ids=["terminating", "gone"],
)
async def test_namespace_that_goes_is_let_go(scene: Scene, answer: tuple[int, Json]) -> None:
    """In a namespace that is being deleted it is tried once; metrics count all the same."""
    scene.api.answer = lambda _verb, _path: answer
    scene.tell(restart(1))
    await scene.until(lambda: scene.after.restarts == [1])
    await scene.pass_time(120)

    assert 1 == len(scene.api.asked)
    assert [] == scene.situation.words


@pytest.mark.parametrize(
    "answer",
    [(403, {"message": NO_RIGHT}), (404, {"message": "404 page not found"}), (405, {})],
    ids=["no right", "no definition", "not served"],
)
async def test_refusal_is_told_and_waited_out(scene: Scene, answer: tuple[int, Json]) -> None:
    """Where records may not be kept, that is told, and restarts go on at once from then on."""
    scene.api.answer = lambda _verb, _path: answer
    scene.tell(restart(1))
    await scene.until(lambda: bool(scene.situation.words))
    scene.sink.writer.let_go()
    scene.tell(restart(2))
    await scene.pass_time(25)

    assert [1, 2] == scene.after.restarts
    assert len(scene.api.asked) <= 3
    scene.api.answer = lambda _verb, _path: None
    scene.situation.recording = True
    await scene.until(lambda: bool(scene.api.reports) and scene.status.get("restarts") == 2)
    await scene.pass_time(1)
    assert [1, 2] == scene.after.restarts


async def test_one_report_that_is_refused_does_not_concern_the_others(scene: Scene) -> None:
    """A quota or a webhook refuses one report: its restarts go on at once, others are recorded."""
    scene.api.answer = lambda verb, _path: (403, {"message": QUOTA}) if verb == "POST" else None
    scene.tell(restart(1))
    await scene.until(lambda: scene.after.restarts == [1])
    scene.tell(restart(2))
    assert [1, 2] == scene.after.restarts
    await scene.pass_time(50)

    assert [] == scene.situation.words
    assert 4 >= len(scene.api.asked) == scene.sink.stats.dropped["Forbidden"]
    scene.api.answer = lambda _verb, _path: None
    await scene.until(lambda: bool(scene.api.reports) and scene.status.get("restarts") == 2)
    scene.tell(restart(3))
    assert [1, 2] == scene.after.restarts
    await scene.until(lambda: scene.after.restarts == [1, 2, 3])


async def test_right_that_is_given_by_namespace_is_missing_in_one() -> None:
    """Where each namespace has its own role, a right that is missing says nothing of the others."""
    async with running(Scene(namespaces=("shop", "other"))) as scene:
        scene.api.answer = lambda _verb, _path: (403, {"message": NO_RIGHT})
        scene.tell(restart(1))
        await scene.until(lambda: scene.after.restarts == [1])

        assert [] == scene.situation.words


async def test_trouble_is_waited_out(scene: Scene) -> None:
    """Faults are tried again after growing pauses; the others do not wait for ever."""
    scene.api.answer = lambda _verb, _path: (0, {})
    scene.tell(restart(1))
    await scene.until(lambda: scene.after.restarts == [1])
    waited = scene.time.seconds - 1000
    await scene.pass_time(120)
    tries = len(scene.api.asked)
    scene.api.answer = lambda _verb, _path: None
    await scene.until(lambda: bool(scene.api.reports) and scene.status.get("restarts") == 1)

    assert 10 <= waited <= 40
    assert tries <= 12
    assert [1] == scene.after.restarts


async def test_hiccup_drops_nothing(scene: Scene) -> None:
    """A write that succeeds at the third try was not given up, and is not counted as such."""
    scene.api.answer = lambda _verb, _path: (0, {}) if len(scene.api.asked) <= 2 else None
    scene.tell(restart(1))
    await scene.until(lambda: scene.after.restarts == [1])

    assert 1 == scene.status["restarts"]
    assert {} == scene.sink.stats.dropped


async def test_write_that_others_wait_for_no_more_is_dropped(scene: Scene) -> None:
    """A write counts as unanswered from the try on after which the counters go on without it."""
    scene.api.answer = lambda _verb, _path: (0, {})
    scene.tell(restart(1))
    await scene.until(lambda: len(scene.api.asked) == PATIENCE - 1)
    assert {} == scene.sink.stats.dropped
    await scene.until(lambda: scene.after.restarts == [1])

    assert {"Unanswered": 1} == scene.sink.stats.dropped


async def test_server_says_how_long_to_wait(scene: Scene) -> None:
    """A server that asks to wait is not asked before."""
    scene.api.answer = lambda _verb, _path: (429, {"details": {"retryAfterSeconds": 20}})
    scene.tell(restart(1))
    await scene.until(lambda: len(scene.api.at) == 2)

    assert scene.api.at[1] - scene.api.at[0] >= 20


async def test_wait_that_is_asked_for_holds_for_all_reports(scene: Scene) -> None:
    """No other report is written before, and none of their restarts waits for that."""
    other = replace(CART, name="other", uid="d2")
    scene.after.workloads = (CART, other)
    scene.api.answer = lambda _verb, _path: (429, {"details": {"retryAfterSeconds": 20}})
    scene.tell(restart(1))
    await scene.until(lambda: scene.after.restarts == [1])
    scene.sink.publish(restart(1, "u2"), other)
    await scene.until(lambda: scene.after.restarts == [1, 1])
    early = len(scene.api.asked)
    scene.api.answer = lambda _verb, _path: None
    await scene.until(lambda: len(scene.api.reports) == 2)

    assert 1 == early
    assert scene.api.at[1] - scene.api.at[0] >= 20
    assert [1, 1] == scene.after.restarts
    assert {} == scene.sink.stats.dropped


async def test_restarts_are_not_let_go_sooner_for_short_waits(scene: Scene) -> None:
    """A report that is held back for others has as long as one that is turned away itself."""
    many = tuple(replace(CART, name=f"w{n}", uid=f"d{n}") for n in range(10))
    scene.after.workloads = many
    scene.api.answer = lambda _verb, _path: (429, {"details": {"retryAfterSeconds": 1}})
    for n, workload in enumerate(many):
        scene.sink.publish(restart(1, f"u{n}"), workload)
    await scene.until(lambda: bool(scene.after.restarts))
    first = scene.time.seconds - 1000
    await scene.until(lambda: len(scene.after.restarts) == len(many))

    assert 10 <= first <= scene.time.seconds - 1000 <= 40


async def test_refused_object_gets_shorter(scene: Scene) -> None:
    """A report that is too large loses incidents until it is taken; nothing is uncounted."""
    limit = 5

    def refuse(verb: str, _path: str) -> tuple[int, Json] | None:
        record = scene.book.record(KEY)
        too_long = record is not None and len(record.incidents) > limit
        return (413, {}) if verb == "PUT" and too_long else None

    scene.api.answer = refuse
    scene.tell(*(restart(count) for count in range(1, 31)))
    await scene.until(lambda: bool(scene.api.reports) and scene.status.get("restarts") == 30)

    assert len(scene.status["incidents"]) <= limit


MANY = {"reason": "FieldValueTooMany", "field": "status.incidents"}
LONG = {"reason": "FieldValueTooLong", "field": "status.incidents[0].evidence[0]"}
ETCD = "rpc error: code = InvalidArgument desc = etcdserver: request is too large"


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        ((413, {}), 1),
        ((422, {"details": {"causes": [LONG, MANY]}}), 1),
        ((500, {"message": ETCD}), 1),
        ((400, {}), 30),
        ((422, {"message": "denied by our rules"}), 30),
        ((422, {"details": {"causes": [LONG]}}), 30),
        ((500, {"message": "etcdserver: leader changed"}), 30),
    ],
    ids=str,
)
async def test_only_what_is_too_large_gets_shorter(
    scene: Scene, answer: tuple[int, Json], kept: int
) -> None:
    """A refusal for any other reason, which may pass, costs a report none of its incidents."""
    scene.api.answer = lambda verb, _path: answer if verb == "PUT" else None
    scene.tell(*(restart(count) for count in range(1, 31)))
    await scene.pass_time(60)
    record = scene.book.record(KEY)
    assert record is not None

    assert kept == len(record.incidents)
    assert [*range(1, 31)] == scene.after.restarts
    scene.api.answer = lambda _verb, _path: None
    await scene.until(lambda: scene.status.get("restarts") == 30)
    assert kept == len(scene.status["incidents"])


async def test_report_that_is_no_good_is_let_go(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    """What is refused however short it is ends the waiting, and is tried again now and then."""
    scene.api.answer = lambda verb, _path: (422, {}) if verb == "PUT" else None
    scene.tell(*(restart(count) for count in range(1, 31)))
    await scene.until(lambda: KEY in scene.sink.writer.refused)
    assert [*range(1, 31)] == scene.after.restarts
    scene.tell(restart(31))
    assert 31 == scene.after.restarts[-1]
    tries, said = len(scene.api.asked), len(caplog.records)
    await scene.pass_time(3600)

    assert 10 <= len(scene.api.asked) - tries <= 12
    assert said == len(caplog.records)
    assert len(scene.api.asked) - 1 == scene.sink.stats.dropped["Rejected"]
    scene.api.answer = lambda _verb, _path: None
    with caplog.at_level("INFO"):
        await scene.until(lambda: scene.status.get("restarts") == 31)
    assert ["A report is written again"] == caplog.messages[said:]
    assert set() == scene.sink.writer.refused
    assert [*range(1, 32)] == scene.after.restarts


async def test_end_does_not_wait_for_what_is_refused(scene: Scene) -> None:
    """A report that is no good costs nothing of the time in which others are saved."""
    scene.api.answer = lambda verb, _path: (422, {}) if verb == "PUT" else None
    scene.tell(restart(1))
    await scene.until(lambda: KEY in scene.sink.writer.refused)
    begin = scene.time.seconds
    await scene.sink.drain(5.0)

    assert begin == scene.time.seconds
    assert {"Rejected"} == scene.sink.stats.dropped.keys()


async def test_end_writes_what_waits(scene: Scene) -> None:
    """At the end everything is written, its turn or not."""
    scene.tell(restart(1))
    await scene.until(lambda: scene.after.restarts == [1])
    scene.tell(restart(2))
    await scene.sink.drain(5.0)

    assert 2 == scene.status["restarts"]
    assert [1, 2] == scene.after.restarts


async def test_end_without_an_answer_tells_nothing(scene: Scene) -> None:
    """What is not saved when the process ends is told by the next one, which finds it again.

    It may judge otherwise: told now, it would be told twice.
    """
    scene.api.answer = lambda _verb, _path: (0, {})
    scene.tell(*(restart(count) for count in range(1, PATIENCE + 2)), LOOP)
    await scene.sink.drain(5.0)

    assert [] == scene.after.restarts
    assert {"Shutdown": 1} == scene.sink.stats.dropped
    assert PATIENCE < len(scene.api.asked) < 20


async def test_end_waits_for_a_server_that_comes_back(scene: Scene) -> None:
    """While there is time, it is tried again; what is saved then is told."""
    back = scene.time.seconds + 3
    scene.api.answer = lambda _verb, _path: None if scene.time.seconds > back else (503, {})
    scene.tell(restart(1))
    await scene.sink.drain(5.0)

    assert 1 == scene.status["restarts"]
    assert [1] == scene.after.restarts
    assert {} == scene.sink.stats.dropped


async def test_own_writes_are_no_news(scene: Scene) -> None:
    """Looking around finds nothing to do where nobody else wrote."""
    scene.tell(restart(1))
    await scene.until(lambda: scene.after.restarts == [1])
    await scene.sink.look_around()
    await scene.pass_time(30)

    assert [] == scene.situation.reread
    assert 2 == len(scene.writes)
