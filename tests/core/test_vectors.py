"""The vectors of attribution, each from Events and versions of a pod to its verdicts."""

from pathlib import Path

import pytest
import yaml

from tests.core.vectors import Play, Vector

FILE = Path(__file__).parents[1] / "data" / "attribution_vectors.yaml"
VECTORS: list[Vector] = yaml.safe_load(FILE.read_text())


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"{vector['id']} {vector['what']}")
def test_vector(vector: Vector) -> None:
    """Every restart gets its cause and confidence, none is counted twice, and all else is told."""
    play = Play.of(vector)

    assert sorted(vector["expect"]) == play.restarts
    if "told" in vector:
        assert vector["told"] == play.told()


def test_all_vectors_are_there() -> None:
    """None of the 52 is left out."""
    assert list(range(1, 53)) == [vector["id"] for vector in VECTORS]
