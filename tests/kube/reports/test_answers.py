"""What happens to a write that is refused or not answered."""

from dataclasses import replace

import pytest

from tests.kube.reports.scene import CART, KEY, Scene, restart, running
from tests.support.fake_reports import Json

NO_RIGHT = (
    'probereports.probewatch.dev is forbidden: User "probewatch" cannot create resource '
    '"probereports" in API group "probewatch.dev" in the namespace "shop"'
)


async def test_server_that_has_just_started_is_not_believed(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    """A starting server answers 403 or 404 for a moment: records are kept all the same."""
    scene.tell(restart(1))
    await scene.until(lambda: scene.after.restarts == [1])
    scene.api.answer = lambda _verb, _path: (403, {"message": NO_RIGHT})
    scene.tell(restart(2))
    await scene.pass_time(6)
    scene.api.answer = lambda _verb, _path: (404, {"message": "404 page not found"})
    await scene.pass_time(3)
    before = list(scene.after.restarts)
    scene.api.answer = lambda _verb, _path: None
    await scene.until(lambda: scene.after.restarts == [1, 2])

    assert [1] == before
    assert [] == scene.situation.words
    assert {403, 404} == {vars(each)["status"] for each in caplog.records}
    assert 2 == scene.status["restarts"]


async def test_right_that_is_taken_away_is_believed_after_a_moment(scene: Scene) -> None:
    """A lasting refusal is believed after a while; later ones are believed at once."""
    scene.tell(restart(1))
    await scene.until(lambda: scene.after.restarts == [1])
    scene.api.answer = lambda _verb, _path: (403, {"message": NO_RIGHT})
    scene.tell(restart(2))
    begun = scene.time.seconds
    await scene.until(lambda: bool(scene.situation.words))
    first = scene.time.seconds - begun
    await scene.until(lambda: len(scene.situation.words) == 2)
    again = scene.time.seconds - begun - first

    assert 10 <= first <= 25
    assert 20 <= again <= 21


async def test_refusal_is_believed_although_others_are_written() -> None:
    """With a Role in each namespace, a right in one proves nothing for another."""
    other = replace(CART, namespace="other", name="other", uid="d2")
    async with running(Scene(namespaces=("shop", "other"))) as scene:
        scene.after.workloads = (CART, other)
        scene.tell(restart(1))
        await scene.until(lambda: scene.after.restarts == [1])
        scene.api.answer = lambda _verb, path: (
            (403, {"message": NO_RIGHT}) if "/shop/" in path else None
        )
        scene.tell(restart(2))
        for count in range(1, 11):
            scene.sink.publish(restart(count, "u2"), other)
            await scene.pass_time(5)

        assert {KEY} == scene.sink.writer.refused
        assert {"Forbidden"} == scene.sink.stats.dropped.keys()
        assert 10 == scene.api.reports["deployment-other"]["status"]["restarts"]


async def test_server_is_doubted_each_time_it_starts(scene: Scene) -> None:
    """A refusal that passed does not make the next one believed sooner."""
    for count in (1, 2, 3):
        scene.tell(restart(count))
        await scene.pass_time(6)
        scene.api.answer = lambda _verb, _path: None
        await scene.pass_time(20)
        assert count == len(scene.after.restarts)
        scene.api.answer = lambda _verb, _path: (403, {"message": NO_RIGHT})

    assert [] == scene.situation.words


QUOTA = (
    'probereports.probewatch.dev "pod-x" is forbidden: exceeded quota: q, requested: '
    "count/probereports.probewatch.dev=1, used: 0, limited: 0"
)


@pytest.mark.parametrize(
    "answer",
    [(403, {"message": NO_RIGHT}), (404, {"message": "404 page not found"}), (405, {})],
    ids=["no right", "no definition", "not served"],
)
async def test_refusal_is_told_and_waited_out(scene: Scene, answer: tuple[int, Json]) -> None:
    """While records are refused that is reported, and restarts are passed on at once."""
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
    """If a quota or webhook refuses one report, others are still written."""
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


async def test_refusal_of_one_report_is_not_doubted(scene: Scene) -> None:
    """A refusal by quota or webhook is believed at once."""
    scene.tell(restart(1))
    await scene.until(lambda: scene.after.restarts == [1])
    await scene.pass_time(10)
    asked = len(scene.api.asked)
    scene.api.answer = lambda _verb, _path: (403, {"message": QUOTA})
    scene.tell(restart(2))
    await scene.until(lambda: KEY in scene.sink.writer.refused)

    assert asked + 1 == len(scene.api.asked)


async def test_right_that_is_given_by_namespace_is_missing_in_one() -> None:
    """With Roles by namespace, a right missing in one says nothing about the others."""
    async with running(Scene(namespaces=("shop", "other"))) as scene:
        scene.api.answer = lambda _verb, _path: (403, {"message": NO_RIGHT})
        scene.tell(restart(1))
        await scene.until(lambda: scene.after.restarts == [1])

        assert [] == scene.situation.words


async def test_trouble_is_waited_out(scene: Scene) -> None:
    """Failed writes are retried after growing pauses; restarts do not wait for ever."""
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
    """A write that succeeds at the third attempt is not counted as dropped."""
    scene.api.answer = lambda _verb, _path: (0, {}) if len(scene.api.asked) <= 2 else None
    scene.tell(restart(1))
    await scene.until(lambda: scene.after.restarts == [1])

    assert 1 == scene.status["restarts"]
    assert {} == scene.sink.stats.dropped


async def test_write_that_others_wait_for_no_more_is_dropped(scene: Scene) -> None:
    """A write counts as Unanswered once the restart is passed on without it."""
    scene.api.answer = lambda _verb, _path: (0, {})
    scene.tell(restart(1))
    await scene.until(lambda: scene.after.restarts == [1])
    asked = len(scene.api.asked)
    assert (True, {}) == (asked > 3, scene.sink.stats.dropped)
    await scene.until(lambda: bool(scene.sink.stats.dropped))

    assert asked + 1 == len(scene.api.asked)
    assert {"Unanswered": 1} == scene.sink.stats.dropped


async def test_trouble_of_all_reports_is_logged_once_a_minute(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    """A failure of hundreds of reports is logged once a minute."""
    many = tuple(replace(CART, name=f"w{n}", uid=f"d{n}") for n in range(100))
    scene.after.workloads = many
    for n, workload in enumerate(many):
        scene.sink.publish(restart(1, f"u{n}"), workload)
    scene.api.answer = lambda _verb, _path: (500, {"message": "no webhook"})
    await scene.pass_time(150)
    scene.api.answer = lambda _verb, _path: (503, {"message": "no etcd"})
    await scene.pass_time(150)

    told = [(vars(each)["status"], vars(each)["answer"]) for each in caplog.records]
    assert [(500, "no webhook")] * 3 + [(503, "no etcd")] * 3 == told
    assert len(scene.api.asked) > 500


async def test_server_says_how_long_to_wait(scene: Scene) -> None:
    """Retry-After is a lower bound for the pause."""
    scene.api.answer = lambda _verb, _path: (429, {"details": {"retryAfterSeconds": 20}})
    scene.tell(restart(1))
    await scene.until(lambda: len(scene.api.at) == 2)

    assert scene.api.at[1] - scene.api.at[0] >= 20


async def test_wait_that_is_asked_for_holds_for_all_reports(scene: Scene) -> None:
    """Retry-After holds for all reports, but restarts are passed on meanwhile."""
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
    """A report held back for others has as much time as one that was refused itself."""
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
    """A report that is too large loses incidents until it is accepted; totals are kept."""
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
    """A refusal for any other reason costs a report none of its incidents."""
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
    """A report refused at any size is retried rarely, and its restarts are passed on."""
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
