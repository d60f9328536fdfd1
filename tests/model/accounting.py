"""The state machine: two operators in an adversarial world, and their invariants."""

from collections import Counter
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from probewatch.core.incidents import tell_again
from probewatch.core.model import PodUid
from probewatch.core.records import Record
from probewatch.records.entry import Key
from tests.model.operators import EVENTS_SECONDS, CrashError, Operator, Ways
from tests.model.world import CONTAINERS, World

NAMES = ("web-0", "web-1")
PODS_AT_ONCE = 4

bits = st.integers(0, 3)
"""Bits: which of the two operators receive it."""
CRASHES = ("", "", "before", "after", "told")
"""Where the process is killed during a write, if at all."""

small = st.integers(0, 7)
containers = st.sampled_from(CONTAINERS)


class Accounting(RuleBasedStateMachine):
    """*ways* is how operators work; a seeded mistake replaces one of them."""

    ways: ClassVar[Ways] = Ways()
    steps: ClassVar[Counter[str]] = Counter()
    """The number of steps taken, over all examples."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.floor: dict[tuple[str, str], int] = {}
        self.slack: dict[tuple[str, str], int] = {}
        self.settled: dict[PodUid, dict[str, int]] = {}

    @initialize(before=st.integers(0, 3), restarts=st.integers(0, 3))
    def install(self, before: int, restarts: int) -> None:
        """Pods that existed before the first start are baselined."""
        for _ in range(before):
            uid = self.world.create(NAMES[0])
            self.world.restart(uid, CONTAINERS[0], restarts)
            self.world.pods[uid].restarts = dict.fromkeys(CONTAINERS, 0)
        self.ops = [Operator(self.world, self.ways, name) for name in "AB"]
        self.leader = self.ops[0]
        self.leader.lead()
        self.leader.write_all()
        self.world.scope = True
        for op in self.ops:
            op.book.complete = True

    # --- what happens to pods

    @precondition(lambda self: len(self.world.alive()) < PODS_AT_ONCE)
    @rule(name=st.sampled_from(NAMES), told=bits)
    def create(self, name: str, told: int) -> None:
        self._tell(self.world.create(name), told)

    @precondition(lambda self: self.world.alive())
    @rule(pick=small, container=containers, times=st.integers(1, 4), told=bits)
    def restart(self, pick: int, container: str, times: int, told: int) -> None:
        uid = self._alive(pick)
        self.world.restart(uid, container, times)
        self._tell(uid, told)

    @precondition(lambda self: self.world.alive())
    @rule(pick=small, told=bits)
    def touch(self, pick: int, told: int) -> None:
        uid = self._alive(pick)
        self.world.touch(uid)
        self._tell(uid, told)

    @precondition(lambda self: self.world.alive())
    @rule(pick=small, container=containers)
    def reset(self, pick: int, container: str) -> None:
        """The kubelet's count starts at 0; that is observed and saved before anything else."""
        uid = self._alive(pick)
        self._settle_all()
        self.world.reset(uid, container)
        for op in self.ops:
            op.observe(self.world.pods[uid].now)
        self.leader.write_all()

    @precondition(lambda self: self.world.alive())
    @rule(pick=small, told=bits, clean=st.booleans())
    def delete(self, pick: int, told: int, clean: bool) -> None:  # noqa: FBT001  # drawn
        """Restarts that nobody saw before the deletion cannot be known."""
        uid = self._alive(pick)
        if clean:
            self._settle_all()
        history = self.world.pods[uid]
        for container, count in history.restarts.items():
            place = (history.now.name, container)
            unseen = count - self.settled.get(uid, {}).get(container, 0)
            self.slack[place] = self.slack.get(place, 0) + unseen
        version = self.world.delete(uid)
        for op in self._those(told):
            op.deleted(uid, version)

    @precondition(lambda self: self.world.alive())
    @rule(pick=small)
    def outlive(self, pick: int) -> None:
        """A pod is deleted, and its marks are dropped by a much later write of its report."""
        name = self.world.pods[self._alive(pick)].now.name
        self.delete(pick=pick, told=3, clean=True)
        self.age(seconds=1000.0)
        other = self.world.create(name)
        self.world.restart(other, CONTAINERS[0], 1)
        self._tell(other, 3)
        self._settle_all()

    # --- what operators receive

    @precondition(lambda self: self.world.pods)
    @rule(which=bits, pick=small, back=st.integers(0, 6))
    def deliver(self, which: int, pick: int, back: int) -> None:
        """Deliver any version that ever existed, repeated, late or out of order."""
        history = list(self.world.pods.values())[pick % len(self.world.pods)]
        version = history.versions[max(0, len(history.versions) - 1 - back)]
        for op in self._those(which):
            op.observe(version)

    @rule(which=bits)
    def relist(self, which: int) -> None:
        for op in self._those(which):
            op.relist()

    @rule(seconds=st.sampled_from((1.0, 6.0, 6.0, 100.0, 1000.0)))
    def age(self, seconds: float) -> None:
        self.world.now += seconds
        for op in self.ops:
            op.tick()
            op.tidy()

    # --- what operators do

    @rule(which=st.integers(0, 1), pick=small, crash=st.sampled_from(CRASHES))
    def write(self, which: int, pick: int, crash: str) -> None:
        op = self.ops[which]
        keys = sorted(op.book.dirty())
        if not op.leads or not keys:
            return
        try:
            op.write(keys[pick % len(keys)], crash)
        except CrashError:
            self._scrape(op)
            op.start()
            if op is self.leader:
                self._lead(op)

    @rule(which=st.integers(0, 1))
    def crash(self, which: int) -> None:
        op = self.ops[which]
        self._scrape(op)
        op.start()
        if op is self.leader:
            self._lead(op)

    @rule(politely=st.booleans())
    def hand_over(self, politely: bool) -> None:  # noqa: FBT001  # drawn
        """The other operator takes over; the old one may still believe that it leads."""
        self._scrape(self.leader)
        self.leader.leads = not politely
        self.leader = self.ops[1 - self.ops.index(self.leader)]
        self._lead(self.leader)

    @precondition(lambda self: self.world.alive())
    @rule(pick=small, container=containers, crash=st.sampled_from(("after", "told")))
    def die_writing(self, pick: int, container: str, crash: str) -> None:
        """The leader saves a restart, and is killed before it has told of it."""
        self.restart(pick=pick, container=container, times=1, told=3)
        self.age(seconds=6.0)
        self.write(which=self.ops.index(self.leader), pick=pick, crash=crash)

    @precondition(lambda self: self.world.alive())
    @rule(pick=small, container=containers)
    def usurp(self, pick: int, container: str) -> None:
        """Another operator takes over; the old one goes on writing what only it has seen."""
        old = self.leader
        self.hand_over(politely=False)
        for op, each in ((self.leader, pick), (old, pick + 1)):
            self.restart(pick=each, container=container, times=1, told=self._bit(op))
            self.age(seconds=6.0)
            op.write_all()

    @precondition(lambda self: self.world.alive())
    @rule(pick=small, container=containers, later=st.sampled_from((0.0, 1000.0)))
    def inherit(self, pick: int, container: str, later: float) -> None:
        """A pod is deleted, and then an operator takes over that has not heard of it."""
        self.restart(pick=pick, container=container, times=1, told=3)
        self.delete(pick=pick, told=self._bit(self.leader), clean=True)
        self.age(seconds=later)
        self.leader.write_all()
        self.hand_over(politely=True)

    # --- what people do to reports

    @precondition(lambda self: self.world.reports)
    @rule(pick=small, how=st.sampled_from(("wipe", "lower", "marks")))
    def edit(self, pick: int, how: str) -> None:
        self.leader.notice_all()
        key = self._report(pick)
        record = self.world.reports[key].record
        tallies = {} if how != "marks" else record.tallies
        pods = {} if how != "lower" else record.pods
        edited = Record(workload=record.workload, tallies=tallies, pods=pods)
        self.world.edit(key, edited)
        self.leader.notice(key)
        self.leader.write_all()

    @precondition(lambda self: self._removable())
    @rule(pick=small)
    def remove(self, pick: int) -> None:
        self.leader.notice_all()
        keys = self._removable()
        key = keys[pick % len(keys)]
        self.world.remove(key)
        self.leader.notice(key)
        self.leader.write_all()

    # --- what must hold

    @rule()
    def quiesce(self) -> None:
        """Once nothing happens any more, all restarts that could be seen are counted, once."""
        self._settle_all()
        totals, truth = self.world.totals(), self.world.truth()
        for place, count in truth.items():
            assert count - self.slack.get(place, 0) <= totals.get(place, 0), ("lost", place)
        before = self.world.writes
        self.leader.write_all()
        assert before == self.world.writes, "it wrote though nothing had changed"
        assert set(self.world.alive()) == self.leader.store.uids(), "a pod that is gone is followed"
        self._check_events()
        self._check_counters()

    def teardown(self) -> None:
        if hasattr(self, "leader"):
            self.quiesce()

    @invariant()
    def always(self) -> None:
        """The invariants, checked after each step."""
        self.steps["taken"] += 1
        self.nothing_is_counted_twice()
        self.totals_never_fall()
        self.no_restart_is_told_twice()
        self.counters_show_what_is_saved()

    def nothing_is_counted_twice(self) -> None:
        truth = self.world.truth()
        for place, total in self.world.totals().items():
            assert total <= truth.get(place, 0), ("counted twice", place)

    def totals_never_fall(self) -> None:
        totals = self.world.totals()
        for place, total in self.floor.items():
            assert totals.get(place, 0) >= total, ("fell", place)
        self.floor = totals

    def no_restart_is_told_twice(self) -> None:
        told: dict[str, int] = {}
        for uid, _ in self.world.events:
            told[uid] = told.get(uid, 0) + 1
        for uid, names in told.items():
            restarts = sum(self.world.pods[PodUid(uid)].restarts.values())
            assert names <= restarts, ("told twice", uid)

    def counters_show_what_is_saved(self) -> None:
        """Counters show only what is saved, so that a restarted process never shows less."""
        saved: dict[tuple[object, ...], int] = {}
        for loaded in self.world.reports.values():
            for (container, cause), tally in loaded.record.tallies.items():
                place = (loaded.record.workload.name, container, cause)
                saved[place] = saved.get(place, 0) + tally.counted
        for op in getattr(self, "ops", ()):
            for place, count in op.shown.items():
                assert count <= saved.get(place, 0), ("shown before it was saved", place)

    # --- inside

    def _check_events(self) -> None:
        for loaded in self.world.reports.values():
            for incident in loaded.record.incidents:
                if incident.observed_at >= self.world.now - EVENTS_SECONDS:
                    restart = tell_again(incident, loaded.record.workload)
                    name = self.ways.name(restart, loaded.record.workload)
                    assert (incident.uid, name) in self.world.events, "an Event is missing"

    def _check_counters(self) -> None:
        totals = self.world.totals()
        for place, total in totals.items():
            shown = sum(n for (*where, _), n in self.leader.shown.items() if tuple(where) == place)
            assert total == shown, ("counters differ from records", place)

    def _settle_all(self) -> None:
        op = self.leader
        op.relist()
        self.world.now += 6.0
        op.tick()
        op.notice_all()
        op.write_all()
        for uid in self.world.alive():
            self.settled[uid] = dict(self.world.pods[uid].restarts)

    def _lead(self, op: Operator) -> None:
        op.lead()
        for place, count in self.world.scraped.items():
            assert op.shown[place] >= count, ("counters fell", place)

    def _scrape(self, op: Operator) -> None:
        if op.leads:
            for place, count in op.shown.items():
                self.world.scraped[place] = max(count, self.world.scraped.get(place, 0))

    def _tell(self, uid: PodUid, told: int) -> None:
        for op in self._those(told):
            op.observe(self.world.pods[uid].now)

    def _bit(self, op: Operator) -> int:
        return 1 << self.ops.index(op)

    def _those(self, which: int) -> list[Operator]:
        return [op for place, op in enumerate(self.ops) if which >> place & 1]

    def _alive(self, pick: int) -> PodUid:
        alive = self.world.alive()
        return alive[pick % len(alive)]

    def _report(self, pick: int) -> Key:
        keys = sorted(self.world.reports)
        return keys[pick % len(keys)]

    def _removable(self) -> list[Key]:
        """Reports whose workload still has pods known to the leader."""
        living = {loaded.record.workload.name: key for key, loaded in self.world.reports.items()}
        names = {
            self.world.pods[uid].now.name
            for uid in self.world.alive()
            if self.leader.store.about(uid) is not None
        }
        return sorted(key for name, key in living.items() if name in names)
