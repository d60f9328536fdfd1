"""Tables as kubectl prints them: upper-case headings, columns three spaces apart."""

from collections import Counter
from collections.abc import Iterable, Sequence

from probewatch.commands.lines import render_line

GAP = "   "
NOTHING = "<none>"
"""Fills an empty cell, so that programs can split a line into its columns."""


def render_table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return the table without a line break at its end; cells show their `str` in one line."""
    lines = [tuple(heads), *(tuple(_cell(value) for value in row) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(_line(line, widths) for line in lines)


def render_section(title: str, table: str) -> str:
    """Return a table under its title."""
    return f"{title}\n{table}"


def render_causes(causes: Counter[str]) -> str:
    """Return causes with their counts, the most frequent first."""
    return ", ".join(f"{cause} {count}" for cause, count in causes.most_common() if count)


def _cell(value: object) -> str:
    return NOTHING if value is None or value == "" else render_line(str(value))


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return GAP.join(padded).rstrip()
