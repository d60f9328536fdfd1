"""The recorded stream keeps its truth when something is taken away from it."""

import pytest

from tests.simulation.recordings import VARIANTS, Variant, judge_variant

FLOOR = 0.85
"""Where a third of the versions is missed, much is nobody's to know."""


@pytest.mark.slow
@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.what)
def test_variant(variant: Variant) -> None:
    """The ledger balances, nothing is surely wrong, and next to nothing wrong at all."""
    score = judge_variant(variant)

    assert ([], []) == (score.unbalanced, score.mistakes)
    assert score.accuracy >= FLOOR
    assert score.wrong <= 0.015 * score.restarts


@pytest.mark.slow
@pytest.mark.parametrize("what", ["nine of ten Events", "all Events"])
def test_lost_events_cost_nothing(what: str) -> None:
    """Where every version of a pod is seen, all is right without a single Event."""
    [variant] = (each for each in VARIANTS if each.what == what)

    assert 1.0 == judge_variant(variant).accuracy
