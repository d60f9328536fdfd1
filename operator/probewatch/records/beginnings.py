"""Beginnings: from which count pods are counted that appeared before the records were read.

The records may not be readable when the watch begins. For a container without a mark it is then
unknown whether it restarted before the records were last kept, or since. That is decided once
they are read: if the records were complete, a container without a mark had never restarted, and
all its restarts count, including those that it had when it was first seen.
"""

from collections.abc import Callable, Iterable, Iterator

from probewatch.core.bounded import Bounded
from probewatch.core.findings import CountingBegan, Finding, Restart
from probewatch.core.model import PodUid
from probewatch.core.record_sizes import marks_of
from probewatch.core.records import Mark, PodMarks, Record
from probewatch.core.sighting import Sighting
from probewatch.core.values import replace
from probewatch.newcomers import Newcomer
from probewatch.records.entries import Rules
from probewatch.records.entry import Entry
from probewatch.records.journal import Item

STRANGERS_KEPT = 8192
"""A bound, because the records may never become readable while pods come and go."""

ZERO = Mark(count=0)
NO_MARKS = PodMarks()


class Beginnings:
    """Remembers pods that appeared before the records, and folds those that count from 0."""

    def __init__(self, rules: Rules, *, is_open: bool) -> None:
        self.is_open = is_open
        """Whether the records were not read yet."""
        self._inner = rules
        self._met: set[PodUid] = set()
        self._strangers: Bounded[PodUid, None] = Bounded(STRANGERS_KEPT)
        """Pods that never count from 0."""
        self._early: tuple[Entry, ...] = ()
        """Reports with what was found before the records were read."""
        self.from_zero: set[PodUid] = set()
        """Pods that appeared before the records were read, and count from 0."""

    @property
    def rules(self) -> Rules:
        """The rules of the core, extended for pods that count from 0 if there are any."""
        if not self.from_zero:
            return self._inner
        return replace(self._inner, fold=self._fold, fold_count=self._fold_count)

    def __len__(self) -> int:
        """Count the pods that wait for the decision."""
        return len(self._met)

    def meet(self, pod: Newcomer) -> None:
        """Note a pod that is new to this process.

        One that opted out or was gone before is not new when it comes back. A mirror pod never
        counts from 0: it can be recreated while its static pod runs on.
        """
        if not self.is_open:
            return
        if pod.ignored or pod.evidence_uid not in {"", pod.uid}:
            self._strangers[pod.uid] = None
        elif pod.uid not in self._strangers:
            self._met.add(pod.uid)

    def leave(self, uid: PodUid) -> None:
        """Note that a pod is not tracked any more."""
        if self.is_open:
            self._strangers[uid] = None
        self._met.discard(uid)
        self.from_zero.discard(uid)

    def decide(self, early: Iterable[Entry], *, complete: bool) -> None:
        """Decide for all pods met so far; *complete* says that a container without a mark was at 0.

        *early* are the reports with what was found until now; `recall` returns their findings.
        """
        self.from_zero = self._met if complete else set()
        self.is_open, self._met = False, set()
        self._strangers.clear()
        self._early = tuple(early)

    def recall(
        self, stale_before: float, find: Callable[[PodUid], Entry | None]
    ) -> Iterator[tuple[Item, Entry]]:
        """Yield the early findings, to be folded again; *find* returns the report of a pod now."""
        early, self._early = self._early, ()
        for entry in early:
            for item in entry.journal.items():
                uid = item.finding.pod.uid
                # The leader may have recorded it, and dropped the marks of the pod since.
                is_stale = item.at < stale_before and find(uid) is None
                if not is_stale or uid in self.from_zero:
                    yield item, entry

    # --- inside

    def _fold(self, record: Record, finding: Finding, *, limit: int) -> Record:
        before = record
        if isinstance(finding, Restart | CountingBegan):
            before = self._begin(record, finding.pod.uid, finding.container)
        after = self._inner.fold(before, finding, limit=limit)
        return record if after is before else after

    def _fold_count(self, record: Record, uid: PodUid, container: str, seen: Sighting) -> Record:
        before = self._begin(record, uid, container)
        after = self._inner.fold_count(before, uid, container, seen)
        return record if after is before else after

    def _begin(self, record: Record, uid: PodUid, container: str) -> Record:
        """Return the record with a mark at 0 if the container counts from 0 and has none."""
        if uid not in self.from_zero or record.mark(uid, container) is not None:
            return record
        pod = record.pods.get(uid, NO_MARKS)
        marks = replace(pod, containers={**pod.containers, container: ZERO})
        return replace(record, pods=marks_of(record).having(uid, marks))
