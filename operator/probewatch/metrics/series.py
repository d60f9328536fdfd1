"""Series: compact storage for the series of one family.

There is one entry for each subject, with the values of all its series. Entries are
replaced and never modified, so a shallow copy of the dictionary is a cheap snapshot
that any thread may read. Subjects to which nothing has happened share one entry of
zeros, or have none (see blanks.py).
"""

import bisect
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Protocol

from probewatch.metrics.family import Family

Cells = tuple[tuple[str, ...], tuple[float, ...]]
"""Tails, and a value for each."""

Rows = Mapping[str, Cells]

Bars = tuple[tuple[int, ...], float]
"""Observations in each bucket (not cumulative; the last is +Inf), and the sum of the values."""


NOTHING: Cells = ((), ())


class BlankEntries(Protocol):
    """Holds the subjects to which nothing has happened."""

    entries: dict[str, Sequence[Cells]]
    """By subject: the first values for each table, by its column."""

    def detach(self, subject: str) -> None:
        """Replace the entry by a row in each table, so that one of them can drop its row."""
        ...


class Table:
    """Counters or gauges of one family: at most *limit* series, the rest is added to *overflow*.

    *overflow* is a subject; without one, values that do not fit are only counted as dropped. A
    subject that once found no room gets no further series until it is dropped: a series that
    started later would either repeat what is in the sum already, or be lower than the record.
    """

    def __init__(self, family: Family, *, limit: int, overflow: str = "") -> None:
        self.family = family
        self.rows: dict[str, Cells] = {}
        self.series = 0
        self.dropped = 0
        self._limit = limit
        self._overflow = overflow
        self._refused: set[str] = set()
        """Subjects that have values in the overflow sum."""
        self._blanks: BlankEntries | None = None
        self._column = 0

    def use_blanks(self, blanks: BlankEntries, column: int) -> None:
        """Use this column of *blanks* for subjects without a row."""
        self._blanks, self._column = blanks, column

    def cells(self, subject: str) -> Cells:
        """Return the series of a subject."""
        row = self.rows.get(subject)
        if row is None and self._blanks is not None:
            first = self._blanks.entries.get(subject)
            row = None if first is None else first[self._column]
        return NOTHING if row is None else row

    def begin(self, subject: str, tails: tuple[str, ...]) -> bool:
        """Start missing series of a subject at 0; tell whether there is room for them."""
        known, values = self.cells(subject)
        fresh = tuple(each for each in tails if each not in known) if known else tails
        if not fresh:
            return True
        if not self.has_room(subject, len(fresh)):
            self.refuse(subject, fresh)
            return False
        self.series += len(fresh)
        begun = zeros(fresh)
        self.rows[subject] = ((*known, *fresh), (*values, *begun[1])) if known else begun
        return True

    def has_room(self, subject: str, count: int) -> bool:
        """Tell whether *count* more series of a subject may start."""
        if subject == self._overflow:
            return True
        return subject not in self._refused and self.series + count <= self._limit

    def refuse(self, subject: str, tails: tuple[str, ...]) -> None:
        """Count series that have no room, and start those of the overflow sum."""
        self.dropped += len(tails)
        if self._overflow:
            self._refused.add(subject)
            self.begin(self._overflow, tails)  # or `increase()` would miss its first step

    def add(self, subject: str, tail: str, amount: float = 1) -> None:
        """Add to a counter, which is started at 0 if needed."""
        if not self.begin(subject, (tail,)):
            if not self._overflow:
                return
            subject = self._overflow
        self._replace(subject, tail, lambda before: before + amount)

    def raise_to(self, subject: str, tail: str, value: float) -> None:
        """Raise a counter to *value*, if it is lower.

        Without room nothing is done: its counts are in the overflow sum, or from before a restart.
        """
        if self.begin(subject, (tail,)):
            self._replace(subject, tail, lambda before: max(before, value))

    def lower(self, subjects: Iterable[str], most: Mapping[tuple[str, str], float]) -> None:
        """Lower counters of *subjects* to at most *most*, by subject and tail; 0 if not in it."""
        for subject in subjects:
            tails, values = self.cells(subject)
            pairs = zip(tails, values, strict=True)
            lower = tuple(min(value, most.get((subject, tail), 0)) for tail, value in pairs)
            if lower != values:
                self.rows[subject] = cells_of(tails, lower)

    def put(self, subject: str, tails: tuple[str, ...], values: tuple[float, ...]) -> None:
        """Set the gauges of a subject, and drop its other ones."""
        self.drop(subject)
        if self.begin(subject, tails) and tails:
            self.rows[subject] = cells_of(tails, values)

    def set(self, subject: str, tail: str, value: float) -> None:
        """Set one gauge of a subject, and keep its other ones."""
        if self.begin(subject, (tail,)):
            self._replace(subject, tail, lambda _: value)

    def move(self, subject: str, to: str) -> None:
        """Give the gauges of a subject, if it has any, to another subject, which has none."""
        cells = self.rows.pop(subject, None)
        if cells is not None:
            self.rows[to] = cells

    def _replace(self, subject: str, tail: str, change: Callable[[float], float]) -> None:
        tails, values = self.cells(subject)
        at = tails.index(tail)
        self.rows[subject] = (tails, (*values[:at], change(values[at]), *values[at + 1 :]))

    def drop(self, subject: str) -> None:
        """Drop all series of a subject."""
        self._refused.discard(subject)
        if self._blanks is not None:
            self._blanks.detach(subject)
        cells = self.rows.pop(subject, None)
        if cells is not None:
            self.series -= len(cells[0])

    def start_over(self) -> None:
        """Reset all counters to 0."""
        for subject, (tails, values) in self.rows.items():
            if any(values):
                self.rows[subject] = zeros(tails)
        self._refused.clear()

    def start_sum_over(self) -> None:
        """Reset the overflow sum to 0, and let subjects in it get series of their own again."""
        if self._overflow in self.rows:
            self.rows[self._overflow] = zeros(self.rows[self._overflow][0])
        self._refused.clear()

    def value(self, subject: str, tail: str) -> float:
        """Return the value of a series; 0 if it does not exist."""
        tails, values = self.cells(subject)
        return values[tails.index(tail)] if tail in tails else 0

    def is_blank(self, subject: str) -> bool:
        """Tell whether nothing was counted for a subject."""
        return not any(self.cells(subject)[1])


@lru_cache(maxsize=4096)
def cells_of(tails: tuple[str, ...], values: tuple[float, ...]) -> Cells:
    """Return an entry of these values; the same object for equal arguments."""
    return (tails, values)


@lru_cache(maxsize=4096)
def zeros(tails: tuple[str, ...]) -> Cells:
    """Return an entry of zeros; the same object for equal tails."""
    return (tails, (0,) * len(tails))


class Histogram:
    """Histograms of one family: a subject has a line per bound, and +Inf, sum and count."""

    def __init__(self, family: Family, *, bounds: tuple[float, ...], limit: int) -> None:
        self.family = family
        self.bounds = bounds
        self.rows: dict[str, Bars] = {}
        self.dropped = 0
        self._most = limit // (len(bounds) + 3)
        self._blank: Bars = ((0,) * (len(bounds) + 1), 0.0)

    @property
    def series(self) -> int:
        """How many series it has."""
        return len(self.rows) * (len(self.bounds) + 3)

    def observe(self, subject: str, value: float) -> None:
        """Add one observation."""
        if subject not in self.rows and len(self.rows) >= self._most:
            self.dropped += 1
            return
        counts, total = self.rows.get(subject, self._blank)
        at = bisect.bisect_left(self.bounds, value)
        self.rows[subject] = ((*counts[:at], counts[at] + 1, *counts[at + 1 :]), total + value)

    def drop(self, subject: str) -> None:
        """Drop the histogram of a subject."""
        self.rows.pop(subject, None)

    def is_blank(self, subject: str) -> bool:
        """Tell whether nothing was observed for a subject."""
        return not any(self.rows.get(subject, self._blank)[0])

    def start_over(self) -> None:
        """Reset all histograms to no observations."""
        self.rows.update(dict.fromkeys(self.rows, self._blank))
