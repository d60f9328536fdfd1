"""The part of a pod that does not change, as far as restarts depend on it."""

import msgspec
import pytest

from probewatch.kube import objects
from probewatch.kube.spec_parsing import parse_spec

CPU = [{"resourceName": "cpu", "restartPolicy": "NotRequired"}]
MEMORY = [*CPU, {"resourceName": "memory", "restartPolicy": "RestartContainer"}]


def resources(**container: object) -> str:
    raw = msgspec.json.encode({"containers": [{"name": "app", **container}]})
    return parse_spec(msgspec.json.decode(raw, type=objects.PodSpec)).containers[0].resources


@pytest.mark.parametrize(
    ("expected", "container"),
    [
        ("", {"resources": {"requests": {"cpu": "1"}}}),
        ("", {"resources": {"requests": {"cpu": "1"}}, "resizePolicy": CPU}),
        (
            "requests.memory=1Gi limits.memory=",
            {"resources": {"requests": {"cpu": "1", "memory": "1Gi"}}, "resizePolicy": MEMORY},
        ),
        (
            "requests.memory= limits.memory=2",
            {"resources": {"limits": {"memory": 2}, "requests": None}, "resizePolicy": MEMORY},
        ),
        ("", {"resources": {"requests": ["cpu"]}, "resizePolicy": MEMORY}),
    ],
    ids=["no policy", "no restart", "restart for memory", "a number", "no resources at all"],
)
def test_resources_that_need_a_restart(expected: str, container: dict[str, object]) -> None:
    """Only what cannot be changed without a restart is kept of a container's resources."""
    assert expected == resources(**container)
