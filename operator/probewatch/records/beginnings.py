"""Beginnings: where counting begins for pods that were met before it was known what is recorded.

Records may not be readable when the watching begins. Where a container then has no mark, nobody
can tell yet whether it restarted before the records or since. That is decided once they are
read: if records were complete, a container without a mark had never restarted when they were
last kept, and all its restarts count, also those that it had when it was met.
"""

from collections.abc import Callable, Iterable, Iterator

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
"""Where there are never any records to be read, pods go without end."""

ZERO = Mark(count=0)
NO_MARKS = PodMarks()


class Beginnings:
    """Knows which pods count from 0 though it was not said when they were met; folds so."""

    def __init__(self, rules: Rules, *, is_open: bool) -> None:
        self.is_open = is_open
        """Whether it is not known yet what is recorded."""
        self._inner = rules
        self._met: set[PodUid] = set()
        self._strangers: dict[PodUid, None] = {}
        """The latest of them, in order."""
        self._early: tuple[Entry, ...] = ()
        """What was found before it was known what is recorded."""
        self.from_zero: set[PodUid] = set()
        """The pods that were met before, and count from 0."""

    @property
    def rules(self) -> Rules:
        """The rules as they are, but for the pods that count from 0, if there are any."""
        if not self.from_zero:
            return self._inner
        return replace(self._inner, fold=self._fold, fold_count=self._fold_count)

    def __len__(self) -> int:
        """How many pods wait for what is recorded."""
        return len(self._met)

    def meet(self, pod: Newcomer) -> None:
        """A pod is new here. One that opted out, or went, is old when it comes again.

        What stands for a static pod is made anew while that runs on: it never counts from 0.
        """
        if not self.is_open:
            return
        if pod.ignored or pod.evidence_uid not in {"", pod.uid}:
            self._note_stranger(pod.uid)
        elif pod.uid not in self._strangers:
            self._met.add(pod.uid)

    def leave(self, uid: PodUid) -> None:
        """A pod is not followed any more."""
        if self.is_open:
            self._note_stranger(uid)
        self._met.discard(uid)
        self.from_zero.discard(uid)

    def decide(self, early: Iterable[Entry], *, complete: bool) -> None:
        """It is known now what is recorded, and whether what has no mark in it was at 0.

        What was found *early* is kept until it is recalled.
        """
        self.from_zero |= self._met if complete else set()
        self.is_open, self._met, self._strangers = False, set(), {}
        self._early = tuple(early)

    def recall(
        self, stale_before: float, find: Callable[[PodUid], Entry | None]
    ) -> Iterator[tuple[Item, Entry]]:
        """What was found early, to be taken in once more; *find* gives where a pod is kept now."""
        early, self._early = self._early, ()
        for entry in early:
            for item in entry.journal.items():
                uid = item.finding.pod.uid
                # Who leads may have recorded it, and let go of the pod since.
                is_stale = item.at < stale_before and find(uid) is None
                if not is_stale or uid in self.from_zero:
                    yield item, entry

    # --- inside

    def _note_stranger(self, uid: PodUid) -> None:
        self._strangers[uid] = None
        if len(self._strangers) > STRANGERS_KEPT:
            del self._strangers[next(iter(self._strangers))]

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
        """Return the record with a mark at 0 for a container that counts from there."""
        if uid not in self.from_zero or record.mark(uid, container) is not None:
            return record
        pod = record.pods.get(uid, NO_MARKS)
        marks = replace(pod, containers={**pod.containers, container: ZERO})
        return replace(record, pods=marks_of(record).having(uid, marks))
