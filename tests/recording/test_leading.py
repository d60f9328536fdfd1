"""Who leads writes, and nobody else; who takes over repeats what may not have been written."""

import asyncio

import pytest

from probewatch.core.causes import Readiness, ReadinessReason
from probewatch.core.findings import ReadinessChanged
from probewatch.core.model import PodRef, PodUid
from probewatch.kube.lease_objects import SCOPE
from probewatch.kube.workloads import nearest_workload
from probewatch.recording.surroundings import EVENTS_SECONDS, scope_of
from probewatch.settings import Settings
from tests.recording.scene import SETTINGS, Cluster, Replica, troubled
from tests.support.fake_time import FakeTime


async def leading(cluster: Cluster, time: FakeTime, name: str = "one") -> Replica:
    """A replica that has just begun to write, and knows the pod `a`."""
    replica = Replica(cluster, time, Settings(instance=name))
    await replica.recording.start()
    replica.see("a", 0, 10)
    await replica.act()
    assert replica.recording.is_open()
    return replica


async def test_who_gave_the_lease_away_writes_nothing_more() -> None:
    """Not even until the next step, which may be a fifth of a second away."""
    time, cluster = FakeTime(), Cluster()
    replica = await leading(cluster, time)
    await replica.recording.lease.release()

    assert not replica.recording.is_open()


async def test_who_acquires_the_lease_writes_nothing_before_it_has_read() -> None:
    """What another leader recorded is not known yet."""
    time, cluster = FakeTime(), Cluster()
    before = await leading(cluster, time)
    after = Replica(cluster, time, Settings(instance="two"))
    await after.recording.start()
    await before.recording.lease.release()
    await after.recording.lease.step()
    is_open = after.recording.is_open()
    await after.recording.step()

    assert after.recording.leads()
    assert (False, True) == (is_open, after.recording.is_open())


async def test_who_leads_again_at_once_reads_what_was_recorded_meanwhile() -> None:
    """Nobody looks between two steps: another may have led, for all that is known."""
    time, cluster = FakeTime(), Cluster()
    replica = await leading(cluster, time)
    term = replica.recording.lease.term
    cluster.leases.lease = None  # somebody deleted it
    time.seconds += 5.0
    for _ in range(2):
        await replica.recording.lease.step()
    assert replica.recording.leads()
    hidden = replica.recording.stands_by()
    await replica.recording.step()

    assert term != replica.recording.lease.term
    assert (True, False) == (hidden, replica.recording.stands_by())
    assert replica.recording.is_open()


async def test_the_lease_is_renewed_while_a_start_waits_for_the_reports() -> None:
    """Else it would lapse, and another replica would have to take over before this one began."""
    time, cluster = FakeTime(), Cluster()
    troubled(cluster, time, lambda passed: 503 if passed < 40 else 0)
    replica = Replica(cluster, time, SETTINGS)
    holding = asyncio.create_task(replica.recording.hold())
    await replica.recording.start()
    holding.cancel()

    assert replica.recording.is_open()


async def test_a_leader_with_nothing_to_write_asks_little() -> None:
    """It looks at the reports twice a minute, and at the Lease when that has to be renewed."""
    time, cluster = FakeTime(), Cluster()
    replica = await leading(cluster, time)
    await replica.pass_time(30)
    reports, leases = len(cluster.api.asked), len(cluster.leases.asked)
    for _ in range(120):
        await replica.recording.step()
        time.seconds += 0.5
        if time.seconds % 5 == 0:
            await replica.recording.lease.step()

    assert 2 == len(cluster.api.asked) - reports
    assert 12 == len(cluster.leases.asked) - leases


async def test_who_cannot_read_the_reports_asks_again_after_a_pause() -> None:
    """An API server in trouble is not asked for all reports with each look at the Lease."""
    time, cluster = FakeTime(), Cluster()
    before = await leading(cluster, time)
    after = Replica(cluster, time, Settings(instance="two"))
    await after.recording.start()
    await after.recording.step()
    troubled(cluster, time, lambda _passed: 503)
    await before.recording.lease.release()
    await after.recording.lease.step()
    asked = len(cluster.api.asked)
    for _ in range(40):
        time.seconds += 0.2
        await after.recording.step()

    assert after.recording.leads()
    assert 3 <= len(cluster.api.asked) - asked <= 5


class SlowToRenew(Cluster):
    """A cluster that answers writes of the Lease only when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.answers = asyncio.Event()
        self.answers.set()

    async def interfere(self, verb: str, path: str) -> int:
        if verb == "PUT" and "/leases/" in path:
            await self.answers.wait()
        return 0


async def test_who_gives_the_lease_back_does_not_begin_again_to_write() -> None:
    """A renewal that is under way is waited for before, while the Lease still counts as held."""
    time, cluster = FakeTime(), SlowToRenew()
    replica = await leading(cluster, time)
    cluster.answers.clear()
    renewal = asyncio.create_task(replica.recording.lease.step())
    await asyncio.sleep(0)
    ending = asyncio.create_task(replica.recording.stop(4.0))
    await asyncio.sleep(0)
    await replica.recording.step()
    is_open = replica.recording.is_open()
    cluster.answers.set()
    await asyncio.gather(renewal, ending)

    assert not is_open
    assert "" == (cluster.leases.lease or {})["spec"].get("holderIdentity", "")


async def test_a_refusal_stops_writes_and_holds_no_restart_back() -> None:
    """Metrics and Events get the restarts that wait for their record at once."""
    time, cluster = FakeTime(), Cluster()
    replica = await leading(cluster, time)
    replica.see("a", 1, 11)
    replica.settle()
    waiting = list(replica.told.restarts)
    replica.recording.refused("403: no right")

    assert ([], [1]) == (waiting, replica.told.restarts)
    assert not replica.recording.is_open()


async def test_a_refused_write_is_tried_again_after_a_pause() -> None:
    """A missing right is asked for every 20 seconds, and not with each change of a pod."""
    time, cluster = FakeTime(), Cluster()
    replica = await leading(cluster, time)
    denied = {"message": 'User "probewatch" cannot create resource "probereports"'}
    cluster.api.answer = lambda verb, _path: (403, denied) if verb == "POST" else None
    for version in range(11, 41):
        replica.see("a", version - 10, version)
        await replica.act()
        time.seconds += 1.0

    assert sum(each.startswith("POST") for each in cluster.api.asked) <= 3


async def test_metrics_wait_for_records_that_can_be_read() -> None:
    """They answer once records are loaded, or once it is known that there are none to load."""
    time, cluster = FakeTime(), Cluster()
    replica = Replica(cluster, time, SETTINGS)
    before = replica.recording.find_missing()
    await replica.recording.start()
    troubled(cluster, time, lambda _passed: 404)
    without = Replica(cluster, time, SETTINGS)
    await without.recording.start()

    assert ["the records are not loaded yet"] == list(before)
    assert ((), ()) == (replica.recording.find_missing(), without.recording.find_missing())


@pytest.mark.parametrize(("passed", "again"), [(0.0, [1]), (EVENTS_SECONDS + 1, [])])
async def test_events_of_recent_restarts_are_written_again_by_who_takes_over(
    passed: float, again: list[int]
) -> None:
    """The leader before may have stopped between the record and its Event; old ones are known."""
    time, cluster = FakeTime(), Cluster()
    before = await leading(cluster, time)
    before.see("a", 1, 11)
    await before.pass_time(60)
    await before.recording.lease.release()
    time.seconds += passed - 60
    after = Replica(cluster, time, Settings(instance="two"))
    await after.recording.start()
    await after.pass_time(5)

    assert again == after.retold.restarts


async def test_events_of_a_report_that_another_wrote_are_written_again() -> None:
    """The other one may have lost the Lease between the record and its Event."""
    time, cluster = FakeTime(), Cluster()
    replica = await leading(cluster, time)
    replica.see("a", 1, 11)
    await replica.pass_time(60)
    (key,) = replica.recording.book.all_keys()
    before = list(replica.retold.restarts)
    replica.recording.reloaded(key)

    assert ([], [1]) == (before, replica.retold.restarts)


async def test_what_is_not_saved_yet_has_its_event_written_once() -> None:
    """A restart waits for its record, and other findings do not, which may have been lost."""
    time, cluster = FakeTime(), Cluster()
    before = await leading(cluster, time)
    after = Replica(cluster, time, Settings(instance="two"))
    await after.recording.start()
    after.see("a", 0, 10)
    after.see("a", 1, 11)
    after.settle()
    about = PodRef(uid=PodUid("a"), namespace="shop", name="a")
    lost = ReadinessChanged(
        pod=about, to=Readiness.NOT_READY, reason=ReadinessReason.READINESS_PROBE, at=time.seconds
    )
    after.recording.reports.publish(lost, nearest_workload(about))
    await before.recording.lease.release()
    await after.pass_time(5)

    assert [lost] == after.retold.findings
    assert [1] == after.told.restarts


@pytest.mark.parametrize("is_written", [True, False])
async def test_who_records_all_while_it_stops_says_so(is_written: bool) -> None:  # noqa: FBT001  # a parameter
    """A rollout right after the first install loses no restarts of pods that are born in it."""
    time, cluster = FakeTime(), Cluster()
    before = Replica(cluster, time, SETTINGS)
    await before.recording.start()
    before.see("a", 4, 10)
    await before.recording.step()
    if not is_written:
        cluster.api.answer = lambda verb, _path: (503, {}) if verb == "PUT" else None
    await before.recording.stop(4.0)
    after = Replica(cluster, time, Settings(instance="two"))
    await after.recording.start()
    after.see("born-since", 2, 12)
    after.settle()
    cluster.api.answer = lambda _verb, _path: None
    await after.pass_time(30)

    assert ([1, 2] if is_written else []) == after.told.restarts


async def test_the_lease_says_that_all_is_recorded_once_it_is() -> None:
    """The next process counts new pods from 0, so no record may be missing that is not saved."""
    time, cluster = FakeTime(), Cluster()
    before = await leading(cluster, time)
    before.see("a", 1, 11)
    await before.pass_time(60)
    await before.recording.lease.release()
    metadata = (cluster.leases.lease or {})["metadata"]
    metadata["annotations"].pop(SCOPE)
    cluster.api.answer = lambda verb, _path: (503, {}) if verb == "PUT" else None
    after = Replica(cluster, time, Settings(instance="two"))
    await after.recording.start()
    after.see("a", 3, 12)
    after.settle()
    await after.pass_time(10)
    unsaved = scope(cluster)
    cluster.api.answer = lambda _verb, _path: None
    await after.pass_time(60)

    assert ("", scope_of(SETTINGS)) == (unsaved, scope(cluster))


def scope(cluster: Cluster) -> str:
    """For which set of pods the Lease says that all is recorded."""
    annotations = (cluster.leases.lease or {})["metadata"].get("annotations", {})
    return str(annotations.get(SCOPE, ""))


def test_what_is_recorded_is_told_apart_by_namespaces_and_selector() -> None:
    """The order of namespaces does not matter."""
    some, same, other, selected = (
        scope_of(Settings(instance="one", namespaces=namespaces, pod_selector=selector))
        for namespaces, selector in (
            (("a", "b"), ""),
            (("b", "a"), ""),
            (("a",), ""),
            (("a", "b"), "app=web"),
        )
    )

    assert some == same
    assert 3 == len({some, other, selected})


async def test_a_condition_keeps_its_time_when_the_operator_restarts() -> None:
    """`lastTransitionTime` is when the condition changed, whichever process writes the report."""
    time, cluster = FakeTime(), Cluster()
    before = await leading(cluster, time)
    before.see("a", 1, 11)
    await before.pass_time(60)
    await before.recording.lease.release()
    since = times(cluster)
    after = Replica(cluster, time, Settings(instance="two"))
    await after.recording.start()
    after.see("a", 2, 12)
    await after.pass_time(60)

    assert {"a": 2} == cluster.totals()
    assert since == times(cluster)


def times(cluster: Cluster) -> dict[str, str]:
    """When the conditions of the report last changed."""
    [report] = cluster.api.reports.values()
    conditions = report["status"]["conditions"]
    return {each["type"]: each["lastTransitionTime"] for each in conditions}
