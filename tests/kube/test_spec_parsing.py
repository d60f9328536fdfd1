"""Parsing the pod spec, as far as restarts depend on it."""

import msgspec
import pytest

from probewatch.kube import objects
from probewatch.kube.spec_parsing import parse_spec

STOP_SIGNALS = [("SIGUSR1", 10), ("SIGRTMIN+3", 37), ("SIGTERM", 15), ("SIGNOT", 0), (None, 0)]
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
    """Only resources whose resize restarts the container are kept."""
    assert expected == resources(**container)


AFFINITY: object = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {}}}


@pytest.mark.parametrize(
    ("expected", "spec"),
    [
        (False, {}),
        (True, {"os": {"name": "windows"}}),
        (True, {"nodeSelector": {"disk": "ssd", "kubernetes.io/os": "windows"}}),
        (True, {"nodeSelector": {"beta.kubernetes.io/os": "windows"}, "os": None}),
        (False, {"nodeSelector": {"kubernetes.io/os": "linux"}, "affinity": AFFINITY}),
        (False, {"os": {"name": "linux"}, "nodeSelector": {"beta.kubernetes.io/os": "windows"}}),
        (False, {"os": {}, "nodeSelector": {}}),
    ],
)
def test_what_a_pod_says_of_its_system(*, expected: bool, spec: dict[str, object]) -> None:
    """`os` decides whether a pod is on Windows, else its node selector."""
    raw = msgspec.json.encode({"containers": [{"name": "app"}], **spec})

    assert parse_spec(msgspec.json.decode(raw, type=objects.PodSpec)).windows is expected


def test_equal_containers_on_two_systems() -> None:
    """Equal containers on Linux and Windows give different specs."""
    linux, windows = (
        parse_spec(objects.PodSpec(containers=[objects.Container(name="app")], os=system))
        for system in (None, objects.PodOs(name="windows"))
    )

    assert (linux.windows, windows.windows) == (False, True)


@pytest.mark.parametrize(("name", "number"), STOP_SIGNALS)
def test_stop_signal(name: str | None, number: int) -> None:
    """A declared stop signal is read as its number; an unknown one counts as not declared."""
    raw = msgspec.json.encode({"containers": [{"name": "app", "lifecycle": {"stopSignal": name}}]})
    parsed = parse_spec(msgspec.json.decode(raw, type=objects.PodSpec))

    assert number == parsed.containers[0].stop_signal
