"""Seeded mistakes, one for each rule of the accounting: each changes one behaviour."""

import itertools
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from probewatch.core.causes import Cause
from probewatch.core.findings import CountingBegan, Finding, Restart
from probewatch.core.ledger import fold
from probewatch.core.model import Pod, PodRef, PodUid, Workload
from probewatch.core.records import Mark, PodMarks, Record
from probewatch.core.sighting import Sighting
from probewatch.records.book import RecordBook
from probewatch.records.entries import Rules
from probewatch.records.entry import Key, Loaded, Write
from probewatch.store import Store
from tests.model.operators import Ways
from tests.model.world import World

Fold = Callable[[Record, Finding, int], Record]

_numbers = itertools.count()


def folding(wrong: Fold) -> Ways:
    def mistaken(record: Record, finding: Finding, *, limit: int) -> Record:
        return wrong(record, finding, limit)

    return Ways(rules=Rules(fold=mistaken))


def keeping(book: type[RecordBook]) -> Ways:
    return Ways(book=lambda rules: book(rules=rules))


# --- what is counted


def without_versions(record: Record, finding: Finding, limit: int) -> Record:
    if isinstance(finding, Restart):
        finding = replace(finding, seen=replace(finding.seen, resource_version=0))
    if isinstance(finding, CountingBegan):
        finding = replace(finding, resource_version=0)
    return fold(record, finding, limit=limit)


def jump_as_one(record: Record, finding: Finding, limit: int) -> Record:
    after = fold(record, finding, limit=limit)
    if isinstance(finding, Restart) and finding.cause is Cause.UNOBSERVED:
        return replace(after, tallies=record.tallies)
    return after


def reset_ignored(record: Record, finding: Finding, limit: int) -> Record:
    if isinstance(finding, CountingBegan | Restart):
        mark = record.mark(finding.pod.uid, finding.container)
        if mark is not None and finding.restart_count <= mark.count:
            return record
    return fold(record, finding, limit=limit)


def mark_not_moved(record: Record, finding: Finding, limit: int) -> Record:
    after = fold(record, finding, limit=limit)
    return replace(after, pods=record.pods) if isinstance(finding, Restart) else after


def totals_not_moved(record: Record, finding: Finding, limit: int) -> Record:
    after = fold(record, finding, limit=limit)
    is_second = isinstance(finding, Restart) and finding.restart_count > 1
    return replace(after, tallies=record.tallies) if is_second else after


def every_sight(record: Record, finding: Finding, limit: int) -> Record:
    if isinstance(finding, Restart):
        pods = dict(record.pods)
        pods[finding.pod.uid] = _lowered(record, finding)
        record = replace(record, pods=pods)
    return fold(record, finding, limit=limit)


def _lowered(record: Record, restart: Restart) -> PodMarks:
    pod = record.pods.get(restart.pod.uid, PodMarks())
    mark = Mark(count=restart.restart_count - 1)
    return replace(pod, containers={**pod.containers, restart.container: mark})


def forget_versions(pod: Pod) -> Pod:
    return replace(pod, resource_version=0)


def by_name(pod: Pod) -> Pod:
    return replace(pod, uid=PodUid(pod.name), evidence_uid=pod.name)


# --- how records are kept


class AlwaysFromZero(RecordBook):
    """Counts restarts from before the first start."""

    @property
    def complete(self) -> bool:
        return True

    @complete.setter
    def complete(self, _value: bool) -> None:
        pass


class NeverFromZero(RecordBook):
    """Baselines pods that restarted during its downtime."""

    @property
    def complete(self) -> bool:
        return False

    @complete.setter
    def complete(self, _value: bool) -> None:
        pass


class ForgetsMarks(RecordBook):
    """Reads totals without the marks that belong to them."""

    def reloaded(self, key: Key, report: Loaded, now: float) -> None:
        super().reloaded(key, replace(report, record=replace(report.record, pods={})), now)


class DropsItsOwn(RecordBook):
    """After a conflict, drops its own unsaved findings."""

    def reloaded(self, key: Key, report: Loaded, now: float) -> None:
        self.forget(key)
        super().reloaded(key, report, now)


class WritesOver(RecordBook):
    """After a conflict, overwrites the report."""

    def reloaded(self, key: Key, report: Loaded, now: float) -> None:
        is_known = self.record(key) is not None
        super().reloaded(key, replace(report, intact=not is_known), now)


class TakesEdits(RecordBook):
    """Trusts a report that was edited by hand."""

    def reloaded(self, key: Key, report: Loaded, now: float) -> None:
        if not report.intact:
            self.forget(key)
        super().reloaded(key, replace(report, intact=True), now)


class LeavesDeleted(RecordBook):
    """Drops a report that somebody deleted."""

    def vanished(self, key: Key) -> None:
        self.forget(key)


class DropsMarksAtOnce(RecordBook):
    """Drops the marks of a pod as soon as it is deleted."""

    def plan(self, key: Key, now: float) -> Write | None:
        return super().plan(key, now + 10_000.0)


class TellsForEver(RecordBook):
    """Keeps old findings for ever."""

    def reloaded(self, key: Key, report: Loaded, now: float) -> None:
        super().reloaded(key, report, now - 1_000_000.0)

    def tidy(self, alive: Collection[PodUid], now: float, *, is_led: bool) -> None:  # noqa: ARG002  # that is part of the mistake
        super().tidy(alive, now, is_led=False)


class LevelsTheUnmarked(RecordBook):
    """Counts pods without a mark at a takeover, though they may be deleted."""

    def count_missed(
        self,
        pod: PodRef,
        workload: Workload,
        container: str,
        seen: Sighting,
        *,
        is_alive: bool = False,  # noqa: ARG002  # that is the mistake
    ) -> Key | None:
        entry = self._entries.find(pod.uid, workload)
        folded = self._entries.rules.fold_count(entry.record, pod.uid, container, seen)
        return self._fold(entry, folded, pod.uid, workload)


class NeverQuiet(RecordBook):
    """Writes although nothing has changed."""

    def dirty(self) -> Iterator[Key]:
        return iter(self.all_keys())

    def plan(self, key: Key, now: float) -> Write | None:
        entry = self._entries.get(key)
        if entry and entry.saved is not None and entry.record is entry.saved:
            entry.saved = replace(entry.saved, part=entry.saved.part + 1)
        return super().plan(key, now)


# --- what the shell does


def write_always(world: World, write: Write) -> str | None:
    known = world.reports.get(write.key)
    return world.write(write.key, write.record, known.version if known else "")


def name_by_chance(_restart: Restart, _workload: Workload) -> str:
    return str(next(_numbers))


def claim_a_version(store: Store) -> Iterable[tuple[PodRef, str, Sighting]]:
    for pod, container, seen in store.counted():
        state = store.pod(pod.uid)
        version = seen.resource_version or (state.resource_version if state else 0)
        yield pod, container, replace(seen, resource_version=version)


MISTAKES: Mapping[str, Ways] = {
    "versions are of no account": folding(without_versions),
    "a jump counts as one": folding(jump_as_one),
    "a count that fell is ignored": folding(reset_ignored),
    "the mark is not moved": folding(mark_not_moved),
    "the totals are not moved": folding(totals_not_moved),
    "each sight counts": folding(every_sight),
    "marks are kept in memory only": keeping(ForgetsMarks),
    "stale versions are taken for new": Ways(see=forget_versions),
    "pods are known by their names": Ways(see=by_name),
    "old restarts count at the first start": keeping(AlwaysFromZero),
    "unmarked pods never count from 0": keeping(NeverFromZero),
    "a conflict drops what is not saved": keeping(DropsItsOwn),
    "a conflict is written over": keeping(WritesOver),
    "an edited report is believed": keeping(TakesEdits),
    "a deleted report is not made again": keeping(LeavesDeleted),
    "marks go with their pods": keeping(DropsMarksAtOnce),
    "old findings are told for ever": keeping(TellsForEver),
    "a takeover counts pods without marks": keeping(LevelsTheUnmarked),
    "it writes though nothing changed": keeping(NeverQuiet),
    "writes are not conditional": Ways(write=write_always),
    "Events are named by chance": Ways(name=name_by_chance),
    "Events are not written after a crash": Ways(tells_again=False),
    "deletions that were missed stay missed": Ways(sweeps=False),
    "counters show what is not saved": Ways(waits_for_record=False),
    "counters begin at 0": Ways(restores=False),
    "a waiting count claims a version": Ways(counted=claim_a_version),
}
"""The mistakes by description."""
