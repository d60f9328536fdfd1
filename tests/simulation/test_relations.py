"""The same facts lead to the same findings, however they are delivered or written."""

from functools import cache
from random import Random

import pytest

from tests.simulation.relations import RELATIONS, Json, Relation, move, recorded, told

TIMES = ("startedAt", "finishedAt", "at")
BY_ARRIVAL = {"loops": ("startedAt", "endedAt")}
"""Times at which something was noticed: they depend on when lines arrived."""


@cache
def words() -> Json:
    """The outcome of the unchanged recording."""
    return comparable(told(list(recorded())))


def comparable(found: Json, ahead: float = 0.0) -> Json:
    """Return an outcome with times moved back, sorted: two pods may have the same times."""
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
def test_outcome_is_the_same(relation: Relation) -> None:
    """A replay of the changed recording has the same outcome: findings, advice and ledger."""
    changed = relation.change(list(recorded()), Random(0))

    assert words() == comparable(told(changed), relation.ahead)
