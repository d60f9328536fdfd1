"""Blanks: subjects to which nothing has happened, each in one entry for many tables.

Most containers never restart, and the series of thousands of them are the same: those that their
probes make possible, at 0. What such a subject begins with is one value for all of its kind, so
that it takes one entry here instead of one in each of half a dozen tables. A table that comes to
count something of it writes a row of its own, which goes before what is here.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from probewatch.metrics.series import NOTHING, Cells, Rows, Table


class Blanks:
    """The blank subjects of some tables, in the order of which is what they begin with."""

    def __init__(self, *tables: Table) -> None:
        self._tables = tables
        self.entries: dict[str, Sequence[Cells]] = {}
        for column, table in enumerate(tables):
            table.lean_on(self, column)

    def begin(self, subject: str, first: Sequence[Cells]) -> None:
        """Let the series of a subject begin that are not there yet, as far as there is room."""
        if self.entries.get(subject) is first:
            return
        self.part(subject)
        if self._is_blank(subject, first):
            self._add(subject, first)
            return
        for table, cells in zip(self._tables, first, strict=True):
            known = table.cells(subject)[0]
            if table.begin(subject, cells[0]):
                for tail, value in zip(*cells, strict=True):
                    if value and tail not in known:  # of what begins, gauges alone
                        table.set(subject, tail, value)

    def _is_blank(self, subject: str, first: Sequence[Cells]) -> bool:
        """Whether no table has anything else of a subject."""
        for table, cells in zip(self._tables, first, strict=True):
            row = table.rows.get(subject)
            if row is not None and row != cells:
                return False
        return True

    def _add(self, subject: str, first: Sequence[Cells]) -> None:
        shown: list[Cells] | None = None  # where some have no room
        for column, (table, cells) in enumerate(zip(self._tables, first, strict=True)):
            count = len(cells[0])
            if not count or table.rows.pop(subject, None) is not None:
                continue
            if table.has_room(subject, count):
                table.series += count
            else:
                table.refuse(subject, cells[0])
                shown = shown or list(first)
                shown[column] = NOTHING
        self.entries[subject] = first if shown is None else _shared(tuple(shown))

    def part(self, subject: str) -> None:
        """Let each table have a row of its own, for one of them is to lose it."""
        first = self.entries.pop(subject, None)
        if first is not None:
            for table, cells in zip(self._tables, first, strict=True):
                if cells[0]:
                    table.rows.setdefault(subject, cells)

    def shown(self) -> Iterator[tuple[Table, "Shown"]]:
        """Yield the tables, with all that they show now."""
        entries = self.entries.copy()
        for column, table in enumerate(self._tables):
            yield table, Shown(table.rows.copy(), entries, column)


@lru_cache(maxsize=1024)
def _shared(rows: tuple[Cells, ...]) -> tuple[Cells, ...]:
    """The same object for equal rows."""
    return rows


class Shown(NamedTuple):
    """What a table showed at one moment: its own rows, and what blanks have in this column."""

    rows: Rows
    blanks: Mapping[str, Sequence[Cells]] = {}  # nobody changes it
    column: int = 0

    def items(self) -> Iterator[tuple[str, Cells]]:
        """Yield the subjects, each with its series."""
        yield from self.rows.items()
        rows, column = self.rows, self.column
        for subject, first in self.blanks.items():
            cells = first[column]
            if cells[0] and subject not in rows:
                yield subject, cells
