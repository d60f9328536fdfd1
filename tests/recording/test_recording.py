"""Recording despite faults at the start: nothing is lost or counted twice."""

import asyncio

import pytest

from probewatch.core.findings import Restart
from probewatch.core.model import PodUid
from probewatch.records.entry import Key
from probewatch.settings import Settings
from tests.recording.scene import (
    SETTINGS,
    Cluster,
    Divided,
    Replica,
    live,
    troubled,
    two_replicas,
)
from tests.support import virtual_time
from tests.support.builders import pod
from tests.support.fake_time import FakeTime


async def lived_before(time: FakeTime) -> Cluster:
    """A cluster in which an operator recorded two restarts of one pod, and then stopped."""
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
    """A start waits a while for a server that is just coming back."""
    time = FakeTime()
    cluster = await lived_before(time)
    troubled(cluster, time, lambda passed: status if passed < seconds else 0)
    replica = Replica(cluster, time, SETTINGS)
    await replica.recording.start()

    assert replica.recording.is_recording()
    assert replica.recording.book.complete


async def begun_blind(seconds: float) -> tuple[Cluster, Replica]:
    """A replica started on existing records that cannot be read for so long."""
    time = FakeTime()
    cluster = await lived_before(time)
    troubled(cluster, time, lambda passed: 503 if passed < seconds else 0)
    replica = Replica(cluster, time, SETTINGS)
    await replica.recording.start()
    return cluster, replica


@pytest.mark.parametrize("status", [503, 403], ids=["trouble", "no right"])
@pytest.mark.parametrize("seconds", [70.0, 1000.0])
async def test_downtime_is_counted_however_late_the_reports_are_read(
    status: int, seconds: float
) -> None:
    """Restarts during downtime are counted however late the records are read."""
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


async def test_downtime_is_counted_if_the_lease_is_read_after_the_reports() -> None:
    """Only the Lease says whether the records are complete, so nothing is decided before."""
    time = FakeTime()
    cluster = await lived_before(time)
    cluster.leases.status = 503
    replica = Replica(cluster, time, SETTINGS)
    await replica.recording.start()
    for name, restarts in (("a", 3), ("b", 1), ("c", 3)):
        replica.see(name, restarts, 20)
    await replica.pass_time(10)
    cluster.leases.status = 0
    await replica.pass_time(60)

    assert {"a": 3, "b": 1, "c": 3} == cluster.totals()


async def test_pods_that_were_not_watched_before_do_not_count_from_zero() -> None:
    """Another selector than before may select pods that restarted when nobody recorded it."""
    time = FakeTime()
    cluster = await lived_before(time)
    replica = Replica(cluster, time, Settings(instance="one", pod_selector="app=web"))
    await replica.recording.start()
    replica.see("new", 3, 20)
    await replica.pass_time(60)

    assert {"c": 2} == cluster.totals()


@pytest.mark.parametrize("leads", [True, False])
async def test_pods_that_are_not_listed_yet_are_not_taken_for_gone(*, leads: bool) -> None:
    """Without their marks, all their restarts would be counted again once they are listed."""
    time = FakeTime()
    cluster = await lived_before(time)
    if not leads:
        await Replica(cluster, time, Settings(instance="two")).recording.start()
    replica = Replica(cluster, time, SETTINGS)
    replica.is_listed = False
    await replica.recording.start()
    await replica.recording.step()
    remembered = replica.recording.book.remember(pod(1, uid=PodUid("c"), evidence_uid="c"))

    assert leads == replica.recording.leads()
    assert [2] == [each.count for each in remembered.containers.values()]


async def test_causes_that_were_told_meanwhile_stay() -> None:
    """Verdicts from before the records were read are recorded as they were reported."""
    cluster, replica = await begun_blind(900)
    replica.see("a", 3, 20)
    replica.see("a", 4, 21)
    await replica.pass_time(1000)
    totals = cluster.api.reports["pod-a"]["status"]["totals"]

    (told,) = (each for each in replica.told.findings if isinstance(each, Restart))

    assert {told.cause: 1, "Unobserved": 3} == {each["cause"]: each["restarts"] for each in totals}


async def test_first_start_counts_from_where_pods_stand_however_late() -> None:
    """Without any records, counting starts from the pods' current counts, also if read late."""
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
    """Pods that existed unseen before do not count from 0, however late the records are read."""
    cluster, replica = await begun_blind(100)
    if how == "opted out":
        replica.see("a", 3, 20, ignored=True)
    elif how == "came back":
        replica.see("a", 0, 19)
        replica.lose("a")
    replica.see("a", 3, 21, static=how == "static")
    await replica.pass_time(200)

    assert {"c": 2} == cluster.totals()


async def test_what_a_gone_pod_did_meanwhile_is_recorded_once() -> None:
    """A pod deleted before the records were read is counted as far as it was seen."""
    cluster, replica = await begun_blind(100)
    replica.see("a", 3, 20)
    replica.see("a", 4, 21)
    await replica.pass_time(30)
    replica.lose("a")
    await replica.pass_time(120)

    assert {"a": 1, "c": 2} == cluster.totals()
    assert [4] == replica.told.restarts


async def deleted_with_its_report(
    time: FakeTime, cluster: Cluster, seconds: float
) -> tuple[Replica, Replica]:
    """Leader and standby, *seconds* after a workload that both saw restart was deleted."""
    leader, standby = await two_replicas(time, cluster)
    for each in (leader, standby):
        each.see("a", 0, 10)
        each.see("a", 2, 11)
    await live(time, 100, leader, standby)
    assert {"a": 2} == cluster.totals()
    for each in (leader, standby):
        each.lose("a")
    cluster.api.reports.clear()
    await live(time, seconds, leader, standby)
    return leader, standby


async def test_standby_lets_go_of_workloads_that_are_over() -> None:
    """A standby drops deleted workloads, and does not write them when it leads."""
    time, cluster = FakeTime(), Cluster()
    leader, standby = await deleted_with_its_report(time, cluster, 1000)
    kept = len(standby.recording.book), len(leader.recording.book)
    await leader.recording.lease.release()
    await live(time, 100, standby)

    assert (0, 0) == kept
    assert standby.recording.leads()
    assert {} == cluster.api.reports
    assert [] == standby.told.restarts
    assert 0 == standby.recording.reports.queued


async def test_workload_that_is_over_is_not_made_again_by_who_takes_over() -> None:
    """A deleted workload's report is not created again by a new leader."""
    time, cluster = FakeTime(), Cluster()
    leader, standby = await deleted_with_its_report(time, cluster, 400)
    await leader.recording.lease.release()
    await live(time, 100, standby)

    assert {} == cluster.api.reports
    assert [] == standby.told.restarts


async def test_without_definitions_only_what_is_there_is_kept_in_mind() -> None:
    """While nothing can be written, only workloads with pods are kept in memory."""
    time, cluster = FakeTime(), Cluster()
    troubled(cluster, time, lambda _passed: 404)
    replica = Replica(cluster, time, SETTINGS)
    await replica.recording.start()
    for name in "ab":
        replica.see(name, 0, 10)
        replica.see(name, 2, 11)
    await replica.pass_time(60)
    replica.lose("a")
    await replica.pass_time(1000)

    assert (Key("shop", "pod-b"),) == replica.recording.book.all_keys()
    assert 0 == replica.recording.reports.queued
    troubled(cluster, time, lambda _passed: 0)
    await replica.pass_time(60)
    assert {"b": 2} == cluster.totals()


async def test_leader_remembers_nothing_of_reports_that_went() -> None:
    """A leader keeps nothing of a workload deleted with its report."""
    time, cluster = FakeTime(), Cluster()
    replica = Replica(cluster, time, SETTINGS)
    await replica.recording.start()
    replica.see("a", 0, 10)
    replica.see("a", 2, 11)
    await replica.pass_time(60)
    replica.lose("a")
    cluster.api.reports.clear()
    await replica.pass_time(100)

    assert 0 == len(replica.recording.book)
    assert set() == replica.recording.reports.writer.known()
    assert replica.recording.book.remember(pod(1, uid=PodUid("a"))).from_zero


async def test_namespace_whose_reports_are_refused_does_not_concern_the_others() -> None:
    """A missing Role in one namespace does not stop records in others."""
    settings = Settings(instance="one", namespaces=("shop", "other"))
    time, cluster = FakeTime(), Divided()
    cluster.agree(settings)
    replica = Replica(cluster, time, settings)
    await replica.recording.start()
    replica.see("a", 2, 10)
    replica.see("x", 2, 11, namespace="other")
    replica.see("x", 3, 12, namespace="other")
    await replica.pass_time(60)
    assert {"a": 2} == cluster.totals()
    assert {} == cluster.others.reports
    assert [1, 2, 3] == sorted(replica.told.restarts)
    cluster.is_closed = False
    await replica.pass_time(60)

    (report,) = cluster.others.reports.values()
    assert 1 == report["status"]["restarts"]
    assert [1, 2, 3] == sorted(replica.told.restarts)
    assert not replica.recording.book.unread


async def test_where_all_namespaces_are_refused_no_records_are_kept() -> None:
    """If reports are forbidden in all namespaces, nothing is recorded."""
    time, cluster = FakeTime(), Divided()
    troubled(cluster, time, lambda _passed: 403)
    replica = Replica(cluster, time, Settings(instance="one", namespaces=("shop", "other")))
    await replica.recording.start()

    assert not replica.recording.is_recording()


async def test_right_to_write_that_is_missing_is_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A missing right to write is logged once, and its end after the first write."""
    caplog.set_level("INFO", "probewatch.recording")
    time, cluster = FakeTime(), Cluster()
    cluster.agree(SETTINGS)
    replica = Replica(cluster, time, SETTINGS)
    await replica.recording.start()
    denied = {"message": 'User "probewatch" cannot update resource "probereports/status"'}
    cluster.api.answer = lambda verb, _path: (403, denied) if verb == "PUT" else None
    replica.see("a", 0, 10)
    replica.see("a", 1, 11)
    await replica.pass_time(100)
    tries = sum(each.startswith("PUT") for each in cluster.api.asked)
    cannot = "Records cannot be kept; metrics and Events go on without them"
    assert [cannot] == caplog.messages
    cluster.api.answer = lambda _verb, _path: None
    await replica.pass_time(30)

    assert tries >= 4
    assert [cannot, "Records are kept again"] == caplog.messages
    assert {"a": 1} == cluster.totals()
    assert [1] == replica.told.restarts


async def test_report_that_another_wrote_proves_no_right_to_write(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A report edited by somebody else does not end the refusal."""
    caplog.set_level("INFO", "probewatch.recording.refusal")
    time, cluster = FakeTime(), Cluster()
    cluster.agree(SETTINGS)
    replica = Replica(cluster, time, SETTINGS)
    await replica.recording.start()
    replica.see("a", 0, 10)
    replica.see("a", 1, 11)
    await replica.pass_time(100)
    (key,) = replica.recording.book.all_keys()

    replica.recording.refused("403: no right")
    replica.recording.reloaded(key)

    assert ["Records cannot be kept; metrics and Events go on without them"] == caplog.messages


async def test_right_that_is_missing_is_logged_again_by_who_leads_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """After another leader, a new refusal is logged again."""
    caplog.set_level("INFO", "probewatch.recording")
    time, cluster = FakeTime(), Cluster()
    cluster.agree(SETTINGS)
    one, two = await two_replicas(time, cluster)
    denied = {"message": 'User "one" cannot update resource "probereports/status"'}

    async def refuse(restarts: int) -> None:
        cluster.api.answer = lambda verb, _path: (403, denied) if verb == "PUT" else None
        one.see("a", 0, 10)
        one.see("a", restarts, 10 + restarts)
        await live(time, 100, one)
        cluster.api.answer = lambda _verb, _path: None

    await refuse(1)
    await live(time, 30, two)
    await live(time, 30, one, two)
    led = two.recording.leads()
    await two.recording.lease.release()
    await refuse(2)

    told = [each.getMessage() for each in caplog.records if each.name.endswith(".refusal")]
    cannot = "Records cannot be kept; metrics and Events go on without them"
    assert (True, [cannot, "Records are kept again", cannot]) == (led, told)


@pytest.mark.parametrize("how", ["opted out", "unselected", "unselected unseen"])
async def test_pod_that_comes_into_sight_again_is_not_counted_again(how: str) -> None:
    """Restarts before and during an opt-out are not counted after it."""
    time, cluster = FakeTime(), Cluster()
    cluster.agree(SETTINGS)
    replica = Replica(cluster, time, SETTINGS)
    await replica.recording.start()
    replica.see("a", 0, 10)
    replica.see("a", 1, 11)
    replica.see("a", 2, 12)
    await replica.pass_time(60)
    if how == "opted out":
        replica.see("a", 2, 20, ignored=True)
    elif how == "unselected":
        replica.lose("a")
    else:
        replica.miss()
    await replica.pass_time(60)
    replica.see("a", 4, 30)
    await replica.pass_time(60)
    assert {"a": 2} == cluster.totals()
    replica.see("a", 5, 31)
    await replica.pass_time(60)

    assert {"a": 3} == cluster.totals()
    assert [1, 2, 5] == replica.told.restarts


class Stuck(Cluster):
    """A cluster that stops answering."""

    is_stuck = False

    async def interfere(self, verb: str, path: str) -> int:
        if self.is_stuck:
            await asyncio.Event().wait()
        return await super().interfere(verb, path)


async def stopped_while_stuck(seconds: float) -> float:
    time, cluster, loop = FakeTime(), Stuck(), asyncio.get_running_loop()
    replica = Replica(cluster, time, SETTINGS)
    await replica.recording.start()
    replica.see("a", 0, 10)
    replica.see("a", 1, 11)
    await replica.pass_time(20)
    replica.see("a", 2, 12)
    replica.settle()
    cluster.is_stuck = True
    begun = loop.time()
    await replica.recording.stop(seconds)
    return loop.time() - begun


@pytest.mark.parametrize("seconds", [1.0, 10.0])
def test_end_takes_no_more_than_its_time(seconds: float) -> None:
    """Shutdown waits for writes and the Lease no longer than it may."""
    assert seconds == pytest.approx(virtual_time.run(stopped_while_stuck(seconds)))
