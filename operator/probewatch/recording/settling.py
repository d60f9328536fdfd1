"""Settling: reconciles the record book with the listed pods, once in each takeover.

Pods that are gone are dropped, and restarts of the others that were never published are
counted. When all that is saved, the records are complete.
"""

from probewatch.recording.surroundings import Surroundings, count_missed
from probewatch.records.baseline import Baseline
from probewatch.records.book import RecordBook
from probewatch.records.entry import Key


class Settling:
    """Reconciles the book with the pods that exist."""

    def __init__(self, book: RecordBook, around: Surroundings) -> None:
        self._book = book
        self._around = around
        self._baseline = Baseline(book.is_dirty)
        self._is_swept = self._is_counted = False

    def begin(self) -> None:
        """Start after all reports were read: count missed restarts, and repeat the other steps."""
        count_missed(self._book, self._around, is_alive=False)
        self._is_swept = self._is_counted = False

    def settle(self, now: float, *, since: float) -> bool:
        """Do the steps that are possible now; tell whether any was done.

        Pods count as alive once their watches were active *since* the takeover (monotonic).
        """
        is_swept, is_counted = self._is_swept, self._is_counted
        if not is_swept:
            self._book.sweep(self._around.store.uids(), now)
            self._baseline.begin(self._book.dirty())
            self._is_swept = True
        if not is_counted and self._around.active_since(since):
            count_missed(self._book, self._around, is_alive=True)
            self._is_counted = True
        return (is_swept, is_counted) != (self._is_swept, self._is_counted)

    def written(self, key: Key) -> None:
        """Note that a report was saved."""
        self._baseline.written(key)

    def is_saved(self) -> bool:
        """Tell whether all that was found at the takeover is saved."""
        return self._baseline.is_saved()
