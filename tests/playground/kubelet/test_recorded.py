"""The playground's kubelet compared with a real one: the recorded pods, played again.

The recording holds 31 pods for 30 minutes on Kubernetes 1.36.2. Each is given to the playground's
kubelet as it was given to the real one, with the script of its app, in virtual time.
"""

import functools
import gzip
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import pytest

from probewatch.playground.images import Image
from tests.playground.fakes import START, JsonObject, Node, play
from tests.support.traces import LOOPS

SECONDS = 1800
IMAGES = {
    "probeapp": Image(entry_point=("/probeapp",)),
    "upi907/webapl": Image(entry_point=("/webapl", "-notready", "0-20", "-bad", "40-")),
}
NOT_SHOWN = (".allocatedResources", ".resources.")
"""Fields that the playground writes for each container by itself only."""
NAMES = [
    "crash-137-self",
    "crash-143-self",
    "crash-exit1",
    "crash-while-failing",
    "done-exit0",
    "exec-missing",
    "flap-ready",
    "gate",
    "ignored-fail",
    "live-exec",
    "live-exit0",
    "live-exit3",
    "live-fast-loop",
    "live-http500",
    "live-prestop",
    "live-probe-grace",
    "live-sigkill",
    "live-tcp",
    "never-live",
    "noprobe-crash",
    "onfailure-live",
    "oom",
    "oom-while-failing",
    "poststart-fail",
    "sidecar-live",
    "slow-loop",
    "startup-never",
    "startup-slow-once",
    "two-live-crash",
    "two-one-live",
    "webapl",
]

Said = tuple[str, str, str, str | None]
"""The type, reason, message and field path."""

pytestmark = pytest.mark.slow


@dataclass
class Recorded:
    """What the API server showed of one pod."""

    pod: JsonObject = field(default_factory=dict)
    statuses: list[JsonObject] = field(default_factory=list)
    events: list[JsonObject] = field(default_factory=list)


@functools.cache
def read_recording() -> dict[str, Recorded]:
    found: dict[str, Recorded] = {}
    with gzip.open(LOOPS, "rt") as lines:
        for line in map(json.loads, lines):
            item = line["object"]
            if line["type"] == "BOOKMARK":
                continue
            if item["kind"] == "Event":
                found[item["involvedObject"]["name"]].events.append(item)
                continue
            known = found.setdefault(item["metadata"]["name"], Recorded(pod=item))
            known.statuses.append(item["status"])
    return found


@functools.cache
def play_again(name: str) -> Node:
    node = Node(images=IMAGES)
    play(node, read_recording()[name].pod, until=START + SECONDS)
    return node


def counts(status: JsonObject) -> dict[str, int]:
    return {item["name"]: item["restartCount"] for item in containers(status)}


def containers(status: JsonObject) -> list[JsonObject]:
    return [*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())]


def render_state(state: JsonObject) -> str:
    for kind, value in state.items():
        return f"{kind} {value.get('reason', '')} {value.get('exitCode', '')}".strip()
    return ""


def outline(status: JsonObject) -> tuple[object, ...]:
    """A status without times and identities."""
    found = [
        (
            item["name"],
            render_state(item["state"]),
            render_state(item["lastState"]),
            item["ready"],
            item["started"],
        )
        for item in containers(status)
    ]
    conditions = [
        (item["type"], item["status"], item.get("reason", "")) for item in status["conditions"]
    ]
    return (status["phase"], *found, *conditions)


def paths(value: object, at: str = "") -> Iterator[str]:
    """The paths of all fields."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield f"{at}.{key}"
            yield from paths(inner, f"{at}.{key}")
    elif isinstance(value, list):
        for inner in value:
            yield from paths(inner, f"{at}[]")


def said(events: Iterable[JsonObject]) -> set[Said]:
    return {
        (
            item["type"],
            item["reason"],
            anonymous(item["message"]),
            item["involvedObject"].get("fieldPath"),
        )
        for item in events
    }


def anonymous(message: str) -> str:
    message = re.sub(r"[0-9a-f]{64}", "HEX", message)
    message = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UID", message)
    return re.sub(r"10\.244\.0\.\d+", "IP", message)


def is_by_chance(item: Said) -> bool:
    """Whether an Event depends on timing: a probe that meets a process as it ends."""
    return item[1] == "Unhealthy" and ("refused" in item[2] or "reset by peer" in item[2])


@pytest.mark.parametrize("name", NAMES)
def test_it_says_what_a_real_kubelet_says(name: str) -> None:
    """The Events are the same, word for word."""
    real = said(item for item in read_recording()[name].events if item["source"].get("component"))
    ours = said(event for _, event in play_again(name).events)

    assert [] == sorted(str(item) for item in real ^ ours if not is_by_chance(item))


@pytest.mark.parametrize("name", NAMES)
def test_it_shows_what_a_real_kubelet_shows(name: str) -> None:
    """The states, last states, readiness and conditions are the same."""
    # The first two versions are from the API server and the scheduler.
    real = {outline(status) for status in read_recording()[name].statuses[2:]}
    ours = {outline(status) for _, status in play_again(name).statuses}

    by_chance = {item for item in ours if ("app", "running", "", False, True) in item}
    assert set() == real - ours
    assert set() == ours - real - by_chance


@pytest.mark.parametrize("name", NAMES)
def test_its_status_has_a_real_ones_fields(name: str) -> None:
    """The status has exactly the fields of a real one."""
    real = {
        path
        for status in read_recording()[name].statuses
        for path in paths(status)
        if not path.startswith(NOT_SHOWN)
    }
    ours = {path for _, status in play_again(name).statuses for path in paths(status)}

    assert sorted(real) == sorted(ours)


@pytest.mark.parametrize("name", NAMES)
def test_it_restarts_as_often(name: str) -> None:
    """The number of restarts is the same: thresholds, grace periods and back-off match."""
    real = counts(read_recording()[name].statuses[-1])
    ours = counts(play_again(name).status)

    # The phase of a probe's period at a start is random, and adds up over a loop.
    assert real == pytest.approx(ours, abs=2)


@pytest.mark.parametrize("name", NAMES)
def test_it_drops_as_many_events(name: str) -> None:
    """The spam filter passes as many Events of each type."""

    def tally(events: Iterable[JsonObject]) -> dict[str, int]:
        types = [item["type"] for item in events if item["source"].get("component")]
        return {type_: types.count(type_) for type_ in ("Normal", "Warning")}

    real = tally(read_recording()[name].events)
    ours = tally(event for _, event in play_again(name).events)

    # How often a pod in back-off is synced depends on other activity of the node.
    assert real == pytest.approx(ours, abs=5)


def test_all_recorded_pods_are_compared() -> None:
    """All pods of the recording are compared."""
    assert sorted(NAMES) == sorted(read_recording())
