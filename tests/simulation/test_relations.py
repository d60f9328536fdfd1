"""However the same is said, the same is told of it."""

from functools import cache
from random import Random

import pytest

from tests.simulation.relations import RELATIONS, Json, Relation, move, recorded, told

TIMES = ("startedAt", "finishedAt", "at")
BY_ARRIVAL = {"loops": ("startedAt", "endedAt")}
"""Times at which something was noticed: these hang on when lines came."""


@cache
def words() -> Json:
    """What is told of the recording as it is."""
    return comparable(told(list(recorded())))


def comparable(found: Json, ahead: float = 0.0) -> Json:
    """What is told, with times set back, in an order of its own: two pods may have one moment."""
    ledger = {"ledger": found["ledger"]}
    parts = {
        part: sorted(repr(_set_back(each, ahead, BY_ARRIVAL.get(part, ()))) for each in told_there)
        for part, told_there in found.items()
        if part not in ledger
    }
    return parts | ledger


def _set_back(item: Json, ahead: float, left_out: tuple[str, ...]) -> Json:
    times = {key: item[key] for key in TIMES if item.get(key)}
    moved = {key: move(at, -ahead) for key, at in times.items()}
    return {key: value for key, value in {**item, **moved}.items() if key not in left_out}


@pytest.mark.slow
@pytest.mark.parametrize("relation", RELATIONS, ids=lambda relation: relation.what)
def test_the_same_is_told(relation: Relation) -> None:
    """Restarts with causes and evidence, readiness, loops, advice and ledger."""
    changed = relation.change(list(recorded()), Random(0))

    assert words() == comparable(told(changed), relation.ahead)
