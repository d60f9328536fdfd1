"""Blanks: series of subjects without any event, stored once and shown like ordinary rows."""

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probewatch.metrics.blanks import Blanks
from probewatch.metrics.cluster_families import PROBE_BUDGET, PROBE_FAILURES, RESTARTS
from probewatch.metrics.series import Cells, Table, zeros

SUBJECTS, TAILS = ("a", "b", "c"), ("x", "y", "z")
WIDE: Sequence[Cells] = (zeros(("x", "y")), zeros(("x",)), (("x",), (7.0,)))
SLIM: Sequence[Cells] = (zeros(("x",)), zeros(()), ((), ()))

Subjects = st.sampled_from(SUBJECTS)
Tails = st.sampled_from(TAILS)
Happening = Callable[[Blanks, tuple[Table, ...]], object]


def make_tables(limit: int) -> tuple[Table, ...]:
    return (
        Table(RESTARTS, limit=limit, overflow="_"),
        Table(PROBE_FAILURES, limit=limit, overflow="_"),
        Table(PROBE_BUDGET, limit=limit),
    )


class OneByOne(Blanks):
    """The reference implementation, in which each table has all of its rows."""

    def begin(self, subject: str, first: Sequence[Cells]) -> None:
        super().begin(subject, first)
        self.detach(subject)


def shown(blanks: Blanks) -> list[dict[str, Cells]]:
    return [dict(each.items()) for _, each in blanks.shown()]


def _on_a_table(act: Callable[[Table], object], column: int) -> Happening:
    return lambda _blanks, tables: act(tables[column])


@st.composite
def happenings(draw: st.DrawFn) -> Happening:
    """A random operation on a subject."""
    subject, tail, value = draw(Subjects), draw(Tails), draw(st.integers(0, 3))
    column = draw(st.integers(0, 2))
    first = draw(st.sampled_from((WIDE, SLIM)))
    acts: dict[str, Happening] = {
        "begin": lambda blanks, _tables: blanks.begin(subject, first),
        "more": _on_a_table(lambda table: table.begin(subject, (tail,)), column),
        "add": _on_a_table(lambda table: table.add(subject, tail, value), column),
        "raise": _on_a_table(lambda table: table.raise_to(subject, tail, value), column),
        "set": _on_a_table(lambda table: table.set(subject, tail, value), column),
        "put": _on_a_table(lambda table: table.put(subject, (tail,), (value,)), column),
        "drop": _on_a_table(lambda table: table.drop(subject), column),
        "lower": _on_a_table(lambda table: table.lower(SUBJECTS, {(subject, tail): 1}), column),
        "start over": _on_a_table(lambda table: table.start_over(), draw(st.integers(0, 1))),
    }
    often = ("begin",) * len(acts)  # or a subject would rarely change its kind
    return acts[draw(st.sampled_from((*acts, *often)))]


@given(st.lists(happenings(), max_size=12), st.sampled_from((3, 5, 1000)))
def test_nobody_can_tell_a_blank_from_a_row(events: list[Happening], limit: int) -> None:
    """After any operations the series and their number are those of tables without blanks."""
    tables, others = make_tables(limit), make_tables(limit)
    blanks, plain = Blanks(*tables), OneByOne(*others)

    for happen in events:
        happen(blanks, tables)
        happen(plain, others)

        assert shown(blanks) == shown(plain)
        for one, other in zip(tables, others, strict=True):
            assert (one.series, one.dropped) == (other.series, other.dropped)
            for subject in SUBJECTS:
                assert one.is_blank(subject) == other.is_blank(subject)
                assert one.cells(subject) == other.cells(subject)


def test_a_blank_takes_no_row() -> None:
    """A container without events has no row in any table, yet all its series are shown."""
    tables = make_tables(1000)
    blanks = Blanks(*tables)

    blanks.begin("a", WIDE)

    assert [{}, {}, {}] == [table.rows for table in tables]
    assert shown(blanks) == [{"a": cells} for cells in WIDE]
    assert [2, 1, 1] == [table.series for table in tables]


def test_a_blank_of_another_kind_keeps_its_series() -> None:
    """A container whose spec changes keeps the series that it had, and each counts once."""
    tables = make_tables(1000)
    blanks = Blanks(*tables)

    blanks.begin("a", WIDE)
    blanks.begin("a", SLIM)

    assert shown(blanks) == [{"a": cells} for cells in WIDE]
    assert [2, 1, 1] == [table.series for table in tables]


def test_only_the_table_that_counts_has_a_row() -> None:
    """A first restart creates a row in the table of restarts only."""
    tables = make_tables(1000)
    blanks = Blanks(*tables)
    blanks.begin("a", WIDE)

    tables[0].add("a", "y")

    assert [["a"], [], []] == [list(table.rows) for table in tables]
    assert shown(blanks)[0] == {"a": (("x", "y"), (0, 1))}


@pytest.mark.parametrize(
    "changes", [[WIDE], [SLIM], [SLIM, WIDE]], ids=["the same", "another", "there and back"]
)
def test_a_kind_that_changes_keeps_what_was_counted(changes: list[Sequence[Cells]]) -> None:
    """Counters continue after a change of the spec, with or without another set of series."""
    tables = make_tables(1000)
    blanks = Blanks(*tables)
    blanks.begin("a", WIDE)
    tables[0].add("a", "y", 3)

    for first in changes:
        blanks.begin("a", first)

    assert tables[0].value("a", "y") == 3
    assert tables[0].series == 2


def test_a_moment_stays_as_it_was() -> None:
    """A snapshot does not change with later events."""
    tables = make_tables(1000)
    blanks = Blanks(*tables)
    blanks.begin("a", WIDE)
    taken = [each for _, each in blanks.shown()]

    tables[0].add("a", "x")
    blanks.begin("b", WIDE)
    tables[1].drop("a")

    assert [dict(each.items()) for each in taken] == [{"a": cells} for cells in WIDE]
