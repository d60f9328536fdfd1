"""Parsing parts of a pod: only what rules read is kept, and nothing raises."""

import msgspec
import pytest

from probewatch.core.model import Condition
from probewatch.kube.objects import Condition as Raw
from probewatch.kube.parsing import parse_annotations, parse_conditions, parse_owner


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
    """These conditions are kept with status and reason."""
    raw = [Raw(type=name, status="True", reason="Deferred"), Raw(type="Initialized", status="True")]

    assert {name: Condition(status=True, reason="Deferred")} == parse_conditions(raw)


@pytest.mark.parametrize(
    ("status", "side"), [("True", True), ("False", False), ("Unknown", None), ("", None)]
)
def test_sides_of_a_condition(status: str, side: bool | None) -> None:  # noqa: FBT001  # a side is what it is about
    """A status that is neither True nor False is None."""
    assert {"Ready": Condition(status=side)} == parse_conditions([Raw(type="Ready", status=status)])


BROKEN = {
    "bad UTF-8": b'[{"uid": "o-1", "controller": true, "name": "probewatch.dev \xff"}]',
    "bad UTF-8 in a mapping": b'{"probewatch.dev/ignore": "\xff"}',
    "no JSON": b'{"probewatch.dev/ignore"',
    "too deep": b'{"probewatch.dev/ignore": ' + b"[" * 5000 + b"]" * 5000 + b"}",
    "no object": b'"probewatch.dev/ignore"',
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN.keys())
def test_metadata_that_cannot_be_read_is_absent(body: bytes) -> None:
    """Unreadable annotations or owners are skipped; the pod is kept."""
    raw = msgspec.Raw(body)

    assert ({}, None) == (parse_annotations(raw), parse_owner(raw))
