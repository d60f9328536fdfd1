"""Attribution of restarts of random pods that a real kubelet ran, with and without losses."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.simulation.recordings import find_variant, judge_variant
from tests.support.traces import DISTURBED, LOADED, LOADED_DISTURBED, OLDER, RANDOM

LOSSES = (
    "half of the Events",
    "all Events",
    "20 gaps of 20 s, and all Events",
    "a tenth of the versions, and half of the Events",
)


@pytest.mark.slow
@pytest.mark.parametrize("trace", [RANDOM, DISTURBED], ids=["random", "disturbed"])
@pytest.mark.parametrize("what", LOSSES)
def test_losses(trace: Path, what: str) -> None:
    """Restarts are counted once, no sure verdict is wrong, and few others are, whatever is lost."""
    score = judge_variant(replace(find_variant(what), seeds=range(1)), trace)

    assert ([], []) == (score.unbalanced, score.mistakes)
    assert score.wrong <= 0.07 * score.restarts


@pytest.mark.slow
@pytest.mark.parametrize(
    ("trace", "floor"),
    [(RANDOM, 0.98), (DISTURBED, 0.96), (LOADED, 0.97), (LOADED_DISTURBED, 0.94), (OLDER, 0.98)],
    ids=["random", "disturbed", "loaded", "loaded and disturbed", "older"],
)
def test_complete(trace: Path, floor: float) -> None:
    """If all is delivered, no sure verdict is wrong, and nearly all causes are right."""
    score = judge_variant(find_variant("nothing"), trace)

    assert ([], []) == (score.unbalanced, score.mistakes)
    assert score.accuracy >= floor
