"""Series of Events: which ones a full book drops, and what their counts mean."""

import pytest

from probewatch.core.book import SERIES_KEPT, Book, enter
from probewatch.core.causes import Cause, Confidence
from probewatch.core.evidence import EvidenceKind as K
from probewatch.core.findings import Restart
from probewatch.core.spec import Container
from probewatch.store import Store
from tests.core.test_observe import feed, hear, only, restarted, running
from tests.support.builders import LIVENESS, READINESS, pod, said, spec


def filled(times: int, *first: K) -> Book:
    """A book with these kinds of Events, then so many different failures."""
    book = Book()
    for number, kind in enumerate(first):
        book, _ = enter(book, said(kind, 1.0 + number), from_zero=True)
    for number in range(times):
        failure = said(K.PROBE_FAILED, 100.0 + number, name=f"f{number}")
        book, _ = enter(book, failure, from_zero=True)
    return book


def names(book: Book) -> list[str]:
    """The names of the series whose counts are kept, oldest first."""
    return [name for name, _, _ in book.series]


@pytest.mark.parametrize("more", [0, 1, 2])
def test_the_oldest_series_goes_first(more: int) -> None:
    """A full book drops its oldest series."""
    expected = [f"f{number}" for number in range(more, SERIES_KEPT + more)]

    assert expected == names(filled(SERIES_KEPT + more))


def test_a_series_that_is_heard_again_is_the_newest() -> None:
    """A repeated series becomes the newest and displaces no other."""
    again = said(K.PROBE_FAILED, 200.0, name="f0", count=2)
    book, _ = enter(filled(SERIES_KEPT), again, from_zero=True)
    further, _ = enter(book, said(K.PROBE_FAILED, 201.0, name="new"), from_zero=True)

    assert [*(f"f{number}" for number in range(1, SERIES_KEPT)), "f0"] == names(book)
    assert [*(f"f{number}" for number in range(2, SERIES_KEPT)), "f0", "new"] == names(further)


def test_series_of_kills_and_starts_stay() -> None:
    """Series of kills and starts are kept however old, as later counts are compared with them."""
    needed = (K.KILL_LIVENESS, K.PULLED, K.CREATED, K.STARTED)
    kept = names(filled(SERIES_KEPT, K.OTHER, *needed))

    assert [*map(str, needed)] == kept[: len(needed)]
    assert [f"f{number}" for number in range(len(needed), SERIES_KEPT)] == kept[len(needed) :]


@pytest.mark.parametrize(
    ("mixed", "expected"), [(False, (4, 1.0)), (True, (1, None))], ids=["of one thing", "mixed"]
)
def test_what_a_count_adds(expected: tuple[int, float | None], *, mixed: bool) -> None:
    """In a series of mixed Events only the last occurrence is known, and no start time."""
    book, _ = enter(Book(), said(K.KILL_LIVENESS, 1.0), from_zero=True, mixed=mixed)
    later = said(K.KILL_LIVENESS, 50.0, count=5)
    after, mark = enter(book, later, from_zero=True, mixed=mixed)

    assert mark is not None
    assert expected == (mark.fresh, mark.since)
    assert mark == after.kills[-1]


@pytest.mark.parametrize(
    ("kind", "count", "mixed", "expected"),
    [
        (K.KILL_LIVENESS, 2, False, [(20.0, 1), (90.0, 2)]),
        (K.KILL_LIVENESS, 3, False, [(90.0, 3)]),
        (K.KILL_LIVENESS, 2, True, [(90.0, 2)]),
        (K.PROBE_FAILED, 2, False, []),
    ],
    ids=["two kills", "three kills", "mixed", "two failures"],
)
def test_both_times_of_two_kills_are_known(
    kind: K, count: int, expected: list[tuple[float, int]], *, mixed: bool
) -> None:
    """A series of two kills, seen midway, tells when each was; one of more only the last."""
    seen = said(kind, 90.0, count=count, first_at=20.0)
    book, mark = enter(Book(), seen, from_zero=False, mixed=mixed)

    assert expected == [(kill.at, kill.count) for kill in book.kills]
    assert all(kill.fresh == 1 and kill.since is None for kill in book.kills)
    assert mark is not None
    assert (90.0, count) == (mark.at, mark.count)


@pytest.mark.parametrize(
    ("combined", "sure"), [(False, Confidence.HIGH), (True, Confidence.MEDIUM)]
)
def test_a_combined_kill_after_the_end_leaves_a_doubt(sure: Confidence, *, combined: bool) -> None:
    """With several probes a combined count may include an earlier kill, so it gives Medium."""
    store = Store()
    both = spec(Container(name="app", liveness=LIVENESS, readiness=READINESS))
    feed(store, pod(1, running(), spec=both), 1)
    hear(store, K.KILL_LIVENESS, 0.5)
    feed(store, pod(2, restarted(1, 150.0, exit_code=1, finished_at=100.0), spec=both), 150)
    hear(store, K.KILL_LIVENESS, 110.0, count=2, first_at=0.5, combined=combined)
    [told] = only(Restart, list(store.tick(300.0)))

    assert isinstance(told, Restart)
    assert ("died-before-kill", Cause.ERROR, sure) == (told.rule, told.cause, told.confidence)
