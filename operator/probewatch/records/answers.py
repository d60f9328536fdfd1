"""What can be asked of the record book without changing anything."""

from collections import Counter
from collections.abc import Iterator

from probewatch.core.causes import Cause
from probewatch.core.findings import Finding, Restart
from probewatch.core.model import Workload
from probewatch.core.records import Record
from probewatch.records.entries import Entries, key_of
from probewatch.records.entry import Key


class RecordAnswers:
    """Answers from the reports."""

    def __init__(self, entries: Entries) -> None:
        self._entries = entries

    def __len__(self) -> int:
        """How many reports there are."""
        return len(self._entries)

    def dirty(self) -> Iterator[Key]:
        """The reports that are to be written."""
        return (entry.key for entry in self._entries if entry.is_dirty())

    def is_dirty(self, key: Key) -> bool:
        """Whether there is something to write for a report."""
        entry = self._entries.get(key)
        return entry is not None and entry.is_dirty()

    def pending(self) -> Iterator[tuple[Finding, Workload]]:
        """What is not saved yet, report by report."""
        for entry in self._entries:
            for finding in entry.journal:
                yield finding, entry.record.workload

    def all_keys(self) -> tuple[Key, ...]:
        """All reports."""
        return tuple(entry.key for entry in self._entries)

    def records(self) -> Iterator[Record]:
        """What is saved, as it was saved."""
        return (entry.saved for entry in self._entries if entry.saved is not None)

    def record(self, key: Key) -> Record | None:
        """A record with everything in it that was found."""
        entry = self._entries.get(key)
        return entry.record if entry else None

    def workloads(self) -> tuple[Key, ...]:
        """The first report of each workload."""
        return tuple({key_of(entry.record.workload): None for entry in self._entries})

    def was_saved(self, key: Key) -> bool:
        """Whether anything was ever saved of a report, as far as this process knows."""
        entry = self._entries.get(key)
        return entry is not None and entry.trusted is not None

    def parts(self, key: Key) -> tuple[Record, ...]:
        """What was found of a whole workload of which this is one report."""
        return tuple(entry.record for entry in self._entries.parts(key))

    def untold_restarts(self, key: Key) -> Counter[tuple[str, Cause]]:
        """How many restarts of a whole workload are still to be handed out, by container."""
        waiting: Counter[tuple[str, Cause]] = Counter()
        for entry in self._entries.parts(key):
            for finding in entry.journal.untold():
                if isinstance(finding, Restart):
                    waiting[finding.container, finding.cause] += finding.stands_for
        return waiting

    def saved_parts(self, key: Key) -> tuple[Record, ...]:
        """What was saved last of a whole workload of which this is one report."""
        found = (entry.trusted for entry in self._entries.parts(key))
        return tuple(record for record in found if record is not None)

    def version(self, key: Key) -> str:
        """The version of the report that is known; empty where there is none."""
        entry = self._entries.get(key)
        return entry.version if entry else ""
