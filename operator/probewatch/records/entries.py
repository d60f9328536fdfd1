"""Entries: the reports by key, and which report holds the marks of which pod."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from probewatch.core.ledger import fold, fold_count
from probewatch.core.ledger_details import fold_departure
from probewatch.core.model import PodUid, Workload
from probewatch.core.record_names import report_name
from probewatch.core.record_sizes import has_room
from probewatch.core.records import Record
from probewatch.core.sighting import Sighting
from probewatch.records.entry import Entry, Fold, Key
from probewatch.records.journal import Item


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How findings and counts are folded; replaced for pods that count from 0, and by tests."""

    fold: Fold = fold
    fold_count: Callable[[Record, PodUid, str, Sighting], Record] = fold_count


RULES = Rules()


class Entries:
    """Reports by key, and by the uids of the pods that have marks in them.

    *pod_bytes* returns the maximum size of the marks of one pod of a workload. A workload with
    more pods than fit into one object has further reports, its *parts*.
    """

    def __init__(self, *, limit: int, rules: Rules, pod_bytes: Callable[[Key], int]) -> None:
        self.by_uid: dict[PodUid, Key] = {}
        self.rules = rules
        """Used for all entries; may only be replaced while there are none."""
        self._limit = limit
        self._pod_bytes = pod_bytes
        self._entries: dict[Key, Entry] = {}
        self._full: dict[Key, int] = {}
        """How many of the first parts of a workload have no room for a further pod."""
        self._last_part: dict[Key, int] = {}
        """The highest number of a part, of each workload that ever had more than one."""

    def __len__(self) -> int:
        """Count the reports."""
        return len(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        """Iterate over a copy of all reports."""
        return iter(tuple(self._entries.values()))

    def get(self, key: Key) -> Entry | None:
        """Return a report, if it is known."""
        return self._entries.get(key)

    def of_pod(self, uid: PodUid) -> Entry | None:
        """Return the report that holds the marks of a pod."""
        key = self.by_uid.get(uid)
        return None if key is None else self._entries.get(key)

    def find(self, uid: PodUid, workload: Workload) -> Entry:
        """Return the report with the marks of a pod, else one of its workload that has room.

        It may be a new one, which is not kept before `keep` is called.
        """
        known = self.of_pod(uid)
        if known is not None:
            return known
        first = key_of(workload)
        part, pod_bytes = self._full.get(first, 0), self._pod_bytes(first)
        while True:
            key = key_of(workload, part) if part else first
            entry = self._entries.get(key)
            if entry is None:
                return self.wrap(key, Record(workload=workload, part=part))
            if has_room(entry.record, pod_bytes):
                return entry
            part += 1
            self._full[first] = part

    def wrap(self, key: Key, record: Record) -> Entry:
        """Return a new entry for a record; it is not kept before `keep` is called."""
        return Entry(key=key, record=record, limit=self._limit, fold=self.rules.fold)

    def keep(self, entry: Entry, uid: PodUid) -> None:
        """Keep an entry into which a finding of this pod was folded."""
        self._put(entry)
        if uid in entry.record.pods:
            self.by_uid[uid] = entry.key

    def keep_all(self, entry: Entry, before: Collection[PodUid]) -> None:
        """Keep an entry whose record was replaced; *before* are the pods that had marks in it."""
        self._put(entry)
        for uid in before:
            if self.by_uid.get(uid) == entry.key:
                del self.by_uid[uid]
        self.by_uid.update(dict.fromkeys(entry.record.pods, entry.key))
        self._full.clear()  # the new record may have room

    def take_strays(self, entry: Entry) -> Sequence[tuple[Item, Entry]]:
        """Take the pods of a report that was read out of the other parts of its workload.

        The replica that wrote it may have put a pod into another part than this one, as they do not
        learn at the same time where there is room. Returns the findings to be folded again.
        """
        pods = entry.trusted.pods.keys() if entry.trusted else ()
        found: list[tuple[Item, Entry]] = []
        for other in tuple(self.parts(entry.key)):
            before = other.record.pods
            if other is not entry and (strays := other.find_strays(pods)):
                found += [(item, other) for item in other.take_out(strays)]
                self.keep_all(other, before)
                if other.is_empty():
                    self.drop(other.key)
        return found

    def meet(self, workload: Workload) -> None:
        """Note a workload that has pods; a known report may be of an earlier one of its name."""
        for entry in self.parts(key_of(workload)) if workload.uid else ():
            if entry.record.workload.uid not in {"", workload.uid}:
                entry.heir = workload

    def let_go(self, entry: Entry, uids: Collection[PodUid]) -> None:
        """Drop the marks of some pods."""
        entry.record = fold_departure(entry.record, uids)
        self._full.clear()
        for uid in uids:
            self.by_uid.pop(uid, None)

    def drop(self, key: Key) -> Collection[PodUid]:
        """Drop a report; return the pods that had marks in it."""
        entry = self._entries.pop(key, None)
        pods = entry.record.pods if entry else ()
        for uid in pods:
            self.by_uid.pop(uid, None)
        self._full.clear()
        return pods

    def take_out(self) -> list[Entry]:
        """Remove and return all reports."""
        entries = list(self._entries.values())
        self._entries, self.by_uid = {}, {}
        self._full.clear()
        return entries

    def parts(self, key: Key) -> Iterator[Entry]:
        """Yield all reports of the workload that this one belongs to.

        One of them may be missing: anybody may delete a report.
        """
        entry = self._entries.get(key)
        if entry is None:
            return
        workload = entry.record.workload
        for part in range(self._last_part.get(key_of(workload), 0) + 1):
            other = self._entries.get(key_of(workload, part))
            if other is not None:
                yield other

    def _put(self, entry: Entry) -> None:
        self._entries[entry.key] = entry
        if part := entry.record.part:
            first = key_of(entry.record.workload)
            self._last_part[first] = max(part, self._last_part.get(first, 0))


def key_of(workload: Workload, part: int = 0) -> Key:
    """Return the key of the report of a workload, or of a further part of it."""
    return Key(workload.namespace, report_name(workload, part))
