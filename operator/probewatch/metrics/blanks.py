"""Blanks: subjects whose series all have their first values, stored once for many tables.

Most containers never restart, and thousands of them have the same series: those that their
probes make possible, at 0. Such a subject takes one entry here, which refers to a value shared
by all subjects of its kind, instead of a row in each of half a dozen tables. A table that counts
something for the subject writes a row of its own, which takes precedence over the entry here.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from probewatch.metrics.series import NOTHING, Cells, Rows, Table


class Blanks:
    """The blank subjects of some *tables*; their first values are in the order of these."""

    def __init__(self, *tables: Table) -> None:
        self._tables = tables
        self.entries: dict[str, Sequence[Cells]] = {}
        for column, table in enumerate(tables):
            table.use_blanks(self, column)

    def begin(self, subject: str, first: Sequence[Cells]) -> None:
        """Start the series of a subject that do not exist yet, as far as there is room."""
        if self.entries.get(subject) is first:
            return
        self.detach(subject)
        if self._is_blank(subject, first):
            self._add(subject, first)
            return
        for table, cells in zip(self._tables, first, strict=True):
            known = table.cells(subject)[0]
            if table.begin(subject, cells[0]):
                for tail, value in zip(*cells, strict=True):
                    if value and tail not in known:  # a gauge: counters start at 0
                        table.set(subject, tail, value)

    def _is_blank(self, subject: str, first: Sequence[Cells]) -> bool:
        """Tell whether no table has other values for the subject."""
        for table, cells in zip(self._tables, first, strict=True):
            row = table.rows.get(subject)
            if row is not None and row != cells:
                return False
        return True

    def _add(self, subject: str, first: Sequence[Cells]) -> None:
        shown: list[Cells] | None = None  # set if some table has no room
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

    def detach(self, subject: str) -> None:
        """Replace the entry by a row in each table, so that one of them can drop its row."""
        first = self.entries.pop(subject, None)
        if first is not None:
            for table, cells in zip(self._tables, first, strict=True):
                if cells[0]:
                    table.rows.setdefault(subject, cells)

    def shown(self) -> Iterator[tuple[Table, "Shown"]]:
        """Yield each table with a snapshot of its series."""
        entries = self.entries.copy()
        for column, table in enumerate(self._tables):
            yield table, Shown(table.rows.copy(), entries, column)


@lru_cache(maxsize=1024)
def _shared(rows: tuple[Cells, ...]) -> tuple[Cells, ...]:
    """Return the same object for equal rows."""
    return rows


class Shown(NamedTuple):
    """Snapshot of a table's series: its own rows, and its column of the blanks."""

    rows: Rows
    blanks: Mapping[str, Sequence[Cells]] = {}  # never modified
    column: int = 0

    def items(self) -> Iterator[tuple[str, Cells]]:
        """Yield the subjects, each with its series."""
        yield from self.rows.items()
        rows, column = self.rows, self.column
        for subject, first in self.blanks.items():
            cells = first[column]
            if cells[0] and subject not in rows:
                yield subject, cells
