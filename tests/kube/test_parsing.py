"""The conditions of a pod: those that a rule looks at are kept, the others cost nothing."""

import pytest

from probewatch.core.model import Condition
from probewatch.kube.objects import Condition as Raw
from probewatch.kube.parsing import parse_conditions


@pytest.mark.parametrize(
    "name",
    [
        "Ready",
        "ContainersReady",
        "PodReadyToStartContainers",
        "AllContainersRestarting",
        "PodResizePending",
    ],
)
def test_conditions_that_are_looked_at(name: str) -> None:
    """Each has its side and its reason."""
    raw = [Raw(type=name, status="True", reason="Deferred"), Raw(type="Initialized", status="True")]

    assert {name: Condition(status=True, reason="Deferred")} == parse_conditions(raw)


@pytest.mark.parametrize(
    ("status", "side"), [("True", True), ("False", False), ("Unknown", None), ("", None)]
)
def test_sides_of_a_condition(status: str, side: bool | None) -> None:  # noqa: FBT001  # a side is what it is about
    """What is neither true nor false is unknown."""
    assert {"Ready": Condition(status=side)} == parse_conditions([Raw(type="Ready", status=status)])
