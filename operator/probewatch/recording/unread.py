"""Unread records: what counters show of restarts while the records cannot be read.

Normally counters are restored from the records. If these cannot be read, the counters are hidden
for a while, since most trouble passes, and then start at 0. Restarts that turn out to be recorded
are kept out of these counters for good: if a counter rose to them, now or at the next start,
they would look like new restarts.
"""

import logging

from probewatch.clock import Clock
from probewatch.core.causes import Cause
from probewatch.recording.surroundings import Counters
from probewatch.records.book import RecordBook
from probewatch.records.entry import Key

_log = logging.getLogger(__name__)

HOLD_SECONDS = 600.0
"""How long counters of restarts are hidden: an API server is usually back before."""


class Unread:
    """Remembers which counters started without the records."""

    def __init__(self, book: RecordBook, counters: Counters, *, clock: Clock) -> None:
        self._book = book
        self._counters = counters
        self._clock = clock
        self._shown_from: float | None = None
        """From when (monotonic) all counters are shown without records; None if they have them."""
        self._namespaces: frozenset[str] = frozenset()
        """Namespaces whose counters started without records, as only others could be read."""

    def begin(self, term: int, *, is_hopeless: bool) -> None:
        """Note that no records can be read, and start the counters of a new term without them.

        With *is_hopeless* they are shown from 0 at once, else after `HOLD_SECONDS`. Counters of a
        term that goes on stay: they started from the records, or at 0.
        """
        if self._counters.begin_term(term, ()) and not self.withholds():
            self._shown_from = self._clock.monotonic()
            if not is_hopeless:
                self._shown_from += HOLD_SECONDS
                _log.warning(
                    "Restarts are missing in /metrics until records can be read, or for this time",
                    extra={"seconds": HOLD_SECONDS},
                )

    def withholds(self) -> bool:
        """Tell whether counters of restarts are hidden for now."""
        return self._shown_from is not None and self._clock.monotonic() < self._shown_from

    def read(self, *, is_shown: bool) -> None:
        """Note that records were read; *is_shown* if this process shows counters."""
        if not is_shown or self.withholds():
            self._shown_from, self._namespaces = None, self._book.unread

    def tell_apart(self) -> None:
        """Keep counters that started without their records from rising to what these hold."""
        for key in self._book.workloads():
            self.tell_one_apart(key)
        self._shown_from = None
        self._namespaces &= self._book.unread

    def tell_one_apart(self, key: Key) -> None:
        """Do that for the workload of one report."""
        if self._shown_from is not None or key.namespace in self._namespaces:
            self._book.tell_apart(key, self._shown_of(key))

    def _shown_of(self, key: Key) -> dict[tuple[str, Cause], int]:
        record = self._book.record(key)
        totals = () if record is None else self._counters.totals_of(record.workload)
        return {(each.container, each.cause): each.count for each in totals}
