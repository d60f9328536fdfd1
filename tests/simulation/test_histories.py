"""Attribution of the restarts of a simulated kubelet, some of whose Events are lost."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.simulation.score import Score, judge
from tests.simulation.story import tell

LOST = (0.0, 0.5, 0.9, 1.0)
SEEDS = range(4)


def score_of(seeds: range, lost: float, restarts: int = 0) -> Score:
    score = Score()
    for seed in seeds:
        judge(tell(seed), seed, lost, score, restarts=restarts)
    return score


@pytest.mark.parametrize("lost", LOST)
def test_few_histories(lost: float) -> None:
    """Restarts are counted once and no sure verdict is wrong, however many Events are lost."""
    score = score_of(SEEDS, lost)

    assert ([], []) == (score.unbalanced, score.mistakes)


@pytest.mark.parametrize("lost", LOST)
def test_few_histories_across_restarts_of_the_operator(lost: float) -> None:
    """Each process counts what the last one had not recorded, and is sure of nothing wrong."""
    score = score_of(SEEDS, lost, restarts=5)

    assert ([], []) == (score.unbalanced, score.mistakes)


@pytest.mark.parametrize(("seed", "lost"), [(19200, 0.5), (19321, 0.5), (19811, 0.0)])
def test_order_of_a_synchronization(seed: int, lost: float) -> None:
    """A continued kubelet finishes its work first, and kills no process that has ended."""
    score = score_of(range(seed, seed + 1), lost)

    assert ([], []) == (score.unbalanced, score.mistakes)


@pytest.mark.slow
@pytest.mark.parametrize("lost", LOST)
def test_many_histories(lost: float) -> None:
    """In many histories restarts are counted once, and more than 90% of the causes are right."""
    score = score_of(range(1000, 1150), lost)

    assert ([], []) == (score.unbalanced, score.mistakes)
    assert score.accuracy > 0.9
    assert score.wrong < 0.02 * score.restarts


@pytest.mark.slow
@pytest.mark.parametrize("lost", LOST)
def test_many_histories_across_restarts_of_the_operator(lost: float) -> None:
    """Restarts are counted once, and nearly as many causes are right as in one process."""
    score = score_of(range(1000, 1060), lost, restarts=5)

    assert ([], []) == (score.unbalanced, score.mistakes)
    assert score.accuracy > 0.8
    assert score.wrong < 0.02 * score.restarts


@pytest.mark.slow
@settings(
    max_examples=100, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
@given(seed=st.integers(10**6, 10**9), lost=st.sampled_from((0.0, 0.2, 0.5, 0.8, 1.0)))
def test_any_history(seed: int, lost: float) -> None:
    """Hypothesis finds no history with a wrong count or a sure but wrong verdict."""
    score = Score()
    judge(tell(seed), seed, lost, score)

    assert ([], []) == (score.unbalanced, score.mistakes)
