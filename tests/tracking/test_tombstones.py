"""Tombstones: what was deleted is known for a while."""

from probewatch.core.model import PodUid
from probewatch.tracking.tombstones import KEPT, Tombstones


def test_tombstones_are_bounded() -> None:
    """The deletions of a day do not add up."""
    stones = Tombstones()
    for number in range(KEPT * 2):
        stones.add(PodUid(str(number)), number)

    assert not stones.covers(PodUid("0"), 0)
    assert stones.covers(PodUid(str(KEPT * 2 - 1)), 5)
