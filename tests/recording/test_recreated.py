"""What happens to the report of a workload that is deleted and created again under its name.

The API server's garbage collector deletes a report whose owner is gone, also one created for it.
"""

import pytest

from tests.recording.scene import SETTINGS, Cluster, Replica
from tests.support.fake_time import FakeTime


def collect_garbage(cluster: Cluster, *alive: str) -> None:
    """Delete the reports whose owners are not *alive*."""
    cluster.api.reports = {
        name: report
        for name, report in cluster.api.reports.items()
        if report["metadata"]["ownerReferences"][0]["uid"] in alive
    }


async def recreated(time: FakeTime) -> tuple[Cluster, Replica]:
    """A pod with two recorded restarts that was deleted, and created again under its name."""
    cluster = Cluster()
    replica = Replica(cluster, time, SETTINGS)
    await replica.recording.start()
    replica.see("a", 0, 10)
    replica.see("a", 2, 11)
    await replica.pass_time(60)
    assert {"a": 2} == cluster.totals()
    replica.lose("a")
    replica.see("a", 0, 20, uid="a2")
    return cluster, replica


async def live(cluster: Cluster, replica: Replica, minutes: int) -> None:
    """Let time pass, with a garbage collector at work; only the second pod exists."""
    for _ in range(minutes):
        collect_garbage(cluster, "a2")
        await replica.pass_time(60)


async def test_report_is_not_created_again_for_an_owner_that_is_gone() -> None:
    """It is created once, for the new workload; else it would be deleted over and over."""
    cluster, replica = await recreated(FakeTime())
    before = len(cluster.api.asked)
    await live(cluster, replica, 10)
    writes = [each for each in cluster.api.asked[before:] if not each.startswith("GET")]

    assert ["POST ", "PUT /pod-a/status"] == writes
    assert {"a": 2} == cluster.totals()


@pytest.mark.parametrize("minutes", [0, 2])
async def test_restarts_of_the_new_workload_are_added(minutes: int) -> None:
    """Nothing is lost, whether the old report is gone before the first restart or after it."""
    cluster, replica = await recreated(FakeTime())
    await live(cluster, replica, minutes)
    replica.see("a", 1, 30, uid="a2")
    await replica.pass_time(60)
    await live(cluster, replica, 3)
    (report,) = cluster.api.reports.values()

    assert "a2" == report["metadata"]["ownerReferences"][0]["uid"]
    assert {"a": 3} == cluster.totals()
    assert [1, 2, 1] == replica.told.restarts


async def test_report_goes_with_the_last_workload_of_its_name() -> None:
    """Once the new workload is deleted too, no report is created again."""
    cluster, replica = await recreated(FakeTime())
    await live(cluster, replica, 2)
    replica.lose("a2")
    cluster.api.reports.clear()
    await replica.pass_time(120)

    assert {} == cluster.api.reports
    assert 0 == len(replica.recording.book)
