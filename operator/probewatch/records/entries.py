"""Which reports there are, and which pod is kept in which."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from probewatch.core.ledger import fold, fold_count
from probewatch.core.ledger_details import fold_departure
from probewatch.core.model import PodUid, Workload
from probewatch.core.recollection import recollect
from probewatch.core.record_names import report_name
from probewatch.core.record_sizes import has_room
from probewatch.core.records import Record
from probewatch.core.remembered import Remembered
from probewatch.core.sighting import Sighting
from probewatch.records.entry import Entry, Fold, Key


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The core by which a book is kept; tests put in ones with a mistake."""

    fold: Fold = fold
    fold_count: Callable[[Record, PodUid, str, Sighting], Record] = fold_count
    fold_departure: Callable[[Record, Collection[PodUid]], Record] = fold_departure
    recollect: Callable[[Record, PodUid, bool], Remembered] = recollect


RULES = Rules()


class Entries:
    """Reports by key, and by the uids of the pods that have marks in them.

    *pod_bytes* tells how much the marks of one pod of a workload may come to take.
    """

    def __init__(self, *, limit: int, rules: Rules, pod_bytes: Callable[[Key], int]) -> None:
        self.by_uid: dict[PodUid, Key] = {}
        self.rules = rules
        """By which all of them are kept; not to be changed while there are any."""
        self._limit = limit
        self._pod_bytes = pod_bytes
        self._entries: dict[Key, Entry] = {}
        self._full: dict[Key, int] = {}
        """How many of its parts, from the first, have no room for a further pod of a workload."""

    def __len__(self) -> int:
        """How many there are."""
        return len(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        """All of them, as they are now."""
        return iter(tuple(self._entries.values()))

    def get(self, key: Key) -> Entry | None:
        """One of them."""
        return self._entries.get(key)

    def of_pod(self, uid: PodUid) -> Entry | None:
        """The one that a pod has marks in."""
        key = self.by_uid.get(uid)
        return None if key is None else self._entries.get(key)

    def find(self, uid: PodUid, workload: Workload) -> Entry:
        """The one that a pod has marks in, or may have: of its workload, with room. Maybe new."""
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
        """One for a record; it is not kept before `keep`."""
        return Entry(key=key, record=record, limit=self._limit, fold=self.rules.fold)

    def keep(self, entry: Entry, uid: PodUid) -> None:
        """Keep one in which something was folded of a pod."""
        self._entries[entry.key] = entry
        if uid in entry.record.pods:
            self.by_uid[uid] = entry.key

    def keep_all(self, entry: Entry, before: Collection[PodUid]) -> None:
        """Keep one that may have the marks of any pods, and had those of the ones *before*."""
        self._entries[entry.key] = entry
        for uid in before:
            if self.by_uid.get(uid) == entry.key and uid not in entry.record.pods:
                del self.by_uid[uid]
        self.by_uid.update(dict.fromkeys(entry.record.pods, entry.key))
        self._full.clear()  # somebody else may have made room

    def let_go(self, entry: Entry, uids: Collection[PodUid]) -> None:
        """Let go of the marks of some pods."""
        entry.record = self.rules.fold_departure(entry.record, uids)
        self._full.clear()
        for uid in uids:
            self.by_uid.pop(uid, None)

    def drop(self, key: Key) -> Collection[PodUid]:
        """Let go of one; return the pods that had marks in it."""
        entry = self._entries.pop(key, None)
        pods = entry.record.pods if entry else ()
        for uid in pods:
            self.by_uid.pop(uid, None)
        self._full.clear()
        return pods

    def take_out(self) -> list[Entry]:
        """Let go of all of them, and return them."""
        entries = list(self._entries.values())
        self._entries, self.by_uid = {}, {}
        self._full.clear()
        return entries

    def parts(self, key: Key) -> Iterator[Entry]:
        """All of the workload of which this is one."""
        entry, part = self._entries.get(key), 0
        workload = entry.record.workload if entry else None
        while workload is not None:
            other = self._entries.get(key_of(workload, part))
            if other is None:
                return
            yield other
            part += 1


def key_of(workload: Workload, part: int = 0) -> Key:
    """Return the key of the report of a workload, or of a further part of it."""
    return Key(workload.namespace, report_name(workload, part))
