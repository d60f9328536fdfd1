"""One report: its record as saved and as it should be, and the findings in between."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from probewatch.core.findings import (
    CountingBegan,
    Finding,
    LoopEnded,
    LoopStarted,
    ReadinessChanged,
    Restart,
    RestartCorrected,
)
from probewatch.core.ledger import NO_TALLY, fold
from probewatch.core.ledger_details import forget_versions
from probewatch.core.model import PodUid, Workload
from probewatch.core.records import Record
from probewatch.core.values import replace
from probewatch.records.journal import Item, Journal

Recorded = CountingBegan | Restart | RestartCorrected | ReadinessChanged | LoopStarted | LoopEnded
"""The findings that are folded into records."""

STALE_SECONDS = 300.0
"""After this time the leader has surely recorded a finding. If its record has no mark of the pod
then, the mark was dropped because the pod is gone. Well below `DEPARTED_SECONDS`."""


class Fold(Protocol):
    """Folds a finding into a record."""

    def __call__(self, record: Record, finding: Finding, *, limit: int) -> Record:
        """Return the record with the finding in it; the same object if it holds it already."""
        ...


class Key(NamedTuple):
    """Identifies a report."""

    namespace: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """A planned write: the record, and the resourceVersion it replaces (`""`: create it)."""

    key: Key
    record: Record
    version: str
    upto: int
    """The number of the last finding in it, by the journal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A report as read from the cluster."""

    record: Record
    version: str
    intact: bool = True
    """Whether it is exactly as an operator wrote it, not edited by hand."""


@dataclass(slots=True, kw_only=True)
class Entry:
    """One report, with its unsaved findings."""

    key: Key
    record: Record
    """With all findings folded in."""
    saved: Record | None = None
    """As it is in the cluster."""
    trusted: Record | None = None
    """As an operator last wrote it: counters are restored from it."""
    version: str = ""
    journal: Journal = field(default_factory=Journal)
    limit: int = 50
    fold: Fold = fold
    heir: Workload | None = None
    """A workload that was created since under the same name, with another uid."""

    def refold(self, loaded: Loaded, stale_before: float) -> None:
        """Fold the unsaved findings into a report that somebody else wrote.

        A report that was edited by hand, or came back from a backup with fewer restarts, is not
        taken over: it will be overwritten. Findings from before *stale_before* whose pod has no
        marks in it are dropped: the leader recorded them, and dropped the marks since.
        """
        is_ours = loaded.version == self.version
        if not is_ours and loaded.intact and not self._has_fallen(loaded.record):
            self.record = self.trusted = loaded.record
            self.journal.forget(stale_before, unless=loaded.record.pods)
            self.journal.replay(self._fold)
        elif _is_older(loaded.version, self.version):
            self.record = forget_versions(self.record, int(loaded.version))
        self.saved, self.version = loaded.record, loaded.version

    def find_strays(self, pods: Collection[PodUid]) -> frozenset[PodUid]:
        """Return those of *pods* that only this process has put into this report."""
        known = self.trusted.pods if self.trusted else {}
        return frozenset(uid for uid in pods if uid in self.record.pods and uid not in known)

    def take_out(self, pods: Collection[PodUid]) -> Sequence[Item]:
        """Fold all unsaved findings anew, without those of some pods; return the latter."""
        items = self.journal.take_out(pods)
        about = self.record
        self.record = self.trusted or Record(workload=about.workload, part=about.part)
        self.journal.replay(self._fold)
        return items

    def is_empty(self) -> bool:
        """Tell whether nothing is in the report, which was never written."""
        return not self.version and self.trusted is None and not len(self.journal)

    def is_made(self, version: str) -> None:
        """Note that the report was created, still without a status."""
        if version.isdecimal():  # the report may have been lost by a restore from a backup
            self.record = forget_versions(self.record, int(version))
        self.saved, self.version = None, version

    def vanish(self) -> None:
        """Note that the report was deleted, maybe with its workload.

        Created again for a workload that is gone, it would be deleted again: the API server's
        garbage collector deletes what has no living owner.
        """
        self.saved, self.version = None, ""
        if self.heir is not None:
            self.record, self.heir = replace(self.record, workload=self.heir), None

    def shorten(self) -> None:
        """Drop half of the incidents, and keep no more from now on."""
        self.limit = max(1, len(self.record.incidents) // 2)
        self.record = replace(self.record, incidents=self.record.incidents[-self.limit :])

    def is_dirty(self) -> bool:
        """Tell whether the report has to be written."""
        if self.record is self.saved:
            return False
        if self.record == self.saved:
            self.saved = self.record  # equal: avoid comparing them again
            return False
        return True

    def _fold(self, finding: Finding) -> bool:
        """Fold a finding again; tell whether it changed the record."""
        before = self.record
        self.record = self.fold(before, finding, limit=self.limit)
        return self.record is not before

    def _has_fallen(self, loaded: Record) -> bool:
        """Tell whether a total is lower than before: no operator does that to the same workload."""
        if self.saved is None or self.saved.workload.uid != loaded.workload.uid:
            return False
        return any(
            tally.counted > loaded.tallies.get(key, NO_TALLY).counted
            for key, tally in self.saved.tallies.items()
        )


def _is_older(version: str, known: str) -> bool:
    """Tell whether a resourceVersion is older than a known one: the cluster was restored."""
    return version.isdecimal() and known.isdecimal() and int(version) < int(known)
