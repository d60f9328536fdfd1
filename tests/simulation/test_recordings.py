"""Attribution of the recorded restarts, with parts of the recording left out or changed."""

import pytest

from tests.simulation.recordings import VARIANTS, Variant, find_variant, judge_variant

FLOOR = 0.85
"""When a third of the versions is missing, many causes cannot be known."""


@pytest.mark.slow
@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.what)
def test_variant(variant: Variant) -> None:
    """Restarts are counted once, no sure verdict is wrong, and at most 1.5% of all are."""
    score = judge_variant(variant)

    assert ([], []) == (score.unbalanced, score.mistakes)
    assert score.accuracy >= FLOOR
    assert score.wrong <= 0.015 * score.restarts


@pytest.mark.slow
@pytest.mark.parametrize("what", ["nine of ten Events", "all Events"])
def test_lost_events_cost_nothing(what: str) -> None:
    """If every version of a pod is seen, all causes are right without any Event."""
    assert 1.0 == judge_variant(find_variant(what)).accuracy
