"""Recording through the troubles of a start: nothing is lost, and nothing is counted twice."""

from collections.abc import Callable
from typing import Any

import pytest

from probewatch.core.findings import Restart
from probewatch.settings import Settings
from tests.fakes import FakeTime
from tests.recording_scene import Cluster, Replica

SETTINGS = Settings(instance="one")

Trouble = Callable[[float], int]
"""What a list of reports is answered with, by the seconds since the beginning; 0: as it is."""


def troubled(cluster: Cluster, time: FakeTime, trouble: Trouble) -> None:
    begun = time.seconds

    def answer(verb: str, path: str) -> tuple[int, dict[str, Any]] | None:
        is_list = verb == "GET" and path.endswith("/probereports")
        status = trouble(time.seconds - begun) if is_list else 0
        return (status, {"message": "trouble"}) if status else None

    cluster.api.answer = answer


async def lived_before(time: FakeTime) -> Cluster:
    """A cluster in which an operator recorded two restarts of one pod, and then went."""
    cluster = Cluster()
    cluster.agree(SETTINGS)
    before = Replica(cluster, time, SETTINGS)
    await before.recording.start()
    for name in "abc":
        before.see(name, 0, 10)
    before.see("c", 2, 11)
    await before.pass_time(60)
    assert {"c": 2} == cluster.totals()
    await before.recording.lease.release()
    return cluster


@pytest.mark.parametrize(
    ("status", "seconds"), [(503, 13.0), (0, 0.0), (403, 4.0)], ids=["trouble", "none", "no right"]
)
async def test_start_waits_for_the_reports(status: int, seconds: float) -> None:
    """A server that comes back with the operator is given time before the watch begins."""
    time = FakeTime()
    cluster = await lived_before(time)
    troubled(cluster, time, lambda passed: status if passed < seconds else 0)
    replica = Replica(cluster, time, SETTINGS)
    await replica.recording.start()

    assert replica.recording.is_recording()
    assert replica.recording.book.complete


@pytest.mark.parametrize("status", [503, 403], ids=["trouble", "no right"])
@pytest.mark.parametrize("seconds", [70.0, 1000.0])
async def test_downtime_is_counted_however_late_the_reports_are_read(
    status: int, seconds: float
) -> None:
    """What happened while the operator was away is counted though it began without the records."""
    time = FakeTime()
    cluster = await lived_before(time)
    troubled(cluster, time, lambda passed: status if passed < seconds else 0)
    replica = Replica(cluster, time, SETTINGS)
    await replica.recording.start()
    assert not replica.recording.is_recording()
    for name, restarts in (("a", 3), ("b", 1), ("c", 3)):
        replica.see(name, restarts, 20)
    replica.see("a", 4, 21)
    await replica.pass_time(60)
    assert [4] == replica.told.restarts
    await replica.pass_time(seconds + 60)

    assert {"a": 4, "b": 1, "c": 3} == cluster.totals()
    assert [4] == replica.told.restarts
    replica.see("a", 5, 22)
    await replica.pass_time(60)
    assert {"a": 5, "b": 1, "c": 3} == cluster.totals()


async def test_causes_that_were_told_meanwhile_stay() -> None:
    """What was judged before the reports could be read is recorded as it was told."""
    time = FakeTime()
    cluster = await lived_before(time)
    troubled(cluster, time, lambda passed: 503 if passed < 900 else 0)
    replica = Replica(cluster, time, SETTINGS)
    await replica.recording.start()
    replica.see("a", 3, 20)
    replica.see("a", 4, 21)
    await replica.pass_time(1000)
    totals = cluster.api.reports["pod-a"]["status"]["totals"]

    (told,) = (each for each in replica.told.findings if isinstance(each, Restart))

    assert {told.cause: 1, "Unobserved": 3} == {each["cause"]: each["restarts"] for each in totals}


async def test_first_start_counts_from_where_pods_stand_however_late() -> None:
    """Where records were never kept, what pods show when they are met is not counted."""
    time, cluster = FakeTime(), Cluster()
    troubled(cluster, time, lambda passed: 503 if passed < 100 else 0)
    replica = Replica(cluster, time, SETTINGS)
    await replica.recording.start()
    replica.see("a", 3, 20)
    replica.see("a", 4, 21)
    await replica.pass_time(200)

    assert {"a": 1} == cluster.totals()


@pytest.mark.parametrize("how", ["opted out", "static", "came back"])
async def test_strangers_do_not_count_from_zero(how: str) -> None:
    """Who was there unseen before does not count from 0, whenever the reports are read."""
    time = FakeTime()
    cluster = await lived_before(time)
    troubled(cluster, time, lambda passed: 503 if passed < 100 else 0)
    replica = Replica(cluster, time, SETTINGS)
    await replica.recording.start()
    if how == "opted out":
        replica.see("a", 3, 20, ignored=True)
    elif how == "came back":
        replica.see("a", 0, 19)
        replica.lose("a")
    replica.see("a", 3, 21, static=how == "static")
    await replica.pass_time(200)

    assert {"c": 2} == cluster.totals()


async def test_what_a_gone_pod_did_meanwhile_is_recorded_once() -> None:
    """A pod that went before the reports could be read is counted by what was seen of it."""
    time = FakeTime()
    cluster = await lived_before(time)
    troubled(cluster, time, lambda passed: 503 if passed < 100 else 0)
    replica = Replica(cluster, time, SETTINGS)
    await replica.recording.start()
    replica.see("a", 3, 20)
    replica.see("a", 4, 21)
    await replica.pass_time(30)
    replica.lose("a")
    await replica.pass_time(120)

    assert {"a": 1, "c": 2} == cluster.totals()
    assert [4] == replica.told.restarts
