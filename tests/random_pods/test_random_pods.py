"""Attribution of the restarts of random pods that the playground's kubelet runs."""

import pytest

from tests.random_pods.judge import judge_pods
from tests.random_pods.world import World
from tests.simulation.score import SURE, Score


def sure_and_right(score: Score) -> int:
    sure = tuple(f" {each}" for each in SURE)
    return sum(
        number
        for (rule, outcome), number in score.rules.items()
        if outcome == "right" and rule.endswith(sure)
    )


def test_few_pods() -> None:
    """Restarts are counted once and no sure verdict is wrong, whatever reaches the operator."""
    score = judge_pods(range(6))

    assert ([], []) == (score.unbalanced, score.mistakes)
    assert score.restarts > 50
    assert score.accuracy > 0.9


def test_a_seed_tells_everything() -> None:
    """The same seed gives the same pod with the same life."""
    first, second = World(5), World(5)
    first.play()
    second.play()

    assert first.truth() == second.truth()
    assert [at for at, _ in first.versions] == [at for at, _ in second.versions]
    assert first.events == second.events


@pytest.mark.slow
def test_many_pods() -> None:
    """Of many pods most causes are right, many of them surely, and few are wrong."""
    score = judge_pods(range(200, 260))

    assert ([], []) == (score.unbalanced, score.mistakes)
    assert score.restarts > 1500
    assert score.accuracy > 0.9
    assert score.wrong < 0.04 * score.restarts
    assert sure_and_right(score) > 0.4 * score.restarts
