"""Unread records: what counters show of restarts when they had to begin without the records.

They go on from what is recorded. Where that cannot be read, they are not shown for a while, since
trouble passes; then they begin at 0. What turns out to be recorded once it is read is told apart,
for good: a counter that rose to it, now or at the next start, would be taken for new restarts.
"""

import logging

from probewatch.clock import Clock
from probewatch.core.causes import Cause
from probewatch.metrics.totals import RestartTotal
from probewatch.recording.surroundings import Counters
from probewatch.records.book import RecordBook
from probewatch.records.entry import Key

_log = logging.getLogger(__name__)

HOLD_SECONDS = 600.0
"""For how long restarts are not shown: an API server is mostly back before."""


class Unread:
    """Knows whose counters began without the records."""

    def __init__(self, book: RecordBook, counters: Counters, *, clock: Clock) -> None:
        self._book = book
        self._counters = counters
        self._clock = clock
        self._shown_from: float | None = None
        """Since when, or from when, all counters are shown without records."""
        self._namespaces: frozenset[str] = frozenset()
        """Those whose counters are, since only others could be read."""

    def begin(self, term: int, *, is_hopeless: bool) -> None:
        """Nothing can be read; where that is *hopeless*, counters of a new term begin at 0 at once.

        Those of a term that goes on stay: they began with what was recorded, or at 0.
        """
        if self._counters.begin_term(term, ()) and not self.withholds():
            self._shown_from = self._clock.monotonic()
            if not is_hopeless:
                self._shown_from += HOLD_SECONDS
                _log.warning(
                    "Restarts are not in /metrics until records can be read, or for so long",
                    extra={"seconds": HOLD_SECONDS},
                )

    def withholds(self) -> bool:
        """Whether restarts are not to be shown yet."""
        return self._shown_from is not None and self._clock.monotonic() < self._shown_from

    def read(self, *, is_shown: bool) -> None:
        """Records were read by who writes or stands by; counters *were shown* here until now."""
        if not is_shown or self.withholds():
            self._shown_from, self._namespaces = None, self._book.unread

    def tell_apart(self) -> None:
        """Keep counters that began without their records from rising to what these hold."""
        for key in self._book.workloads():
            self.tell_one_apart(key)
        self._shown_from = None
        self._namespaces &= self._book.unread

    def tell_one_apart(self, key: Key) -> None:
        """Do so for the workload of one report."""
        if self._shown_from is not None or key.namespace in self._namespaces:
            self._book.tell_apart(key, self._shown_of(key))

    def _shown_of(self, key: Key) -> dict[tuple[str, Cause], int]:
        record = self._book.record(key)
        totals = () if record is None else self._counters.totals_of(record.workload)
        return {
            (each.container, each.cause): each.count
            for each in totals
            if isinstance(each, RestartTotal)
        }
