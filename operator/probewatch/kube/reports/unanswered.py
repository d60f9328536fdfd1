"""Recognizes writes that the API server committed although no answer came, or an error.

The next write is then a conflict with ourselves. If the report, read again, has the digest of such
a write, its findings are saved, and are passed on like those of any other write.
"""

from collections import deque

from probewatch.kube.reports import objects
from probewatch.kube.reports.parsing import is_intact
from probewatch.records.entry import Key, Write

WRITES_KEPT = 4
"""Per report. A write that was sent earlier is rarely committed after later ones were sent."""


class UnansweredWrites:
    """The writes of each report whose outcome is not known."""

    def __init__(self) -> None:
        self._writes: dict[Key, deque[tuple[str, Write]]] = {}

    def add(self, write: Write, status: objects.Status) -> None:
        """Note that it is not known whether *status* was written."""
        writes = self._writes.setdefault(write.key, deque(maxlen=WRITES_KEPT))
        writes.append((status.digest, write))

    def find(self, key: Key, status: objects.Status | None) -> Write | None:
        """Return the write that a report's current status comes from, if it is one of these."""
        writes = self._writes.get(key, ())
        if status is None or not is_intact(status):
            return None
        return next((write for digest, write in writes if digest == status.digest), None)

    def forget(self, key: Key) -> None:
        """Forget the writes of a report: it was written or read, or is gone."""
        self._writes.pop(key, None)
