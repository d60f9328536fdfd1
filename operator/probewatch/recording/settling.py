"""Settling: what is to be done once in each takeover, when all pods are listed.

Pods that went are let go of, what is seen of the others and was never told is counted, and when all
that is saved it can be agreed that everything is recorded.
"""

from probewatch.recording.surroundings import Surroundings, level
from probewatch.records.baseline import Baseline
from probewatch.records.book import RecordBook
from probewatch.records.entry import Key


class Settling:
    """Brings the book in line with the pods that there are."""

    def __init__(self, book: RecordBook, around: Surroundings) -> None:
        self._book = book
        self._around = around
        self._baseline = Baseline(book.is_dirty)
        self._is_swept = self._is_level = False

    def begin(self) -> None:
        """All reports were read: count by them what pods showed, and do all else once more."""
        level(self._book, self._around, is_alive=False)
        self._is_swept = self._is_level = False

    def settle(self, now: float, *, since: float) -> bool:
        """Do what can be done now; tell whether there may be something to write by that.

        What is seen of pods is of account if their watch was heard of *since* the takeover.
        """
        is_swept, is_level = self._is_swept, self._is_level
        if not is_swept:
            self._book.sweep(self._around.store.uids(), now)
            self._baseline.begin(self._book.dirty())
            self._is_swept = True
        if not is_level and self._around.heard_since(since):
            level(self._book, self._around, is_alive=True)
            self._is_level = True
        return (is_swept, is_level) != (self._is_swept, self._is_level)

    def written(self, key: Key) -> None:
        """A report was saved."""
        self._baseline.written(key)

    def is_saved(self) -> bool:
        """Whether all that was there is saved."""
        return self._baseline.is_saved()
