"""One report: as it is in the cluster, as it should be, and what lies between."""

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
from probewatch.core.records import Record
from probewatch.core.values import replace
from probewatch.records.journal import Journal

Recorded = CountingBegan | Restart | RestartCorrected | ReadinessChanged | LoopStarted | LoopEnded
"""What records hold."""

STALE_SECONDS = 300.0
"""Who leads has recorded a finding long before; if the pod has no mark then, it had one, and went.
Well below the time for which marks of departed pods are kept."""


class Fold(Protocol):
    """How a finding gets into a record."""

    def __call__(self, record: Record, finding: Finding, *, limit: int) -> Record:
        """The record with the finding in it; the same one where it is no news."""
        ...


class Key(NamedTuple):
    """Which report."""

    namespace: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """What is to be written: the record, over which version of the report (`""`: a new one)."""

    key: Key
    record: Record
    version: str
    upto: int
    """The last finding that is in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A report as it was read."""

    record: Record
    version: str
    intact: bool = True
    """Whether it is as some operator wrote it."""


@dataclass(slots=True, kw_only=True)
class Entry:
    """One report."""

    key: Key
    record: Record
    saved: Record | None = None
    """As it is in the cluster."""
    trusted: Record | None = None
    """As an operator wrote it last: counters go on from there."""
    version: str = ""
    journal: Journal = field(default_factory=Journal)
    limit: int = 50
    fold: Fold = fold

    def refold(self, loaded: Loaded, stale_before: float) -> None:
        """Fold what is not saved yet into what someone else wrote.

        What was edited by hand is not taken over, nor what came back from a backup with fewer
        restarts: what is remembered is written over it. What is from before *stale_before* may be
        recorded, with a mark or with one that is gone.
        """
        is_ours = loaded.version == self.version
        if not is_ours and loaded.intact and not self._has_fallen(loaded.record):
            self.record = self.trusted = loaded.record
            self.journal.forget(stale_before, unless=loaded.record.pods)
            self.journal.replay(self._fold)
        elif _is_older(loaded.version, self.version):
            self.record = forget_versions(self.record, int(loaded.version))
        self.saved, self.version = loaded.record, loaded.version

    def is_made(self, version: str) -> None:
        """It is there, with nothing in it yet."""
        if version.isdecimal():  # where it was lost with what came after a backup
            self.record = forget_versions(self.record, int(version))
        self.saved, self.version = None, version

    def shorten(self) -> None:
        """Let go of half of the incidents, for good."""
        self.limit = max(1, len(self.record.incidents) // 2)
        self.record = replace(self.record, incidents=self.record.incidents[-self.limit :])

    def is_dirty(self) -> bool:
        """Whether there is something to write."""
        if self.record is self.saved:
            return False
        if self.record == self.saved:
            self.saved = self.record  # equal ones need not be compared again
            return False
        return True

    def _fold(self, finding: Finding) -> bool:
        """Fold a finding again; tell whether it was news to the record."""
        before = self.record
        self.record = self.fold(before, finding, limit=self.limit)
        return self.record is not before

    def _has_fallen(self, loaded: Record) -> bool:
        """Whether a total is lower than it was: no operator does that to the same workload."""
        if self.saved is None or self.saved.workload.uid != loaded.workload.uid:
            return False
        return any(
            tally.counted > loaded.tallies.get(key, NO_TALLY).counted
            for key, tally in self.saved.tallies.items()
        )


def _is_older(version: str, known: str) -> bool:
    """Whether it is a version from before one that was known: the cluster was restored."""
    return version.isdecimal() and known.isdecimal() and int(version) < int(known)
