"""A leader that cannot reach the API server, alone or like all others, exposes no counter twice."""

import asyncio
import itertools
from dataclasses import dataclass, field

import pytest

from probewatch.errors import ApiError
from probewatch.metrics.cluster_families import RESTART_LOOP, RESTARTS
from probewatch.metrics.counters import Counters
from probewatch.service.builders import withholds
from probewatch.settings import Settings
from tests.recording.scene import Cluster, Replica
from tests.support.fake_time import FakeTime


@dataclass
class Cable(Cluster):
    """The connection of one replica to the cluster."""

    is_cut: bool = False
    fails_lease: bool = False
    """Whether the API server answers writes of the Lease with an error, and all else normally."""

    async def interfere(self, verb: str, path: str) -> int:
        if self.is_cut:
            raise ApiError("no route to host")
        return 500 if self.fails_lease and "/leases" in path and verb != "GET" else 0


class Exposing(Replica):
    """A replica with counters of its own."""

    def __init__(self, cluster: Cluster, time: FakeTime, name: str) -> None:
        self.cable = Cable(leases=cluster.leases, api=cluster.api)
        self.counters = Counters(clock=time.clock, series_limit=1000)
        super().__init__(self.cable, time, Settings(instance=name), counters=self.counters)

    def expose(self) -> float | None:
        """The restarts in /metrics; None if there are none."""
        if self.recording.stands_by() or withholds(self.recording, RESTARTS):
            return None
        return sum(sum(values) for _, values in self.counters.tables.restarts.rows.values())

    def exposes_gauges(self) -> bool:
        return not (self.recording.stands_by() or withholds(self.recording, RESTART_LOOP))


@dataclass
class Pair:
    """A leader and a standby, scraped into one series each second."""

    time: FakeTime = field(default_factory=FakeTime)
    cluster: Cluster = field(default_factory=Cluster)
    replicas: list[Exposing] = field(default_factory=list)
    scraped: list[list[float]] = field(default_factory=list)
    """What the replicas exposed, by second."""

    async def start(self) -> None:
        for name in ("one", "two"):
            replica = Exposing(self.cluster, self.time, name)
            self.replicas.append(replica)
            await replica.recording.start()
            await self.live(5)
        self.restart(0, 10)
        self.restart(7, 11)
        await self.live(60)

    def restart(self, count: int, version: int) -> None:
        for each in self.replicas:
            if not each.cable.is_cut:
                each.see("a", count, version)

    async def live(self, seconds: int) -> None:
        for _ in range(seconds):
            for each in self.replicas:
                each.recording.display.look()  # as its own task does
                await each.act()
            self.time.seconds += 1.0
            await asyncio.sleep(0)
            found = [each.expose() for each in self.replicas]
            self.scraped.append([each for each in found if each is not None])

    @property
    def increase(self) -> float:
        """What Prometheus' `increase()` returns: a value that falls is a reset to 0."""
        values = [value for second in self.scraped for value in second]
        steps = itertools.pairwise(values)
        return sum(after - before if after >= before else after for before, after in steps)


async def test_leader_that_alone_is_cut_off_leaves_its_counters_to_the_next() -> None:
    """Never do two replicas expose counters at once, and no scrape looks like a reset."""
    pair = Pair()
    await pair.start()
    pair.replicas[0].cable.is_cut = True
    await pair.live(20)
    pair.restart(9, 20)
    await pair.live(160)
    alone = len(pair.scraped)
    pair.replicas[0].cable.is_cut = False
    await pair.live(60)

    assert pair.replicas[1].recording.leads()
    assert 1 == max(len(each) for each in pair.scraped)
    assert [9.0] == pair.scraped[alone - 1] == pair.scraped[-1]
    assert 9 == pair.increase


@pytest.mark.parametrize(("seconds", "hidden"), [(14, 0), (60, 45), (170, 155)])
async def test_outage_hides_counters_once_another_could_lead(seconds: int, hidden: int) -> None:
    """Counters are hidden from the end of the Lease to the end of the outage; gauges never."""
    pair = Pair()
    await pair.start()
    begun = len(pair.scraped)
    for each in pair.replicas:
        each.cable.is_cut = True
    await pair.live(seconds)
    with_gauges = [each.exposes_gauges() for each in pair.replicas]
    for each in pair.replicas:
        each.cable.is_cut = False
    pair.restart(9, 20)
    await pair.live(60)

    assert [True, False] == with_gauges
    assert hidden == pytest.approx(pair.scraped[begun:].count([]), abs=7)
    assert 9 == pair.increase


async def test_lease_that_nobody_can_write_hides_nothing() -> None:
    """A webhook that fails for Leases keeps all replicas from leading, and no counter away."""
    pair = Pair()
    await pair.start()
    begun = len(pair.scraped)
    for each in pair.replicas:
        each.cable.fails_lease = True
    await pair.live(120)
    leads = [each.recording.leads() for each in pair.replicas]

    assert [False, False] == leads
    assert [1] * 120 == [len(each) for each in pair.scraped[begun:]]
