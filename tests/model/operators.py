"""An operator in the model: the real store, core and record book, in a simulated cluster.

The parts of the shell (when to write, what to do after a conflict, who leads) are a few lines here,
equivalent to `kube.reports` and `recording`, so that a fault can be injected between any two of
them.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from probewatch.core.findings import Finding, Restart, RestartCorrected
from probewatch.core.incidents import tell_again
from probewatch.core.model import Pod, PodRef, PodUid, Workload
from probewatch.core.observe import PodObserved
from probewatch.core.policy import Policy
from probewatch.core.records import Record
from probewatch.core.sighting import Sighting
from probewatch.core.spec import PodSpec
from probewatch.kube.events.making import draft_event
from probewatch.kube.workloads import nearest_workload
from probewatch.records.book import RecordBook
from probewatch.records.entries import RULES, Rules
from probewatch.records.entry import Key, Write
from probewatch.store import Store
from tests.model.world import World

POLICY = Policy(settle=5.0)
EVENTS_SECONDS = 600.0


class CrashError(Exception):
    """The process is killed here."""


def write_if_unchanged(world: World, write: Write) -> str | None:
    return world.write(write.key, write.record, write.version)


def named_event(restart: Restart, workload: Workload) -> str:
    draft = draft_event(restart, workload, PodSpec())
    return draft.name if draft else ""


@dataclass(frozen=True, kw_only=True)
class Ways:
    """The replaceable behaviours of an operator; a mistake replaces one."""

    rules: Rules = RULES
    book: Callable[[Rules], RecordBook] = lambda rules: RecordBook(rules=rules)
    see: Callable[[Pod], Pod] = lambda pod: pod
    """How it reads a version of a pod."""
    write: Callable[[World, Write], str | None] = write_if_unchanged
    name: Callable[[Restart, Workload], str] = named_event
    sweeps: bool = True
    tells_again: bool = True
    waits_for_record: bool = True
    """Whether counters wait until a restart is saved."""
    counted: Callable[[Store], Iterable[tuple[PodRef, str, Sighting]]] = Store.counted
    restores: bool = True


@dataclass
class Operator:
    """The successive processes of one replica."""

    world: World
    ways: Ways
    name: str
    leads: bool = False
    shown: Counter[tuple[object, ...]] = field(default_factory=Counter)
    """The values of its counters."""

    def __post_init__(self) -> None:
        self.start()

    # --- life

    def start(self) -> None:
        """Start a new process, which knows only what is in the cluster."""
        self.book = self.ways.book(self.ways.rules)
        self.store = Store(lambda _pod: POLICY, self.book.remember)
        self.shown = Counter()
        self.leads = False
        self._load()
        self.relist()

    def lead(self) -> None:
        """Take over, as after acquiring the Lease."""
        self._load()
        for pod, container, seen in self.ways.counted(self.store):
            self.book.count_missed(pod, nearest_workload(pod), container, seen, is_alive=False)
        self.leads = True
        self._restore(self.book.all_keys())
        self._tell_again(self.book.records())

    def _load(self) -> None:
        self.book.load(self.world.reports.items(), self.world.now)
        self.book.complete = self.world.scope

    def _tell_again(self, records: Iterable[Record]) -> None:
        if not self.ways.tells_again:
            return
        for record in records:
            for incident in record.incidents:
                if incident.observed_at >= self.world.now - EVENTS_SECONDS:
                    self._tell(tell_again(incident, record.workload), record.workload)

    # --- what comes in

    def observe(self, pod: Pod, *, relisted: bool = False) -> None:
        seen = self.ways.see(pod)
        observed = PodObserved(pod=seen, relisted=relisted)
        self._found(self.store.feed(observed, self.world.now))

    def deleted(self, uid: PodUid, version: int) -> None:
        self._found(self.store.gone(uid, version, self.world.now))

    def relist(self) -> None:
        alive = self.world.alive()
        for uid in alive:
            self.observe(self.world.pods[uid].now, relisted=True)
        if self.leads:
            for pod, container, seen in self.ways.counted(self.store):
                if pod.uid in alive:
                    workload = nearest_workload(pod)
                    self.book.count_missed(pod, workload, container, seen, is_alive=True)
        if self.ways.sweeps:
            found = self.store.sweep(alive, self.world.now, version=self.world.version)
            self._found(found)
            self.book.sweep(alive, self.world.now)

    def tick(self) -> None:
        self._found(self.store.tick(self.world.now))

    def tidy(self) -> None:
        """Drop what the other replica records."""
        if not self.leads:
            self.book.tidy(self.store.uids(), self.world.now, is_led=True)

    def _found(self, findings: Iterable[Finding]) -> None:
        for finding in findings:
            pod = finding.now.pod if isinstance(finding, RestartCorrected) else finding.pod
            told = not self.ways.waits_for_record
            seen = finding.observed_at if isinstance(finding, Restart) else self.world.now
            self.book.take(
                finding,
                nearest_workload(pod),
                self.world.now,
                age=self.world.now - seen,
                told=told,
            )
            if told and isinstance(finding, Restart):
                self._hand_on(finding, nearest_workload(pod))

    # --- what goes out

    def write(self, key: Key, crash: str = "") -> bool:
        """Try once to write a report; returns whether it was written."""
        write = self.book.plan(key, self.world.now)
        if write is None or not self.leads:
            return False
        if crash == "before":
            raise CrashError
        version = self.ways.write(self.world, write)
        if crash == "after":
            raise CrashError
        if version is None:
            self._reload(key)
            return False
        released = self.book.saved(write, version)
        if crash == "told":
            raise CrashError
        for finding in released:
            self._hand_on(finding, write.record.workload)
        self._restore([key])
        return True

    def write_all(self) -> int:
        """Write until no report is dirty; returns the number of writes."""
        written = 0
        for _ in range(10):
            keys = list(self.book.dirty())
            if not keys:
                return written
            written += sum(self.write(key) for key in keys)
        raise AssertionError("it writes without end")

    def notice(self, key: Key) -> None:
        """React to a report that somebody else changed or deleted."""
        if key in self.world.reports:
            self._reload(key)
        else:
            self.book.vanished(key)

    def notice_all(self) -> None:
        """React to everything that others did to reports."""
        for key in {*self.world.reports, *self.book.all_keys()}:
            report = self.world.reports.get(key)
            if (report.version if report else "") != self.book.version(key):
                self.notice(key)

    def _reload(self, key: Key) -> None:
        report = self.world.reports.get(key)
        if report is None:
            self.book.vanished(key)
        else:
            self.book.reloaded(key, report, self.world.now)
            self._restore([key])
            self._tell_again([report.record])

    def _hand_on(self, finding: Finding, workload: Workload) -> None:
        if isinstance(finding, Restart):
            self.shown[workload.name, finding.container, finding.cause] += 1
            self._tell(finding, workload)

    def _tell(self, restart: Restart, workload: Workload) -> None:
        if self.leads:
            self.world.events.add((restart.pod.uid, self.ways.name(restart, workload)))

    def _restore(self, keys: Iterable[Key]) -> None:
        if not self.ways.restores:
            return
        for key in keys:
            for (container, cause), total in _totals(self.book.saved_parts(key)).items():
                place = (key.name.partition("-")[2], container, cause)
                self.shown[place] = max(self.shown[place], total)


def _totals(records: Iterable[Record]) -> Counter[tuple[str, object]]:
    found: Counter[tuple[str, object]] = Counter()
    for record in records:
        for (container, cause), tally in record.tallies.items():
            found[container, cause] += tally.counted
    return found
