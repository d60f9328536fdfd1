"""What no leader has recorded is counted by the next one, and what one recorded is not again."""

import asyncio

import pytest

from probewatch.core.causes import Cause
from probewatch.core.records import Record, Tally
from probewatch.core.values import replace
from probewatch.recording.recording import LOOK_AROUND_SECONDS
from probewatch.recording.surroundings import report_options, totals_of
from probewatch.records.attendance import DEPARTED_SECONDS
from probewatch.records.entry import STALE_SECONDS
from probewatch.settings import Settings
from tests.core.test_ledger import CART
from tests.recording.scene import SETTINGS, Cluster, Replica, live, troubled, two_replicas
from tests.support.fake_time import FakeTime

UNHEARD = -1e9
"""A time before all others: since then a replica has heard nothing of its watches."""


async def recorded_once(time: FakeTime, cluster: Cluster) -> tuple[Replica, Replica]:
    """A leader that recorded one restart of the pod `a`, and its standby."""
    leader, standby = await two_replicas(time, cluster)
    for each in (leader, standby):
        each.see("a", 0, 10)
        each.see("a", 1, 11)
    await live(time, 60, leader, standby)
    assert {"a": 1} == cluster.totals()
    return leader, standby


def recreate(*replicas: Replica) -> None:
    """Show a further pod of that name, which restarts twice."""
    for each in replicas:
        each.see("a", 0, 20, uid="a2")
        each.see("a", 2, 21, uid="a2")


async def take_over(leader: Replica, standby: Replica) -> None:
    """Let the standby take over without news of its watches."""
    await leader.recording.lease.release()
    standby.heard_at = UNHEARD
    await standby.recording.lease.step()
    await standby.recording.step()
    assert standby.recording.leads()


async def test_restarts_that_the_leader_did_not_see_are_counted_by_the_next() -> None:
    """A pod that is alive is counted even if its findings are so old that the leader had them."""
    time, cluster = FakeTime(), Cluster()
    leader, standby = await recorded_once(time, cluster)
    recreate(standby)
    await live(time, STALE_SECONDS + 60, leader, standby)
    leader.see("a", 2, 30)
    await live(time, 60, leader, standby)
    assert {"a": 2} == cluster.totals()
    await take_over(leader, standby)
    missed = standby.recording.reports.queued
    await live(time, 60, standby)

    assert {"a": 4} == cluster.totals()
    assert 0 == missed
    assert 1 == standby.recording.reports.queued


async def test_restarts_that_the_leader_did_not_see_are_counted_by_who_leads_again() -> None:
    """Each takeover is a new one: another has led since."""
    time, cluster = FakeTime(), Cluster()
    first, second = await recorded_once(time, cluster)
    await live(time, 30, second)  # the first one stands still
    await live(time, 30, first, second)
    assert (False, True) == (first.recording.leads(), second.recording.leads())
    recreate(first)
    await live(time, STALE_SECONDS + 60, first, second)
    second.see("a", 2, 30)
    await live(time, 60, first, second)
    assert {"a": 2} == cluster.totals()
    await second.recording.lease.release()
    await live(time, 60, first)

    assert {"a": 4} == cluster.totals()


async def test_leader_records_what_waited_long_though_somebody_changed_the_report() -> None:
    """Nobody else can have recorded it: this process has led all the time."""
    time, cluster = FakeTime(), Cluster()
    leader, _ = await recorded_once(time, cluster)
    cluster.api.answer = lambda verb, _path: (503, {}) if verb == "PUT" else None
    recreate(leader)
    await live(time, STALE_SECONDS + 60, leader)
    cluster.api.touch("pod-a")
    cluster.api.answer = lambda _verb, _path: None
    await live(time, 60, leader)

    assert {"a": 3} == cluster.totals()


async def test_what_is_found_while_nobody_leads_waits_for_who_will() -> None:
    """A webhook that fails for Leases may do so for long, and nobody records anything then."""
    time, cluster = FakeTime(), Cluster()
    leader, standby = await recorded_once(time, cluster)
    cluster.leases.write_status = 500
    for each in (leader, standby):
        each.see("a", 2, 12)
    await live(time, DEPARTED_SECONDS + 60, leader, standby)
    assert {"a": 1} == cluster.totals()
    cluster.leases.write_status = 0
    await live(time, 60, leader, standby)

    assert {"a": 2} == cluster.totals()
    assert [[1, 2]] == [each.told.restarts for each in (leader, standby) if each.recording.leads()]


async def leader_and_blind(time: FakeTime, cluster: Cluster) -> tuple[Replica, Replica]:
    """A leader, and a standby that begins while no report can be read."""
    cluster.agree(SETTINGS)
    leader = Replica(cluster, time, SETTINGS)
    await leader.recording.start()
    await live(time, 10, leader)
    troubled(cluster, time, lambda _passed: 503)
    blind = Replica(cluster, time, Settings(instance="two"))
    starting = asyncio.create_task(blind.recording.start())
    while not starting.done():
        await leader.act()
        await asyncio.sleep(0)
    return leader, blind


async def test_who_has_not_heard_of_pods_for_long_waits_before_it_decides_about_them() -> None:
    """A pod first seen before the records were read may have been recorded, and forgotten since."""
    time, cluster = FakeTime(), Cluster()
    leader, late = await leader_and_blind(time, cluster)
    for each in (leader, late):
        each.see("a", 0, 10)
        each.see("a", 2, 11)
    await live(time, 60, leader, late)
    assert {"a": 2} == cluster.totals()
    leader.lose("a")
    await live(time, DEPARTED_SECONDS + 60, leader)
    leader.see("a", 1, 30, uid="a2")
    await live(time, 60, leader)
    assert {"a": 3} == cluster.totals()
    troubled(cluster, time, lambda _passed: 0)
    await take_over(leader, late)
    for _ in range(60):  # still without news of its watches
        time.seconds += 1.0
        await late.recording.lease.step()
        await late.recording.step()
    is_open = late.recording.is_open()
    late.lose("a")
    late.see("a", 1, 30, uid="a2")
    await live(time, 60, late)

    assert (False, True) == (is_open, late.recording.is_open())
    assert {"a": 3} == cluster.totals()


async def test_restarts_of_a_pod_that_is_gone_are_not_counted_by_the_next_leader() -> None:
    """Its mark may have been dropped with it, so a standby that is behind cannot tell."""
    time, cluster = FakeTime(), Cluster()
    leader, standby = await recorded_once(time, cluster)
    recreate(leader, standby)
    await live(time, 60, leader, standby)
    leader.lose("a2")
    await live(time, DEPARTED_SECONDS + 60, leader, standby)
    leader.see("a", 2, 30)
    await live(time, 60, leader)
    assert {"a": 4} == cluster.totals()
    await take_over(leader, standby)
    standby.lose("a2")
    standby.see("a", 2, 30)
    await live(time, 60, standby)

    assert {"a": 4} == cluster.totals()


async def test_marks_of_pods_that_went_while_nobody_watched_are_dropped() -> None:
    """A new leader learns from the first complete list that they are gone."""
    time, cluster = FakeTime(), Cluster()
    leader, standby = await recorded_once(time, cluster)
    recreate(leader, standby)
    await live(time, 60, leader, standby)
    await leader.recording.lease.release()
    after = Replica(cluster, time, Settings(instance="three"))
    await after.recording.start()
    after.see("a", 1, 11)
    await live(time, DEPARTED_SECONDS + 60, after)
    after.see("a", 2, 30)
    await live(time, 60, after)
    (key,) = after.recording.book.all_keys()
    record = after.recording.book.record(key)

    assert record is not None
    assert {"a"} == record.pods.keys()
    assert {"a": 4} == cluster.totals()


async def test_list_that_cannot_be_decoded_is_read_again() -> None:
    """An answer that makes no sense is as good as none: the records are waited for."""
    time, cluster = FakeTime(), Cluster()
    leader, _ = await recorded_once(time, cluster)
    await leader.recording.lease.release()
    begun = time.seconds
    cluster.api.answer = lambda verb, path: (
        (200, {"items": "none"})
        if verb == "GET" and path.endswith("/probereports") and time.seconds < begun + 10
        else None
    )
    after = Replica(cluster, time, Settings(instance="three"))
    await after.recording.start()

    assert after.recording.is_recording()
    assert 1 == len(after.recording.book)


@pytest.mark.parametrize(
    "body",
    [b'{"metadata": {"continue": "\xe4"}}', b'{"items": ' + b"[" * 100_000],
    ids=["another encoding", "nested too deeply"],
)
async def test_list_of_no_text_or_form_is_read_again(body: bytes) -> None:
    """Neither stops the replica, at its start or when it looks around as the leader."""
    time, cluster = FakeTime(), Cluster()
    leader, _ = await recorded_once(time, cluster)
    cluster.garbage = body
    await live(time, LOOK_AROUND_SECONDS + 5, leader)
    wrote = leader.recording.is_open()
    await leader.recording.lease.release()
    after = Replica(cluster, time, Settings(instance="three"))
    await after.recording.start()
    waits = len(after.recording.book)
    cluster.garbage = b""
    await live(time, 60, after)

    assert wrote
    assert (0, 1) == (waits, len(after.recording.book))


async def test_two_processes_of_one_instance_are_told_apart() -> None:
    """Of two that run by mistake, as without a pod's name, only one writes."""
    one, two = (Replica(Cluster(), FakeTime(), SETTINGS) for _ in range(2))

    assert one.recording.lease.identity != two.recording.lease.identity


async def test_settings_tell_how_reports_are_written() -> None:
    """The number of incidents, the interval and the workers are as they are set."""
    time, cluster = FakeTime(), Cluster()
    settings = Settings(
        instance="one", history_limit=2, report_interval_seconds=7.0, report_workers=3
    )
    replica = Replica(cluster, time, settings)
    await replica.recording.start()
    for count in range(4):
        replica.see("a", count, 10 + count)
    await replica.pass_time(60)
    options = report_options(settings)

    assert 2 == len(cluster.api.reports["pod-a"]["status"]["incidents"])
    assert (7.0, 3) == (options.interval_seconds, options.workers)


def test_counters_go_on_from_all_reports_of_a_workload() -> None:
    """A workload with very many pods has several reports."""
    one = Record(workload=CART, tallies={("app", Cause.ERROR): Tally(counted=2)})
    totals = totals_of([one, replace(one, part=1)])

    assert [4] == [total.count for total in totals]
