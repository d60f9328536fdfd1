"""Series in little space: what a table of one family holds.

One entry for each subject, with the values of all its series. Entries are never
changed but replaced, so that a copy of the dictionary, which costs next to nothing,
is a snapshot that any thread may read. Subjects to which nothing has happened share
one entry of zeros, or have none: see blanks.py.
"""

import bisect
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Protocol

from probewatch.metrics.family import Family

Cells = tuple[tuple[str, ...], tuple[float, ...]]
"""Tails, and the value for each."""

Rows = Mapping[str, Cells]

Bars = tuple[tuple[int, ...], float]
"""Observations in each bucket (not added up), the last above all bounds; and their sum."""


NOTHING: Cells = ((), ())


class Leaned(Protocol):
    """Where the subjects are to which nothing has happened."""

    entries: dict[str, Sequence[Cells]]
    """By subject: what each table began with, by its column."""

    def part(self, subject: str) -> None:
        """Let each table have a row of its own, for one of them is to lose it."""
        ...


class Table:
    """Counters or gauges of one family; *limit* series, the rest is summed up as *overflow*.

    Without *overflow* what does not fit is only counted. A subject that once found no room gets
    no further series before it is let go of: one that began later would have to rise by all
    that is in the sum already, or fall behind the records.
    """

    def __init__(self, family: Family, *, limit: int, overflow: str = "") -> None:
        self.family = family
        self.rows: dict[str, Cells] = {}
        self.series = 0
        self.dropped = 0
        self._limit = limit
        self._overflow = overflow
        self._refused: set[str] = set()
        """Subjects of which something is in the sum."""
        self._blanks: Leaned | None = None
        self._column = 0

    def lean_on(self, blanks: Leaned, column: int) -> None:
        """Have there what subjects without a row began with."""
        self._blanks, self._column = blanks, column

    def cells(self, subject: str) -> Cells:
        """Return the series of a subject."""
        row = self.rows.get(subject)
        if row is None and self._blanks is not None:
            first = self._blanks.entries.get(subject)
            row = None if first is None else first[self._column]
        return NOTHING if row is None else row

    def begin(self, subject: str, tails: tuple[str, ...]) -> bool:
        """Start series at 0 where there are none yet; tell whether there is room for them."""
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
        """Tell whether so many more series of a subject may begin."""
        if subject == self._overflow:
            return True
        return subject not in self._refused and self.series + count <= self._limit

    def refuse(self, subject: str, tails: tuple[str, ...]) -> None:
        """Count series that have no room, and let those begin that sum them up."""
        self.dropped += len(tails)
        if self._overflow:
            self._refused.add(subject)
            self.begin(self._overflow, tails)  # or `increase()` would not see its first step

    def add(self, subject: str, tail: str, amount: float = 1) -> None:
        """Add to a counter, which starts at 0 if it has to."""
        if not self.begin(subject, (tail,)):
            if not self._overflow:
                return
            subject = self._overflow
        self._replace(subject, tail, lambda before: before + amount)

    def raise_to(self, subject: str, tail: str, value: float) -> None:
        """Let a counter go on from *value*, if it is not beyond already.

        Without room it is left: what was counted of it is in the sum, or was before a start.
        """
        if self.begin(subject, (tail,)):
            self._replace(subject, tail, lambda before: max(before, value))

    def lower(self, subjects: Iterable[str], most: Mapping[tuple[str, str], float]) -> None:
        """Let no counter of *subjects* show more than *most* says, by subject and tail; else 0."""
        for subject in subjects:
            tails, values = self.cells(subject)
            pairs = zip(tails, values, strict=True)
            lower = tuple(min(value, most.get((subject, tail), 0)) for tail, value in pairs)
            if lower != values:
                self.rows[subject] = cells_of(tails, lower)

    def put(self, subject: str, tails: tuple[str, ...], values: tuple[float, ...]) -> None:
        """Set the gauges of a subject; those not given are gone."""
        self.drop(subject)
        if self.begin(subject, tails) and tails:
            self.rows[subject] = cells_of(tails, values)

    def set(self, subject: str, tail: str, value: float) -> None:
        """Set one gauge of a subject, beside those that it has."""
        if self.begin(subject, (tail,)):
            self._replace(subject, tail, lambda _: value)

    def _replace(self, subject: str, tail: str, change: Callable[[float], float]) -> None:
        tails, values = self.cells(subject)
        at = tails.index(tail)
        self.rows[subject] = (tails, (*values[:at], change(values[at]), *values[at + 1 :]))

    def drop(self, subject: str) -> None:
        """Let go of all series of a subject."""
        self._refused.discard(subject)
        if self._blanks is not None:
            self._blanks.part(subject)
        cells = self.rows.pop(subject, None)
        if cells is not None:
            self.series -= len(cells[0])

    def start_over(self) -> None:
        """Let all counters begin at 0 again."""
        for subject, (tails, values) in self.rows.items():
            if any(values):
                self.rows[subject] = zeros(tails)
        self._refused.clear()

    def start_sum_over(self) -> None:
        """Let the sum of what has no room begin at 0 again, and what is in it be counted apart."""
        if self._overflow in self.rows:
            self.rows[self._overflow] = zeros(self.rows[self._overflow][0])
        self._refused.clear()

    def value(self, subject: str, tail: str) -> float:
        """Return the value of a series; 0 where there is none."""
        tails, values = self.cells(subject)
        return values[tails.index(tail)] if tail in tails else 0

    def is_blank(self, subject: str) -> bool:
        """Tell whether nothing was counted for a subject."""
        return not any(self.cells(subject)[1])


@lru_cache(maxsize=4096)
def cells_of(tails: tuple[str, ...], values: tuple[float, ...]) -> Cells:
    """Return the entry of these values; the same object for equal ones."""
    return (tails, values)


@lru_cache(maxsize=4096)
def zeros(tails: tuple[str, ...]) -> Cells:
    """Return the entry of series that start; the same object for the same tails."""
    return (tails, (0,) * len(tails))


class Histogram:
    """Distributions of one family: a subject has one line per bound and three more."""

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
        """Let go of a subject's distribution."""
        self.rows.pop(subject, None)

    def is_blank(self, subject: str) -> bool:
        """Tell whether nothing was observed for a subject."""
        return not any(self.rows.get(subject, self._blank)[0])

    def start_over(self) -> None:
        """Let all distributions begin anew, without any observation."""
        self.rows.update(dict.fromkeys(self.rows, self._blank))
