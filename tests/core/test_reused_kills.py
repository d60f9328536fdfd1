"""Which kills are unavailable when a restart is judged again: those of other restarts."""

import pytest

from probewatch.core.book import Book
from probewatch.core.evidence import EvidenceKind as K
from probewatch.core.facts import KILL_AFTER_DEATH
from probewatch.core.model import Termination
from probewatch.core.restarts import CountedRestart
from probewatch.core.spec import Container
from probewatch.core.used_kills import used_by_others
from tests.support.builders import died, mark

KILL = (str(K.KILL_LIVENESS), 1)
BORN, END = 100.0, 141.0
OWN = died(start=BORN, end=END)


@pytest.mark.parametrize(
    ("death", "at", "own"),
    [
        (OWN, BORN + 0.5, False),
        (OWN, BORN + 1.0, True),
        (OWN, END, True),
        (OWN, END + KILL_AFTER_DEATH, True),
        (OWN, END + KILL_AFTER_DEATH + 0.5, False),
        (died(start=None, end=END), 120.0, False),
        (died(start=BORN, end=None), 120.0, False),
        (None, 120.0, False),
    ],
    ids=[
        "in the second of its start, of the one before",
        "in the second after that",
        "in its last second",
        "two seconds after its end",
        "later after its end",
        "nobody knows when it began",
        "nobody knows when it ended",
        "nobody saw its end",
    ],
)
def test_a_kill_in_its_life_is_its_own(death: Termination | None, at: float, *, own: bool) -> None:
    """A restart may reuse the kill of its own lifetime or just after, and no other."""
    restart = CountedRestart(container=Container(name="app"), restart_count=1, termination=death)
    book = Book(kills=(mark(K.KILL_LIVENESS, at),))

    left = used_by_others(restart, book, frozenset({KILL, ("other", 1)}))

    assert frozenset({("other", 1)} if own else {KILL, ("other", 1)}) == left


def test_nothing_used_is_nothing_to_give_back() -> None:
    """If no kill was used, none is unavailable."""
    restart = CountedRestart(container=Container(name="app"), restart_count=1, termination=OWN)

    assert frozenset() == used_by_others(restart, Book(), frozenset())
