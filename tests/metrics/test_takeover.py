"""Counters of two replicas that lead in turn."""

from probewatch.core.evidence import FailureReason
from probewatch.core.findings import ProbeFailures
from probewatch.core.spec import ProbeType
from probewatch.kube.workloads import nearest_workload
from probewatch.metrics.counters import Counters
from probewatch.settings import Settings
from tests.recording.scene import Cluster, Replica
from tests.support.fake_time import FakeTime


class Counting(Replica):
    """A replica with counters of its own."""

    def __init__(self, cluster: Cluster, time: FakeTime, name: str) -> None:
        self.counters = Counters(clock=time.clock, series_limit=1000)
        super().__init__(cluster, time, Settings(instance=name), counters=self.counters)

    def fail(self, times: int) -> None:
        """Report failures of a probe of the pod `a`."""
        header = self.store.headers()[0]
        failed = ProbeFailures(
            pod=header.ref,
            container="app",
            probe_type=ProbeType.LIVENESS,
            reason=FailureReason.TIMEOUT,
            count=times,
            at=self.time.seconds,
        )
        self.recording.reports.publish(failed, nearest_workload(header.ref))

    def shown(self) -> tuple[float, float]:
        """The total of restarts and of probe failures."""
        tables = (self.counters.tables.restarts, self.counters.tables.failures)
        restarts, failures = (sum(sum(v) for _, v in each.rows.values()) for each in tables)
        return restarts, failures


async def lead(replica: Replica) -> None:
    """Let the other replica's Lease expire, and this one take it."""
    await replica.pass_time(60)
    assert replica.recording.leads()


async def test_leadership_that_goes_to_and_fro_makes_no_counter_rise() -> None:
    """Recorded restarts continue across leaders; other counters start at 0 with each leader."""
    time, cluster = FakeTime(), Cluster()
    one, two = Counting(cluster, time, "one"), Counting(cluster, time, "two")
    await one.recording.start()
    await lead(one)
    await two.recording.start()
    for each in (one, two):
        each.see("a", 0, 10)
        each.see("a", 2, 11)
    one.fail(6)
    two.fail(2)
    await one.pass_time(60)
    assert (2, 6) == one.shown()

    await lead(two)
    assert (2, 0) == two.shown()

    two.fail(1)
    assert (2, 1) == two.shown()

    await lead(one)
    assert (2, 0) == one.shown()
