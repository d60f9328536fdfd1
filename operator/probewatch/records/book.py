"""The record book: all ProbeReports, as they are in the cluster and as they should be.

For each report it keeps the record as last saved, the record with all findings since then
folded in, and these findings. If somebody else changed the report in between, the findings
are folded into the changed one. No I/O and no clock: the writer in `kube/reports/` does
what `plan` returns, and passes the result back.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from probewatch.core.causes import Cause
from probewatch.core.findings import Finding, PodForgotten, PodTracked
from probewatch.core.ledger_details import fold_absence, tell_apart
from probewatch.core.model import PodRef, PodUid, Workload
from probewatch.core.recollection import recollect
from probewatch.core.records import Record
from probewatch.core.remembered import NOTHING_REMEMBERED, Remembered
from probewatch.core.sighting import Sighting
from probewatch.core.values import replace
from probewatch.newcomers import Newcomer
from probewatch.records.answers import RecordAnswers
from probewatch.records.attendance import Attendance
from probewatch.records.beginnings import Beginnings
from probewatch.records.entries import RULES, Entries, Rules, key_of
from probewatch.records.entry import STALE_SECONDS, Entry, Key, Loaded, Recorded, Write
from probewatch.records.journal import Item
from probewatch.records.tidying import tidy

FROM_ZERO = Remembered(from_zero=True)


class RecordBook(RecordAnswers):
    """All reports, by key; *limit* incidents are kept unless a policy says otherwise.

    With *is_read* False the records are read later, and `learn` has to be called then.
    *led_since* returns since when this process is the only writer, or None: findings after
    that cannot have been recorded by another replica.
    """

    def __init__(
        self,
        *,
        limit: int = 50,
        rules: Rules = RULES,
        is_read: bool = True,
        led_since: Callable[[], float | None] = lambda: None,
    ) -> None:
        self.complete = False
        """Whether a container without a mark had never restarted when records were last kept."""
        self.unread: frozenset[str] = frozenset()
        """Namespaces whose reports could not be read, so that their records are unknown."""
        self.beginnings = Beginnings(rules, is_open=not is_read)
        self._attendance, self._led_since = Attendance(), led_since
        pod_bytes = self._attendance.pod_bytes
        super().__init__(Entries(limit=limit, rules=rules, pod_bytes=pod_bytes))

    # --- what comes in

    def learn(self, *, complete: bool) -> None:
        """Set whether the records are complete; to be called before they are loaded."""
        self.complete = complete
        if self.beginnings.is_open:
            self.beginnings.decide(self._entries.take_out(), complete=complete)
            self._entries.rules = self.beginnings.rules

    def load(self, reports: Iterable[tuple[Key, Loaded]], now: float) -> None:
        """Load all reports of the cluster; known ones that are not among them have been deleted."""
        loaded = dict(reports)
        for entry in self._entries:
            if entry.key not in loaded and entry.key.namespace not in self.unread:
                entry.journal.forget(self._find_stale(now), unless=())
                self.vanished(entry.key)
        for key, report in loaded.items():
            self.reloaded(key, report, now)
        self._take_again(self.beginnings.recall(self._find_stale(now), self._entries.of_pod))
        self._attendance.keep(self._entries.by_uid)

    def reloaded(self, key: Key, report: Loaded, now: float) -> None:
        """Process a report that somebody else wrote: fold the unsaved findings into it."""
        entry = self._entries.get(key)
        if entry is None:
            entry = self._entries.wrap(key, report.record)
            entry.trusted = report.record
        before = entry.record.pods
        entry.refold(report, self._find_stale(now))
        self._entries.keep_all(entry, before)
        self._take_again(self._entries.take_strays(entry))

    def vanished(self, key: Key) -> None:
        """Process the deletion of a report: created again if there are pods, or untold findings."""
        entry = self._entries.get(key)
        if entry is None:
            return
        entry.vanish()
        if not entry.journal.has_untold_news() and self._has_left(entry):
            self.forget(key)

    def take(
        self,
        finding: Finding,
        workload: Workload,
        now: float,
        *,
        age: float = 0.0,
        limit: int | None = None,
        told: bool = False,
    ) -> Key | None:
        """Fold a finding into its record; return the report to write, if it changed.

        *age* is for how many seconds the finding has waited. *told* says that it was passed to the
        other sinks already, so that `saved` does not return it.
        """
        match finding:
            case PodTracked():
                self._arrive(finding, workload)
            case PodForgotten(pod=pod):
                self._depart(pod, now)
            case _ if isinstance(finding, Recorded):
                entry = self._entries.find(finding.pod.uid, workload)
                entry.limit = limit or entry.limit
                folded = self._entries.rules.fold(entry.record, finding, limit=entry.limit)
                if folded is not entry.record:
                    entry.journal.add(finding, now - age, told=told)
                return self._fold(entry, folded, finding.pod.uid, workload)
            case _:
                pass
        return None

    def count_missed(
        self, pod: PodRef, workload: Workload, container: str, seen: Sighting, *, is_alive: bool
    ) -> Key | None:
        """Count the restarts between a container's mark and the count *seen*, without findings.

        For a container without a mark nothing is counted unless the pod is known to be alive:
        if it is gone, its mark may have been dropped with it.
        """
        entry = self._entries.find(pod.uid, workload)
        if entry.record.mark(pod.uid, container) is None and not is_alive:
            return None
        folded = self._entries.rules.fold_count(entry.record, pod.uid, container, seen)
        return self._fold(entry, folded, pod.uid, workload)

    # --- what goes out

    def plan(self, key: Key, now: float) -> Write | None:
        """Return what to write for a report; None if it is up to date."""
        entry = self._entries.get(key)
        if entry is None or not entry.is_dirty():
            return None
        if not (entry.version or entry.journal.has_news()) and self._has_left(entry):
            self.forget(key)  # its last pod was deleted before the report could be created again
            return None
        if departed := self._attendance.take_departed(entry.record.pods, now):
            self._entries.let_go(entry, departed)
        return Write(key=key, record=entry.record, version=entry.version, upto=entry.journal.last)

    def saved(self, write: Write, version: str) -> tuple[Finding, ...]:
        """Note a successful write; return the findings that are saved by it, in order."""
        entry = self._entries.get(write.key)
        if entry is None:
            return ()
        entry.saved = entry.trusted = write.record
        entry.version = version
        return entry.journal.settle(write.upto)

    def created(self, key: Key, version: str) -> None:
        """Note that the report was created at this version, still without a status."""
        entry = self._entries.get(key)
        if entry is not None:
            entry.is_made(version)

    def shorten(self, key: Key) -> None:
        """Drop half of the incidents of a report, which was rejected as too large."""
        entry = self._entries.get(key)
        if entry is not None:
            entry.shorten()

    def tell_apart(self, key: Key, shown: Mapping[tuple[str, Cause], int]) -> None:
        """Keep recorded restarts that the counters do not show now out of them for good."""
        for entry in self._entries.parts(key):
            entry.record, shown = tell_apart(entry.record, shown)
            entry.trusted = entry.record

    def forget(self, key: Key) -> None:
        """Drop a report that can never be written again, or that another replica writes."""
        self._attendance.forget(self._entries.drop(key))

    def untold(self, keys: Iterable[Key] | None = None) -> Iterator[tuple[Finding, Workload]]:
        """Yield the findings that `saved` would return later, since saving may take long."""
        for key in self.all_keys() if keys is None else keys:
            entry = self._entries.get(key)
            if entry is not None:
                yield from ((each, entry.record.workload) for each in entry.journal.tell())

    # --- what is asked

    def remember(self, pod: Newcomer) -> Remembered:
        """Return what the records hold of a pod that is new to this process."""
        self.beginnings.meet(pod)
        entry = None if self._attendance.is_gone(pod.uid) else self._entries.of_pod(pod.uid)
        is_complete = self.complete and pod.namespace not in self.unread
        if entry is None:
            return FROM_ZERO if is_complete else NOTHING_REMEMBERED
        return recollect(entry.record, pod.uid, from_zero=is_complete)

    def sweep(self, alive: Collection[PodUid], now: float) -> None:
        """After a complete list, note that pods with marks that are not *alive* were deleted."""
        self._attendance.sweep(self._entries.by_uid, alive, now)
        for entry in self._entries:
            entry.record = fold_absence(entry.record, alive)

    def tidy(self, alive: Collection[PodUid], now: float, *, is_led: bool) -> None:
        """Drop what is over in a process that does not write; *alive* are all listed pods."""
        self._attendance.sweep(self._entries.by_uid, alive, now)
        for entry in tidy(self._entries, self._attendance, now, is_led=is_led):
            self.forget(entry.key)

    # --- inside

    def _take_again(self, items: Iterable[tuple[Item, Entry]]) -> None:
        for item, early in items:
            workload, limit = early.record.workload, early.limit
            self.take(item.finding, workload, item.at, limit=limit, told=item.told)

    def _has_left(self, entry: Entry) -> bool:
        """Tell whether all pods of a report and of its workload are gone."""
        if self._attendance.has_pods(key_of(entry.record.workload)):
            return False
        return all(self._attendance.is_gone(uid) for uid in entry.record.pods)

    def _find_stale(self, now: float) -> float:
        """Return before when another leader surely recorded what was found; never since we lead."""
        since = self._led_since()
        return now - STALE_SECONDS if since is None else min(now - STALE_SECONDS, since)

    def _fold(self, entry: Entry, folded: Record, uid: PodUid, workload: Workload) -> Key | None:
        if folded is entry.record:
            return None
        if workload.uid and workload is not folded.workload:
            # The workload may have been recreated under the same name: the new one is the owner.
            folded = replace(folded, workload=workload)
        entry.record = folded
        self._entries.keep(entry, uid)
        return entry.key

    def _arrive(self, came: PodTracked, workload: Workload) -> None:
        self._entries.meet(workload)
        uids = [came.pod.uid, *(pod.uid for pod in came.siblings)]
        for uid in self._attendance.arrive(uids, key_of(workload), came.spec):
            # It was not watched for a while: its restarts are not counted, so its mark is dropped.
            entry = self._entries.of_pod(uid)
            if entry is not None:
                self._entries.let_go(entry, (uid,))

    def _depart(self, pod: PodRef, now: float) -> None:
        self.beginnings.leave(pod.uid)
        is_marked = pod.uid in self._entries.by_uid
        self._attendance.depart(pod.uid, now, is_marked=is_marked)
