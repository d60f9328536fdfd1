"""The test vectors of attribution: from Events and versions of a pod to verdicts."""

from pathlib import Path

import pytest
import yaml

from tests.core.vectors import Play, Vector

FILE = Path(__file__).parents[1] / "data" / "attribution_vectors.yaml"
VECTORS: list[Vector] = yaml.safe_load(FILE.read_text())


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"{vector['id']} {vector['what']}")
def test_vector(vector: Vector) -> None:
    """Every restart gets its cause and confidence once, and all other findings match."""
    play = Play.of(vector)

    assert sorted(vector["expect"]) == play.restarts
    if "told" in vector:
        assert vector["told"] == play.told()


def test_all_vectors_are_there() -> None:
    """All 52 vectors are run."""
    assert list(range(1, 53)) == [vector["id"] for vector in VECTORS]
