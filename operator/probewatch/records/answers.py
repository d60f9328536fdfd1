"""The read-only half of the record book."""

from collections import Counter
from collections.abc import Iterator

from probewatch.core.causes import Cause
from probewatch.core.findings import Finding, Restart
from probewatch.core.model import Workload
from probewatch.core.records import Record
from probewatch.records.entries import Entries, key_of
from probewatch.records.entry import Key


class RecordAnswers:
    """Queries of the reports and of what is not saved yet."""

    def __init__(self, entries: Entries) -> None:
        self._entries = entries

    def __len__(self) -> int:
        """Count the reports."""
        return len(self._entries)

    def dirty(self) -> Iterator[Key]:
        """Return the reports that have to be written."""
        return (entry.key for entry in self._entries if entry.is_dirty())

    def is_dirty(self, key: Key) -> bool:
        """Tell whether a report has to be written."""
        entry = self._entries.get(key)
        return entry is not None and entry.is_dirty()

    def pending(self) -> Iterator[tuple[Finding, Workload]]:
        """Yield the findings that are not saved yet, report by report."""
        for entry in self._entries:
            for finding in entry.journal:
                yield finding, entry.record.workload

    def all_keys(self) -> tuple[Key, ...]:
        """Return the keys of all reports."""
        return tuple(entry.key for entry in self._entries)

    def records(self) -> Iterator[Record]:
        """Return the records as they are in the cluster."""
        return (entry.saved for entry in self._entries if entry.saved is not None)

    def record(self, key: Key) -> Record | None:
        """Return a record with all findings in it, saved or not."""
        entry = self._entries.get(key)
        return entry.record if entry else None

    def workloads(self) -> tuple[Key, ...]:
        """Return the key of the first report of each workload that is there."""
        found: dict[Key, Key] = {}
        for entry in self._entries:
            found.setdefault(key_of(entry.record.workload), entry.key)
        return tuple(found.values())

    def was_saved(self, key: Key) -> bool:
        """Tell whether an operator ever saved the report, as far as this process knows."""
        entry = self._entries.get(key)
        return entry is not None and entry.trusted is not None

    def parts(self, key: Key) -> tuple[Record, ...]:
        """Return all records of the workload that this report belongs to, with unsaved findings."""
        return tuple(entry.record for entry in self._entries.parts(key))

    def untold_restarts(self, key: Key) -> Counter[tuple[str, Cause]]:
        """Count restarts of a workload not yet passed to other sinks, by container and cause."""
        waiting: Counter[tuple[str, Cause]] = Counter()
        for entry in self._entries.parts(key):
            for finding in entry.journal.untold():
                if isinstance(finding, Restart):
                    waiting[finding.container, finding.cause] += finding.stands_for
        return waiting

    def saved_parts(self, key: Key) -> tuple[Record, ...]:
        """Return all records of the workload that this report belongs to, as last saved."""
        found = (entry.trusted for entry in self._entries.parts(key))
        return tuple(record for record in found if record is not None)

    def version(self, key: Key) -> str:
        """Return the known resourceVersion of a report; empty if it does not exist."""
        entry = self._entries.get(key)
        return entry.version if entry else ""
