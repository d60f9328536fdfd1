"""Prometheus sees each restart once, even if records cannot be read or are lost."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest

from probewatch.core.causes import Cause
from probewatch.core.values import replace
from probewatch.metrics.counters import Counters
from probewatch.metrics.totals import RestartTotal
from probewatch.recording.surroundings import begin_term, restore_counters, totals_of
from probewatch.recording.unread import HOLD_SECONDS, Unread
from probewatch.records.book import RecordBook
from probewatch.records.entry import Key, Loaded
from probewatch.settings import Settings
from tests.core.test_ledger import CART, restart, told
from tests.recording.scene import SETTINGS, Cluster, Divided, Replica, troubled
from tests.support.fake_time import FakeTime

NO_DEFINITION, NO_RIGHT, TROUBLE = 404, 403, 503


class Counting(Replica):
    """A replica with counters of its own."""

    def __init__(
        self, cluster: Cluster, time: FakeTime, name: str, settings: Settings = SETTINGS
    ) -> None:
        self.counters = Counters(clock=time.clock, series_limit=1000)
        super().__init__(cluster, time, replace(settings, instance=name), counters=self.counters)

    def shown(self) -> dict[str, float] | None:
        """Restarts by series, as /metrics has them; None while another replica shows them."""
        if self.recording.stands_by():
            return None
        if self.recording.unread.withholds():
            return {}
        tables = self.counters.tables
        shown = dict(tables.shown())[tables.restarts]
        return {
            f"{subject}{tail}": value
            for subject, (tails, values) in shown.items()
            for tail, value in zip(tails, values, strict=True)
        }


@dataclass
class Prometheus:
    """Scrapes the replicas and computes the increase of all series."""

    increase: float = 0.0
    last: dict[str, float] = field(default_factory=dict)

    def scrape(self, *replicas: Counting) -> None:
        (shown,) = [rows for each in replicas if (rows := each.shown()) is not None] or [{}]
        for series, value in shown.items():
            before = self.last.get(series, value)
            self.increase += value - before if value >= before else value
            self.last[series] = value


@dataclass
class Shop:
    """A cluster with the pod `a`, whose versions all running replicas see."""

    cluster: Cluster = field(default_factory=Cluster)
    time: FakeTime = field(default_factory=FakeTime)
    prometheus: Prometheus = field(default_factory=Prometheus)
    running: list[Counting] = field(default_factory=list)
    count: int = 0
    """The pod's restart count, which is the true number of restarts."""
    version: int = 10
    lease_from: float = 0.0
    """The time from which the Lease can be read."""

    async def start(self, name: str) -> Counting:
        replica = Counting(self.cluster, self.time, name)
        beginning = asyncio.create_task(replica.recording.start())
        while not beginning.done():
            self.answer_for_lease()
            replica.recording.display.look()  # as its own task does
            await asyncio.sleep(0)
        self.running.append(replica)
        replica.see("a", self.count, self.version)
        await self.live(30)
        return replica

    async def end(self, replica: Counting) -> None:
        self.running.remove(replica)
        await replica.recording.lease.release()

    async def restart(self, times: int) -> None:
        for _ in range(times):
            self.count, self.version = self.count + 1, self.version + 1
            for each in self.running:
                each.see("a", self.count, self.version)
        await self.live(60)

    async def live(self, seconds: float) -> None:
        end = self.time.seconds + seconds
        while self.time.seconds < end:
            self.answer_for_lease()
            for each in self.running:
                await each.act()
            self.prometheus.scrape(*self.running)
            self.time.seconds += 1.0

    def answer_for_lease(self) -> None:
        self.cluster.leases.status = TROUBLE if self.time.seconds < self.lease_from else 0

    def refuse(self, status: int, seconds: float = 1e9) -> None:
        if status == NO_DEFINITION:  # the reports are deleted with it
            self.cluster.api.reports.clear()
        troubled(self.cluster, self.time, lambda passed: status if passed < seconds else 0)

    def restore(self, backup: dict[str, Any]) -> None:
        """Restore the cluster from a backup, whose versions start again from there."""
        self.version, self.count = 15, backup["pod-a"]["status"]["restarts"]
        self.cluster.api.reports, self.cluster.api.version = backup, self.version
        for report in backup.values():
            report["metadata"]["resourceVersion"] = str(self.version)

    @property
    def seen(self) -> tuple[float, int]:
        """The increase that Prometheus sees, and the true number of restarts."""
        return self.prometheus.increase, self.count

    @property
    def recorded(self) -> int:
        return self.cluster.totals()["a"]


@pytest.mark.parametrize("status", [NO_DEFINITION, NO_RIGHT])
@pytest.mark.parametrize("second", ["before", "while", "from the beginning"])
async def test_takeover_without_records_is_no_restart(status: int, second: str) -> None:
    """A new leader without records starts at 0, and does not rise to them later."""
    shop = Shop()
    if second == "from the beginning":
        shop.refuse(status)
    one = await shop.start("one")
    if second == "before":
        await shop.start("two")
    await shop.restart(10)
    await shop.live(2000)
    await shop.restart(10)
    shop.refuse(status)
    await shop.restart(3)
    if second != "before":
        await shop.start("two")
        await shop.restart(2)
    assert (shop.count, shop.count) == shop.seen
    await shop.end(one)
    await shop.live(3)
    assert shop.running[0].shown()
    await shop.restart(2)
    assert (shop.count, shop.count) == shop.seen
    shop.refuse(0)
    await shop.live(90)
    assert (shop.count, shop.count) == shop.seen
    await shop.restart(1)
    await shop.end(shop.running[0])
    await shop.start("three")
    await shop.restart(1)

    assert (shop.count, shop.count) == shop.seen
    assert shop.count == shop.recorded or second == "from the beginning"


async def late(status: int, seconds: float) -> Shop:
    """A pod restarts 20 times, 3 times unobserved, and 3 times while records are unreadable."""
    shop = Shop()
    one = await shop.start("one")
    await shop.restart(20)
    await shop.end(one)
    await shop.restart(3)
    shop.refuse(status, seconds)
    await shop.start("one")
    await shop.restart(3)
    await shop.live(seconds)
    return shop


async def test_records_that_are_read_in_a_while_are_waited_for(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Until the records are read restarts are hidden, which is logged; then all are shown."""
    shop = await late(TROUBLE, 300)

    assert 1 == sum(message.startswith("Restarts are missing in") for message in caplog.messages)
    assert (26, 26) == shop.seen
    assert 26 == shop.recorded


@pytest.mark.parametrize(
    ("status", "seconds"), [(NO_RIGHT, 300), (TROUBLE, HOLD_SECONDS + 300)], ids=str
)
async def test_records_that_are_read_late_make_no_counter_rise(status: int, seconds: float) -> None:
    """Restarts recorded during a long outage are never shown, only those seen."""
    shop = await late(status, seconds)
    assert (23, 26) == shop.seen
    assert 26 == shop.recorded
    await shop.restart(1)
    await shop.end(shop.running[0])
    await shop.start("one")
    await shop.restart(1)

    assert (25, 28) == shop.seen
    assert 28 == shop.recorded


@pytest.mark.parametrize("lease", [45, 75, 120])
async def test_lease_that_is_read_before_or_after_the_records_changes_nothing(lease: int) -> None:
    """Restarts are shown once both the Lease and the records are read, in any order."""
    shop = Shop()
    one = await shop.start("one")
    await shop.restart(20)
    await shop.end(one)
    shop.refuse(TROUBLE, 100)
    shop.lease_from = shop.time.seconds + lease
    await shop.start("one")
    await shop.restart(3)
    await shop.live(120)

    assert (23, 23) == shop.seen


async def test_definition_that_comes_late_takes_nothing_away() -> None:
    """If nothing was recorded before, the restarts shown are recorded in full."""
    shop = Shop()
    shop.refuse(NO_DEFINITION)
    await shop.start("one")
    await shop.restart(4)
    shop.refuse(0)
    await shop.live(60)

    assert (4, 4) == shop.seen
    assert 4 == shop.recorded
    assert [{"app"}, {0}] == [
        {each.get(name, 0) for each in shop.cluster.api.reports["pod-a"]["status"]["totals"]}
        for name in ("container", "unshown")
    ]


async def test_what_another_told_without_records_is_not_shown_again() -> None:
    """Restarts shown by another replica without records are recorded but not shown again."""
    shop = Shop()
    one = await shop.start("one")
    shop.refuse(NO_RIGHT)
    for count in range(4):
        one.see("b", count, 20 + count)
    await shop.live(60)
    two = await shop.start("two")
    two.see("b", 3, 23)
    await shop.end(one)
    await shop.live(60)
    shop.refuse(0)
    await shop.live(90)

    assert Counter(b=3) == shop.cluster.totals()
    assert 3 == shop.prometheus.increase


@dataclass
class Role:
    """A cluster whose successive processes watch two namespaces, one with a late Role."""

    cluster: Divided = field(default_factory=Divided)
    time: FakeTime = field(default_factory=FakeTime)
    prometheus: Prometheus = field(default_factory=Prometheus)
    settings: Settings = SETTINGS
    count: int = 0

    def __post_init__(self) -> None:
        self.settings = Settings(instance="one", namespaces=("shop", "other"))
        self.cluster.agree(self.settings)

    async def serve(self, restarts: int, *, given_at: float, restarts_at: float = 0.0) -> None:
        """Run a process for 90 s; the Role is granted and the pod restarts at these times."""
        begun = self.time.seconds
        self.cluster.is_closed = given_at > 0
        replica = Counting(self.cluster, self.time, "one", self.settings)
        beginning = asyncio.create_task(replica.recording.start())
        while not beginning.done():
            self.cluster.is_closed = self.time.seconds - begun < given_at
            await asyncio.sleep(0)
        replica.see("x", self.count, 10 + self.count, namespace="other")
        while (passed := self.time.seconds - begun) < 90:
            self.cluster.is_closed = passed < given_at
            if passed >= restarts_at:
                for _ in range(restarts):
                    self.count += 1
                    replica.see("x", self.count, 10 + self.count, namespace="other")
                restarts = 0
            await replica.act()
            self.prometheus.scrape(replica)
            self.time.seconds += 1.0
        await replica.recording.lease.release()


@pytest.mark.parametrize("restarts_at", [0, 46], ids=["before", "at once after"])
async def test_namespace_that_may_be_read_late_makes_no_counter_rise(restarts_at: float) -> None:
    """A namespace whose Role is granted late causes no apparent rise."""
    role = Role()
    await role.serve(5, given_at=0)
    await role.serve(2, given_at=45, restarts_at=restarts_at)
    await role.serve(1, given_at=0)
    (report,) = role.cluster.others.reports.values()

    assert 8 == role.prometheus.increase == report["status"]["restarts"]


async def test_namespace_that_is_refused_for_a_moment_is_waited_for() -> None:
    """After a brief refusal all recorded restarts are shown."""
    role = Role()
    await role.serve(5, given_at=0)
    await role.serve(2, given_at=4)
    (report,) = role.cluster.others.reports.values()

    assert 7 == role.prometheus.increase == report["status"]["restarts"]
    assert not any("unshown" in total for total in report["status"]["totals"])


def eight() -> RestartTotal:
    """The total of a workload that restarted eight times."""
    return RestartTotal(workload=CART, container="app", cause=Cause.ERROR, count=8)


def showing_eight() -> Counters:
    """Counters that show these eight restarts."""
    counters = Counters(clock=FakeTime().clock, series_limit=1000)
    counters.restore([eight()])
    return counters


def test_what_waits_to_be_told_is_not_shown_before() -> None:
    """In a new term, restarts still to be published are not shown twice."""
    book, counters = RecordBook(), showing_eight()
    for count in (1, 2):
        book.take(restart(count), CART, 0.0)
    begin_term(1, book, counters)
    for finding, workload in book.untold():
        counters.publish(finding, workload)

    assert [2] == [total.count for total in counters.totals_of(CART)]


def test_what_is_found_while_a_report_is_written_is_shown_once() -> None:
    """Counters are restored from what was saved: the rest is added when it is saved itself."""
    book = RecordBook()
    counters = Counters(clock=FakeTime().clock, series_limit=1000)
    key = book.take(restart(1), CART, 0.0)
    assert key is not None
    write = book.plan(key, 0.0)
    assert write is not None
    book.take(restart(2), CART, 1.0)
    for finding in book.saved(write, "1"):
        counters.publish(finding, CART)
    restore_counters(key, book, counters, is_first=True)
    for finding, workload in book.untold():
        counters.publish(finding, workload)

    assert [2] == [total.count for total in counters.totals_of(CART)]


@pytest.mark.parametrize(("is_first", "count"), [(True, 1), (False, 8)])
def test_new_report_begins_counters_anew(count: int, *, is_first: bool) -> None:
    """The next start reads no record of what was counted for an earlier workload of its name."""
    book, counters = RecordBook(), showing_eight()
    key = book.take(restart(1), CART, 0.0, told=True)
    assert key is not None
    write = book.plan(key, 0.0)
    assert write is not None
    book.saved(write, "1")
    restore_counters(key, book, counters, is_first=is_first)

    assert [count] == [total.count for total in counters.totals_of(CART)]


def test_each_term_begins_with_what_is_recorded() -> None:
    """Another leader may have shown other counters in between."""
    counters = Counters(clock=FakeTime().clock, series_limit=1000)
    begin_term(1, RecordBook(), counters)
    counters.restore([eight()])
    begin_term(1, RecordBook(), counters)
    before = [total.count for total in counters.totals_of(CART)]
    begin_term(2, RecordBook(), counters)

    assert [8] == before
    assert [] == list(counters.totals_of(CART))


@pytest.mark.parametrize("of_one", [True, False], ids=["one namespace", "all"])
def test_what_is_recorded_after_records_were_read_is_shown(*, of_one: bool) -> None:
    """Only what was recorded before, and not shown, is kept out of the counters for good."""
    book, key = RecordBook(), Key("shop", "deployment-cart")
    counters = Counters(clock=FakeTime().clock, series_limit=1000)
    unread = Unread(book, counters, clock=FakeTime().clock)
    if of_one:
        book.unread = frozenset({"shop"})
        unread.read(is_shown=False)
        book.unread = frozenset()
    else:
        unread.begin(1, is_hopeless=True)
        unread.read(is_shown=True)
    book.load([(key, Loaded(record=told(restart(1)), version="5"))], 0.0)
    unread.tell_apart()
    (before,) = totals_of(book.saved_parts(key))
    record = book.record(key)
    assert record is not None
    book.reloaded(key, Loaded(record=told(restart(2), record=record), version="6"), 1.0)
    unread.tell_one_apart(key)
    (after,) = totals_of(book.saved_parts(key))

    assert (0, 1) == (before.count, after.count)


async def test_what_another_has_recorded_is_shown_at_once() -> None:
    """It is dropped from what this process has yet to record, and passed on no more."""
    time, cluster = FakeTime(), Cluster()
    replica = Counting(cluster, time, "one")
    await replica.recording.start()
    replica.see("a", 0, 10)
    await replica.act()
    key, book = Key("shop", "deployment-cart"), replica.recording.book
    book.reloaded(key, Loaded(record=told(restart(1)), version="5"), time.seconds)
    replica.recording.reloaded(key)

    assert [1] == [total.count for total in replica.counters.totals_of(CART)]


async def test_what_was_told_ahead_does_not_fall_in_a_new_term() -> None:
    """A leader whose report is refused does not lower its counters in a new term."""
    shop = Shop()
    one = await shop.start("one")
    await shop.restart(10)
    refused = (422, {"message": "denied"})
    shop.cluster.api.answer = lambda verb, _path: refused if verb == "PUT" else None
    await shop.restart(3)
    term = one.recording.lease.term
    shop.cluster.leases.lease = None  # somebody deleted it
    await shop.live(60)

    assert one.recording.leads()
    assert term != one.recording.lease.term
    assert 10 == shop.recorded
    assert (13, 13) == shop.seen


@pytest.mark.parametrize("who", ["the same", "a new process", "the other"])
async def test_workload_that_is_made_anew_begins_at_0(who: str) -> None:
    """A recreated workload starts at 0, whoever leads."""
    shop = Shop()
    one, two = await shop.start("one"), await shop.start("two")
    await shop.restart(8)
    for each in (one, two):
        each.lose("a")
    shop.cluster.api.reports.clear()
    await shop.live(1200)
    for count in range(3):
        for each in (one, two):
            each.see("a", count, 200 + count, uid="b")
    await shop.live(60)
    assert 10 == shop.prometheus.increase
    if who != "the same":
        await shop.end(one)
    if who == "a new process":
        await shop.end(two)
        one = Counting(shop.cluster, shop.time, "one")
        await one.recording.start()
        shop.running.append(one)
        one.see("a", 2, 202, uid="b")
    await shop.live(60)

    assert Counter(a=2) == shop.cluster.totals()
    assert 10 == shop.prometheus.increase


async def test_restored_cluster_makes_no_counter_rise() -> None:
    """After a restore from a backup no counter seems to rise."""
    shop = Shop()
    one = await shop.start("one")
    await shop.restart(8)
    backup = dict(shop.cluster.api.reports)
    await shop.restart(20)
    shop.restore(backup)
    await shop.live(60)
    assert 28 == shop.recorded
    await shop.end(one)
    await shop.start("one")
    await shop.restart(20)
    assert (28, 28) == shop.seen
    await shop.restart(2)

    assert (30, 30) == shop.seen
    assert 30 == shop.recorded
