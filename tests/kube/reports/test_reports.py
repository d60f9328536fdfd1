"""The sink that keeps records: when it writes, in which order, and how it shuts down."""

from dataclasses import replace
from itertools import pairwise

import msgspec
import pytest

from probewatch.core.causes import Cause, Readiness, ReadinessReason
from probewatch.core.findings import (
    LoopEnded,
    LoopStarted,
    PodForgotten,
    PodTracked,
    ReadinessChanged,
)
from probewatch.core.sighting import Sighting
from probewatch.core.spec import PodSpec
from probewatch.kube.reports.api import loaded
from probewatch.kube.reports.parsing import decode_report
from probewatch.kube.reports.patience import PATIENCE_SECONDS
from probewatch.kube.reports.reports import TICK_SECONDS
from tests.kube.reports.scene import CART, KEY, Scene, pod, restart, running
from tests.support.fake_reports import Json


async def test_report_is_made_and_filled(scene: Scene) -> None:
    """The first restart creates the report with its owner; the restart is passed on afterwards."""
    scene.tell(restart(1))
    await scene.until(lambda: scene.after.restarts == [1])
    owner = scene.api.reports["deployment-cart"]["metadata"]["ownerReferences"]

    assert ["POST ", "PUT /deployment-cart/status"] == scene.writes
    assert 1 == scene.status["restarts"]
    assert [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "cart", "uid": "d1"}] == owner
    assert [KEY] == scene.situation.restored
    assert {"create": 1, "update": 1} == scene.sink.stats.written


async def test_restart_waits_for_its_record(scene: Scene) -> None:
    """A restart is passed on once it is recorded; other findings are passed on at once."""
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
    """No writer wakes up while there is nothing to write."""
    await scene.a_few_turns()
    assert scene.time.slept == []

    scene.tell(restart(1))
    await scene.until(lambda: scene.after.restarts == [1] and not scene.sink.queued)
    slept = len(scene.time.slept)
    await scene.a_few_turns()
    assert slept == len(scene.time.slept)


async def test_writes_are_five_seconds_apart(scene: Scene) -> None:
    """A report is written at most once in five seconds."""
    for count in range(1, 40):
        scene.tell(restart(count))
        await scene.pass_time(0.5)
    await scene.until(lambda: scene.status["restarts"] == 39)
    puts = [at for at, what in zip(scene.api.at, scene.api.asked, strict=True) if "PUT" in what]

    assert all(later - earlier >= 5 for earlier, later in pairwise(puts))
    assert len(puts) > 3
    assert list(range(1, 40)) == scene.after.restarts


async def test_nothing_new_is_not_written(scene: Scene) -> None:
    """A restart that is already recorded is neither written nor passed on."""
    scene.tell(restart(1))
    await scene.until(lambda: scene.after.restarts == [1])
    before = len(scene.api.asked)
    scene.tell(restart(1), replace(restart(1), baseline=True))
    await scene.pass_time(60)

    assert before == len(scene.api.asked)
    assert [1] == scene.after.restarts


async def test_conflict_is_read_and_folded_in(scene: Scene) -> None:
    """After a conflict both changes are kept, and nothing is counted twice."""
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
    """Another pod's first restart cannot be written for six minutes, and the report changes."""
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
    """A leader writes its restarts after a conflict, however long they waited."""
    await changed_while_nothing_could_be_written(scene)

    assert 2 == scene.status["restarts"]
    assert {"u1", "u2"} == {each["uid"] for each in scene.status["pods"]}


async def test_who_may_not_lead_forgets_what_is_old() -> None:
    """Without a held Lease another may have recorded them, so old restarts are dropped."""
    async with running(Scene(led_since=None)) as scene:
        await changed_while_nothing_could_be_written(scene)

        assert 1 == scene.status["restarts"]


async def test_edited_report_is_mended(scene: Scene) -> None:
    """A status edited by somebody is overwritten with the recorded one."""
    scene.tell(restart(1), restart(2))
    await scene.until(lambda: scene.after.restarts == [1, 2])
    scene.api.touch("deployment-cart", restarts=0, totals=[], pods=[])
    await scene.sink.look_around()
    await scene.until(lambda: scene.status["restarts"] == 2)

    assert [1, 2] == scene.after.restarts


async def test_deleted_report_is_made_again(scene: Scene) -> None:
    """A deleted report is created again, once, with all its contents."""
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
    """A report restored from a backup is overwritten, and its marks drop the lost versions."""
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
    """A list older than the last write causes one read of the report, and no more."""
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
    """A report deleted with its workload is not created again by the end of a loop."""
    scene.tell(PodTracked(pod=pod(), spec=PodSpec()), restart(1), restart(2), restart(3), LOOP)
    await scene.until(lambda: bool(scene.api.reports) and scene.status.get("looping") == 1)
    scene.api.reports.clear()
    scene.tell(*GONE)
    await scene.pass_time(60)

    assert {} == scene.api.reports
    assert 0 == len(scene.book)


async def test_report_that_waits_to_be_made_again_goes_with_the_last_pod(scene: Scene) -> None:
    """A deleted report is not created again once the last pod is gone."""
    scene.tell(PodTracked(pod=pod(), spec=PodSpec()), restart(1), restart(2), restart(3), LOOP)
    await scene.until(lambda: bool(scene.api.reports) and scene.status.get("looping") == 1)
    scene.api.reports.clear()
    await scene.sink.look_around()
    scene.tell(*GONE)
    await scene.pass_time(60)

    assert {} == scene.api.reports
    assert 0 == len(scene.book)


async def test_restart_of_a_pod_that_went_is_recorded(scene: Scene) -> None:
    """An unrecorded restart is recorded even if pod and report are gone."""
    scene.tell(PodTracked(pod=pod(), spec=PodSpec()), restart(1), restart(2), restart(3), LOOP)
    await scene.until(lambda: bool(scene.api.reports) and scene.status.get("looping") == 1)
    scene.api.reports.clear()
    scene.tell(restart(4), *GONE)
    await scene.until(lambda: bool(scene.api.reports) and scene.status.get("restarts") == 4)

    assert [1, 2, 3, 4] == scene.after.restarts


def collect(scene: Scene) -> None:
    """Let the garbage collector be faster than the operator: a new report has no status yet."""

    def answer(verb: str, _path: str) -> None:
        if verb == "PUT":
            scene.api.reports.clear()

    scene.api.answer = answer


async def test_report_that_is_collected_at_once_is_let_go(scene: Scene) -> None:
    """For a workload that is gone, a report is made a few times, while its restart may wait."""
    scene.tell(PodTracked(pod=pod(), spec=PodSpec()))
    collect(scene)
    scene.tell(restart(1), *GONE)
    await scene.pass_time(600)

    assert [1] == scene.after.restarts
    assert 0 == len(scene.book)
    assert 2 <= scene.writes.count("POST ") <= 6


async def test_report_that_vanishes_again_is_made_more_rarely(scene: Scene) -> None:
    """A report that somebody deletes at once, again and again, is made every half a minute."""
    scene.tell(PodTracked(pod=pod(), spec=PodSpec()))
    collect(scene)
    scene.tell(restart(1))
    await scene.pass_time(600)
    often = scene.writes.count("POST ")
    scene.api.answer = lambda _verb, _path: None
    await scene.until(lambda: bool(scene.api.reports) and scene.status.get("restarts") == 1)

    assert 20 <= often <= 30
    assert [1] == scene.after.restarts


@pytest.mark.parametrize(
    "answer",
    [
        (403, {"details": {"causes": [{"reason": "NamespaceTerminating"}]}}),
        (404, {"details": {"kind": "namespaces"}}),
    ],
    ids=["terminating", "gone"],
)
async def test_namespace_that_goes_is_let_go(scene: Scene, answer: tuple[int, Json]) -> None:
    """In a terminating namespace a write is tried once; the restart is passed on."""
    scene.api.answer = lambda _verb, _path: answer
    scene.tell(restart(1))
    await scene.until(lambda: scene.after.restarts == [1])
    await scene.pass_time(120)

    assert 1 == len(scene.api.asked)
    assert [] == scene.situation.words


async def test_end_does_not_wait_for_what_is_refused(scene: Scene) -> None:
    """Shutdown does not wait for a report that is refused."""
    scene.api.answer = lambda verb, _path: (422, {}) if verb == "PUT" else None
    scene.tell(restart(1))
    await scene.until(lambda: KEY in scene.sink.writer.refused)
    begin = scene.time.seconds
    await scene.sink.drain(5.0)

    assert begin == scene.time.seconds
    assert {"Rejected"} == scene.sink.stats.dropped.keys()


async def test_end_neither_tries_nor_counts_what_is_refused(scene: Scene) -> None:
    """Shutdown neither retries a refused report nor counts it again."""
    other = replace(CART, name="other", uid="d2")
    scene.after.workloads = (CART, other)
    scene.api.answer = lambda verb, _path: (422, {}) if verb == "PUT" else None
    scene.tell(restart(1))
    await scene.until(lambda: KEY in scene.sink.writer.refused)
    asked = len(scene.api.asked)
    scene.api.answer = lambda _verb, _path: (0, {})
    scene.sink.publish(restart(1, "u2"), other)
    await scene.sink.drain(5.0)

    assert 1 == scene.sink.stats.dropped["Shutdown"]
    assert {"POST "} == set(scene.api.asked[asked:])


async def test_end_writes_what_waits(scene: Scene) -> None:
    """Shutdown writes everything that waits, due or not."""
    scene.tell(restart(1))
    await scene.until(lambda: scene.after.restarts == [1])
    scene.tell(restart(2))
    await scene.sink.drain(5.0)

    assert 2 == scene.status["restarts"]
    assert [1, 2] == scene.after.restarts


async def test_end_without_an_answer_tells_nothing(scene: Scene) -> None:
    """A restart not recorded at shutdown is not passed on: the next process finds it again.

    The next process may judge it differently, and it would be reported twice.
    """
    scene.api.answer = lambda _verb, _path: (0, {})
    scene.tell(*(restart(count) for count in range(1, 7)), LOOP)
    await scene.pass_time(PATIENCE_SECONDS - 2)
    asked = len(scene.api.asked)
    await scene.sink.drain(5.0)
    await scene.pass_time(5)

    assert [] == scene.after.restarts
    assert {"Shutdown": 1} == scene.sink.stats.dropped
    assert 5 < len(scene.api.asked) - asked < 20


async def test_end_waits_for_a_server_that_comes_back(scene: Scene) -> None:
    """Shutdown retries within its time, and passes on what is recorded then."""
    back = scene.time.seconds + 3
    scene.api.answer = lambda _verb, _path: None if scene.time.seconds > back else (503, {})
    scene.tell(restart(1))
    await scene.sink.drain(5.0)

    assert 1 == scene.status["restarts"]
    assert [1] == scene.after.restarts
    assert {} == scene.sink.stats.dropped


async def test_own_writes_are_no_news(scene: Scene) -> None:
    """A resync finds nothing to do if nobody else wrote."""
    scene.tell(restart(1))
    await scene.until(lambda: scene.after.restarts == [1])
    await scene.sink.look_around()
    await scene.pass_time(30)

    assert [] == scene.situation.reread
    assert 2 == len(scene.writes)


async def test_restart_that_was_there_before_is_not_recorded(scene: Scene) -> None:
    """A baseline is where counting begins: it is no restart to be counted or passed on."""
    scene.tell(replace(restart(3), baseline=True))
    await scene.pass_time(60)
    scene.situation.recording = False
    scene.tell(replace(restart(3, "u2"), baseline=True))
    await scene.pass_time(60)

    assert ([], []) == (scene.api.asked, scene.after.restarts)


async def test_version_of_our_own_write_is_no_news(scene: Scene) -> None:
    """The watch of reports shows our own writes as well, which need not be read again."""
    scene.tell(restart(1))
    await scene.until(lambda: scene.after.restarts == [1])
    asked = len(scene.api.asked)
    scene.sink.seen(KEY, scene.book.version(KEY))
    await scene.pass_time(60)

    assert asked == len(scene.api.asked)


async def test_report_waits_until_records_may_be_written(scene: Scene) -> None:
    """What changes while another replica writes waits without being tried, and is written later."""
    scene.situation.open = False
    scene.tell(restart(1))
    await scene.pass_time(10)
    assert ([], []) == (scene.api.asked, scene.after.restarts)
    assert TICK_SECONDS in scene.time.slept
    scene.situation.open = True
    await scene.until(lambda: scene.after.restarts == [1])

    assert 1 == scene.status["restarts"]
