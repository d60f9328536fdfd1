"""Parsing parts of a pod: only what rules read is kept, and nothing raises."""

import msgspec
import pytest

from probewatch.core.model import Condition, ContainerStatus, Termination
from probewatch.kube import objects
from probewatch.kube.objects import Condition as Raw
from probewatch.kube.parsing import (
    is_ignored,
    parse_annotations,
    parse_conditions,
    parse_owner,
    parse_statuses,
    parse_version,
)


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


def test_last_transition_of_a_condition() -> None:
    """A condition has the time of its last transition; the zero time of 1970 is none."""
    times = ["1970-01-01T00:01:40Z", "1970-01-01T00:00:00Z", None]
    raws = [[Raw(type="Ready", last_transition_time=each)] for each in times]

    assert [100.0, None, None] == [parse_conditions(raw)["Ready"].last_transition for raw in raws]


def statuses_of(**status: object) -> tuple[ContainerStatus, ...]:
    raw = msgspec.json.encode(status)
    return parse_statuses(msgspec.json.decode(raw, type=objects.PodStatus))


def ended(number: int) -> dict[str, object]:
    """A terminated state, all of whose fields are different."""
    return {
        "exitCode": 130 + number,
        "signal": number,
        "reason": "Error",
        "startedAt": f"1970-01-01T00:0{number}:00Z",
        "finishedAt": f"1970-01-01T00:0{number}:30Z",
        "containerID": f"containerd://{number}",
    }


def end(number: int) -> Termination:
    return Termination(
        exit_code=130 + number,
        signal=number,
        reason="Error",
        started_at=60.0 * number,
        finished_at=60.0 * number + 30,
        container_id=f"containerd://{number}",
    )


@pytest.mark.parametrize(
    ("expected", "status"),
    [
        (ContainerStatus(name="app"), {}),
        (ContainerStatus(name="app", ready=True, started=True), {"ready": True, "started": True}),
        (ContainerStatus(name="app", started=False), {"ready": False, "started": False}),
        (
            ContainerStatus(name="app", container_id="containerd://9", running_since=60.0),
            {
                "containerID": "containerd://9",
                "state": {"running": {"startedAt": "1970-01-01T00:01:00Z"}},
            },
        ),
        (
            ContainerStatus(name="app", waiting_reason="CreateContainerConfigError", last=end(2)),
            {
                "state": {"waiting": {"reason": "CreateContainerConfigError"}},
                "lastState": {"terminated": ended(2)},
            },
        ),
        (ContainerStatus(name="app", terminated=end(3)), {"state": {"terminated": ended(3)}}),
        (
            ContainerStatus(name="app", terminated=end(3), last=end(2)),
            {"state": {"terminated": ended(3)}, "lastState": {"terminated": ended(2)}},
        ),
        (
            ContainerStatus(name="app", terminated=Termination(exit_code=0, reason="Completed")),
            {"state": {"terminated": {"exitCode": 0, "reason": "Completed"}}},
        ),
        (
            ContainerStatus(name="app", terminated=Termination(exit_code=None)),
            {"state": {"terminated": {"startedAt": "1970-01-01T00:00:00Z"}}},
        ),
    ],
    ids=[
        "new",
        "ready",
        "starting",
        "running",
        "back-off",
        "ended",
        "ended twice",
        "completed",
        "lost",
    ],
)
def test_container_status(expected: ContainerStatus, status: dict[str, object]) -> None:
    """Each state of a container is read from its own fields."""
    raw = {"name": "app", "restartCount": 0, **status}

    assert (expected,) == statuses_of(containerStatuses=[raw])


def test_long_reason_is_cut_off() -> None:
    """A reason is kept for each pod, so a text that is no reason takes little memory."""
    (status,) = statuses_of(
        containerStatuses=[
            {"name": "app", "restartCount": 0, "state": {"waiting": {"reason": "x" * 9999}}}
        ]
    )

    assert "x" * 64 == status.waiting_reason


def test_statuses_of_init_containers_come_first() -> None:
    """Both lists are read, in the order in which the kubelet starts their containers."""
    regular = [{"name": "app", "restartCount": 2}, {"name": "uncounted"}]
    inits = [{"name": "setup", "restartCount": 1}]

    assert [("setup", 1), ("app", 2)] == [
        (each.name, each.restart_count)
        for each in statuses_of(containerStatuses=regular, initContainerStatuses=inits)
    ]


@pytest.mark.parametrize(
    ("value", "ignored"), [("true", True), ("True", True), ("false", False), ("", False)]
)
def test_pods_that_opt_out(value: str, *, ignored: bool) -> None:
    """Only the value true of the annotation makes a pod ignored, in any case of its letters."""
    assert is_ignored({"probewatch.dev/ignore": value}) is ignored
    assert not is_ignored({"probewatch.dev/other": value})


@pytest.mark.parametrize(
    ("text", "number"),
    [("7", 7), ("9" * 19, 10**19 - 1), ("9" * 20, 0), ("-7", 0), ("²", 0), ("", 0), (None, 0)],
)
def test_resource_versions(text: str | None, number: int) -> None:
    """A resourceVersion that is no number of at most 64 bits is 0, and compares with nothing."""
    assert number == parse_version(text)
