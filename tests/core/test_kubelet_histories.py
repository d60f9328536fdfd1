"""Histories as kubelets and runtimes of many versions write them, beyond the 52 vectors."""

from pathlib import Path

import pytest
import yaml

from tests.core.vectors import Play, Vector

HISTORIES: list[Vector] = yaml.safe_load(
    (Path(__file__).parent / "kubelet_histories.yaml").read_text()
)


@pytest.mark.parametrize("history", HISTORIES, ids=lambda history: str(history["what"]))
def test_history(history: Vector) -> None:
    """Every restart gets its cause and no more confidence than the facts allow."""
    play = Play.of(history)

    assert sorted(history["expect"]) == play.restarts
    if "told" in history:
        assert history["told"] == play.told()
