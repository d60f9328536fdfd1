"""Readiness changes that were missed (a status kept, its time changed) or unclear (Unknown)."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from probewatch.core.findings import ReadinessChanged
from probewatch.core.model import Condition, Pod
from probewatch.core.policy import Policy
from probewatch.store import Store
from tests.core.test_observe import feed, running
from tests.support.builders import pod

READY, NOT_READY, UNKNOWN = True, False, None


def version(number: int, since: float | None, *, side: bool | None) -> Pod:
    """A version of the pod whose Ready condition has this status since then."""
    plain = pod(number, running(), ready=side is not False, since=since or 1.0, created_at=0.0)
    ready = Condition(status=side, last_transition=since)
    return replace(plain, conditions={**plain.conditions, "Ready": ready})


def play(
    *sides: tuple[bool | None, float | None], at: float | None = None
) -> Sequence[ReadinessChanged]:
    """The readiness changes found when the condition is seen in these states, one after another.

    Each version arrives a second after its transition time, or at *at*.
    """
    store = Store()
    found = [
        each
        for number, (side, since) in enumerate(sides, start=1)
        for each in feed(
            store, version(number, since, side=side), (since or 0.0) + 1 if at is None else at
        )
    ]
    return [each for each in found if isinstance(each, ReadinessChanged)]


def words(told: Sequence[ReadinessChanged]) -> list[str]:
    return [f"{each.to} {each.reason}" for each in told]


def test_a_pod_that_was_ready_unseen_does_not_become_ready_for_the_first_time() -> None:
    """A newer transition to not ready proves that the pod was ready: no start-up follows."""
    *pair, again = play((NOT_READY, 0.5), (NOT_READY, 60.0), (READY, 80.0))

    assert ["Ready Hidden", "NotReady Hidden", "Ready Hidden"] == words([*pair, again])
    assert (20.0, None) == (again.not_ready_seconds, again.time_to_ready)


def test_the_way_back_is_that_from_the_last_loss() -> None:
    """The unready time runs from the last loss, not from one before it that was over."""
    told = play((READY, 1.0), (NOT_READY, 50.0), (NOT_READY, 90.0), (READY, 120.0))

    assert "Ready Hidden" == words(told)[-1]
    assert 30.0 == told[-1].not_ready_seconds


def test_becoming_ready_is_reported_once() -> None:
    """Further versions of a pod that is ready again report nothing."""
    told = play((READY, 1.0), (NOT_READY, 50.0), (READY, 80.0), (READY, 80.0), (READY, 80.0))

    assert ["NotReady", "Ready"] == [each.to for each in told]


def test_a_loss_that_was_over_in_its_second() -> None:
    """A loss and return within one second took 0 s: node times have a resolution of one second."""
    *_, again = play((READY, 1.0), (NOT_READY, 50.0), (READY, 50.0))

    assert 0.0 == again.not_ready_seconds


def test_not_ready_goes_on_while_it_is_unknown() -> None:
    """Unknown does not interrupt unready time: such a pod gets no traffic either."""
    unknowns = ((UNKNOWN, 60.0), (NOT_READY, 70.0), (UNKNOWN, 80.0), (NOT_READY, 90.0))
    *_, again = play((READY, 1.0), (NOT_READY, 50.0), *unknowns, (READY, 120.0))

    assert 70.0 == again.not_ready_seconds


def test_a_kubelet_that_was_away_writes_an_older_time() -> None:
    """A pod becomes ready no earlier than it lost readiness, even if the kubelet writes so."""
    told = play((READY, 1.0), (NOT_READY, 50.0), (READY, 1.0), at=120.0)

    assert (120.0, 70.0) == (told[-1].at, told[-1].not_ready_seconds)


@pytest.mark.parametrize(
    ("sides", "expected"),
    [
        (((READY, 1.0), (NOT_READY, None), (READY, None)), ["NotReady", "Ready"]),
        (((READY, 1.0), (READY, None), (READY, 1.0)), []),
        (((READY, None), (READY, 50.0), (READY, 60.0)), []),
        (((NOT_READY, None), (READY, None)), ["Ready"]),
    ],
)
def test_a_condition_without_a_time(
    sides: Sequence[tuple[bool | None, float | None]], expected: list[str]
) -> None:
    """A change without a transition time happened on arrival, and no hidden change is inferred."""
    told = play(*sides, at=120.0)

    assert expected == [each.to for each in told]
    assert {120.0} >= {each.at for each in told}


def test_the_pod_is_shown_as_not_ready_since_it_was_lost() -> None:
    """A pod is listed as not ready since its loss, across Unknown, so that an alert continues."""
    store = Store()
    for number, (side, since) in enumerate(
        ((READY, 1.0), (NOT_READY, 50.0), (UNKNOWN, 60.0), (NOT_READY, 70.0)), start=1
    ):
        feed(store, version(number, since, side=side), since + 1)
    [header] = store.headers()

    assert 50.0 == header.not_ready_since


def test_not_ready_begins_anew_after_it_was_ready() -> None:
    """Once the pod was ready, earlier Unknown states do not count for its next loss."""
    unclear = ((NOT_READY, 0.5), (UNKNOWN, 60.0), (NOT_READY, 70.0))
    seen = play(*unclear, (READY, 80.0), (NOT_READY, 100.0), (READY, 104.0))
    unseen = play(*unclear, (NOT_READY, 100.0), (READY, 105.0))

    after = play((READY, 1.0), (UNKNOWN, 60.0), (READY, 90.0), (NOT_READY, 100.0), (READY, 103.0))

    assert 3.0 == after[-1].not_ready_seconds
    assert [79.5, 4.0] == [each.not_ready_seconds for each in seen if each.to == "Ready"]
    assert 5.0 == unseen[-1].not_ready_seconds


@pytest.mark.parametrize("side", [READY, NOT_READY])
def test_nothing_was_missed_while_it_was_unknown(*, side: bool) -> None:
    """A newer time of the same status is explained by the Unknown in between."""
    once = play((side, 0.5), (UNKNOWN, 60.0), (side, 90.0))
    later = play((side, 0.5), (UNKNOWN, 60.0), (side, 90.0), (side, 90.0))

    assert [] == [*once, *later]


@pytest.mark.parametrize(
    ("sides", "expected"),
    [
        (((READY, 1.0), (UNKNOWN, 60.0), (NOT_READY, 90.0)), ["NotReady Unknown"]),
        (
            ((READY, 1.0), (UNKNOWN, 60.0), (NOT_READY, 90.0), (NOT_READY, 95.0)),
            ["NotReady Unknown", "Ready Hidden", "NotReady Hidden"],
        ),
        (
            ((READY, 1.0), (UNKNOWN, 60.0), (READY, 90.0), (READY, 95.0)),
            ["NotReady Hidden", "Ready Hidden"],
        ),
        (((NOT_READY, 0.5), (UNKNOWN, 60.0), (READY, 90.0)), ["Ready Startup"]),
        (
            ((NOT_READY, 0.5), (UNKNOWN, 60.0), (READY, 90.0), (READY, 95.0)),
            ["Ready Startup", "NotReady Hidden", "Ready Hidden"],
        ),
        (((UNKNOWN, 0.5), (NOT_READY, 60.0), (READY, 90.0)), ["Ready Startup"]),
        (
            ((UNKNOWN, 0.5), (UNKNOWN, 30.0), (NOT_READY, 60.0), (NOT_READY, 90.0)),
            ["Ready Hidden", "NotReady Hidden"],
        ),
        (((UNKNOWN, 60.0), (READY, 90.0)), ["Ready NodeNotReady"]),
        (((UNKNOWN, 60.0), (NOT_READY, 70.0), (READY, 90.0)), ["Ready NodeNotReady"]),
    ],
)
def test_what_comes_after_unknown(
    sides: Sequence[tuple[bool | None, float]], expected: list[str]
) -> None:
    """A change is reported once it is clear; a pod first seen as Unknown had been ready."""
    assert expected == words(play(*sides))


def test_flapping_is_not_made_of_what_is_unclear() -> None:
    """Unknown states never count as flapping, however often a node is lost and found."""
    store = Store(lambda _pod: Policy(flap_transitions=3))
    sides = [(READY, 1.0), *((side, 10.0 * n) for n, side in enumerate([UNKNOWN, READY] * 9, 1))]
    for number, (side, since) in enumerate(sides, start=1):
        assert [] == feed(store, version(number, since, side=side), since) or number == 1
