"""Which restarts the count of a `Killing` Event corrects: those that ended since the last one."""

import pytest

from probewatch.core.book import Mark
from probewatch.core.causes import Cause, Confidence
from probewatch.core.corrections import repair
from probewatch.core.evidence import EvidenceKind as K
from probewatch.core.past import PAST_KEPT, Past
from probewatch.core.restarts import CountedRestart
from probewatch.core.spec import Container
from probewatch.core.state import ContainerMemory, Pending
from tests.support.builders import LIVENESS, died, mark

SINCE, AT = 1000.0, 2000.0
"""The times of the previous and of the current occurrence of the kill."""

APP = Container(name="app", liveness=LIVENESS)
CANDIDATE = 1
CONFIRMED, HIGH, MEDIUM = Confidence.CONFIRMED, Confidence.HIGH, Confidence.MEDIUM


def kill(fresh: int = 2, kind: K = K.KILL_LIVENESS) -> Mark:
    """A kill that occurred *fresh* times since its previous report."""
    return mark(kind, AT, fresh + 1, fresh=fresh, since=SINCE)


def ended(at: float, count: int = CANDIDATE) -> Pending:
    """A restart that waits for its verdict."""
    death = died(9, at - 40, at, container_id=f"c{count}")
    counted = CountedRestart(container=APP, restart_count=count, termination=death)
    return Pending(restart=counted, deadline=AT)


def earlier(
    at: float | None,
    cause: Cause = Cause.ERROR,
    confidence: Confidence = MEDIUM,
    *,
    count: int = 7,
    own_end: bool = False,
) -> Past:
    """A restart that already has its verdict."""
    return Past(
        cause=cause,
        confidence=confidence,
        exit_code=9,
        lifetime=40.0,
        died_at=at,
        restart_count=count,
        own_end=own_end,
    )


def repaired(said: Mark, *waiting: Pending, past: tuple[Past, ...] = ()) -> list[int]:
    """The restart counts of the restarts that the kill is assigned to."""
    after = repair(ContainerMemory(pending=waiting, past=past), said)
    return [e.restart.restart_count for e in after.pending if e.restart.repaired is said.kind]


def test_only_what_died_between_is_repaired() -> None:
    """Only ends between the two reports of a kill are corrected, none at the time of either."""
    waiting = (ended(SINCE - 1, 1), ended(SINCE, 2), ended(SINCE + 1, 3), ended(AT - 1, 4))

    assert [3] == repaired(kill(), *waiting)


@pytest.mark.parametrize(
    ("other", "may_be"),
    [
        (earlier(1500.0), True),
        (earlier(1500.0, confidence=Confidence.LOW), True),
        (earlier(1500.0, confidence=HIGH), False),
        (earlier(1500.0, confidence=CONFIRMED), False),
        (earlier(1500.0, Cause.LIVENESS_PROBE), True),
        (earlier(1500.0, Cause.LIVENESS_PROBE, HIGH), True),
        (earlier(1500.0, Cause.LIVENESS_PROBE, CONFIRMED), False),
        (earlier(1500.0, Cause.STARTUP_PROBE, HIGH), False),
        (earlier(1500.0, own_end=True), False),
        (earlier(1500.0, count=CANDIDATE), False),
        (earlier(SINCE - 1), False),
        (earlier(SINCE), False),
        (earlier(SINCE + 1), True),
        (earlier(AT - 1), True),
        (earlier(AT), False),
        (earlier(AT + 1), False),
        (earlier(None), True),
    ],
)
def test_another_restart_that_may_have_been_the_kill(other: Past, *, may_be: bool) -> None:
    """If another restart may be the one killed, none is corrected, unless each has a kill."""
    assert ([] if may_be else [CANDIDATE]) == repaired(kill(), ended(1400.0), past=(other,))
    assert [CANDIDATE] == repaired(kill(3), ended(1400.0), past=(other,))


@pytest.mark.parametrize(
    ("oldest", "expected"),
    [
        (SINCE - 1, [CANDIDATE]),
        (SINCE, []),
        (SINCE + 1, []),
        (None, []),
    ],
)
def test_a_restart_that_is_forgotten_may_have_been_the_kill(
    oldest: float | None, expected: list[int]
) -> None:
    """With a full memory, the oldest restart must have ended before the kill was last reported."""
    later = (earlier(1500.0, own_end=True),) * (PAST_KEPT - 1)

    assert expected == repaired(kill(), ended(1400.0), past=(earlier(oldest), *later))
    assert [CANDIDATE] == repaired(kill(), ended(1400.0), past=later)
