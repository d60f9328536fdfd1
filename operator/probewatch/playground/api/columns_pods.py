"""The columns of `kubectl get pods`, such as the status in one word, and the restarts."""

from dataclasses import dataclass, field
from typing import Any

from probewatch.playground.api.columns import (
    AGE,
    NAME,
    NONE,
    Column,
    dig,
    has_condition,
    parse_seconds,
    since,
)
from probewatch.playground.json_object import JsonObject

PHASES_AT_THE_END = {"Succeeded", "Failed"}


@dataclass(slots=True)
class Summary:
    """The values of a pod's columns."""

    status: str = ""
    ready: int = 0
    total: int = 0
    restarts: int = 0
    last_restart: str = ""
    """When the container that restarted last ended."""

    def count(self, status: JsonObject) -> None:
        """Add the restarts of a container."""
        self.restarts += status.get("restartCount") or 0
        ended = dig(status, "lastState", "terminated", "finishedAt") or ""
        if ended and (not self.last_restart or _later(ended, self.last_restart)):
            self.last_restart = ended


@dataclass(slots=True)
class _Init:
    """The summary of the init containers."""

    reason: str = ""
    """The status word while they are not done; empty once they are."""
    sidecars: Summary = field(default_factory=Summary)


def _later(first: str, second: str) -> bool:
    try:
        return parse_seconds(first) > parse_seconds(second)
    except ValueError:
        return False


def summarize(pod: JsonObject) -> Summary:
    """Return the values of a pod's columns, as `kubectl get pods` shows them."""
    spec, status = pod.get("spec") or {}, pod.get("status") or {}
    found = Summary(status=status.get("reason") or status.get("phase") or "Unknown")
    found.total = len(spec.get("containers") or ())
    if spec.get("schedulingGates"):
        found.status = "SchedulingGated"
    init = _look_at_inits(pod, found)
    if init.reason:
        found.status = init.reason
    if not init.reason or has_condition(status, "Initialized"):
        found.restarts, found.last_restart = init.sidecars.restarts, init.sidecars.last_restart
        _look_at_containers(status, found)
    _look_at_the_end(pod, found)
    return found


def _look_at_inits(pod: JsonObject, found: Summary) -> _Init:
    spec, status = pod.get("spec") or {}, pod.get("status") or {}
    inits = spec.get("initContainers") or ()
    always = {item["name"] for item in inits if item.get("restartPolicy") == "Always"}
    found.total += len(always)
    result = _Init()
    for number, item in enumerate(status.get("initContainerStatuses") or ()):
        found.count(item)
        is_sidecar = item.get("name") in always
        if is_sidecar:
            result.sidecars.count(item)
        if dig(item, "state", "terminated", "exitCode") == 0:
            continue
        if is_sidecar and item.get("started"):
            found.ready += bool(item.get("ready"))
            continue
        result.reason = _init_reason(item, number, len(inits))
        break
    return result


def _init_reason(item: JsonObject, number: int, total: int) -> str:
    terminated, waiting = dig(item, "state", "terminated"), dig(item, "state", "waiting", "reason")
    if terminated:
        return f"Init:{_ending(terminated)}"
    if waiting and waiting != "PodInitializing":
        return f"Init:{waiting}"
    return f"Init:{number}/{total}"


def _ending(terminated: JsonObject) -> str:
    if terminated.get("reason"):
        return str(terminated["reason"])
    if terminated.get("signal"):
        return f"Signal:{terminated['signal']}"
    return f"ExitCode:{terminated.get('exitCode')}"


def _look_at_containers(status: JsonObject, found: Summary) -> None:
    has_running = False
    for item in reversed(status.get("containerStatuses") or ()):
        found.count(item)
        state = item.get("state") or {}
        if dig(state, "waiting", "reason"):
            found.status = state["waiting"]["reason"]
        elif state.get("terminated"):
            found.status = _ending(state["terminated"])
        elif item.get("ready") and state.get("running"):
            has_running = True
            found.ready += 1
    if found.status == "Completed" and has_running:
        found.status = "Running" if has_condition(status, "Ready") else "NotReady"


def _look_at_the_end(pod: JsonObject, found: Summary) -> None:
    if not pod["metadata"].get("deletionTimestamp"):
        return
    status = pod.get("status") or {}
    if status.get("reason") == "NodeLost":
        found.status = "Unknown"
    elif status.get("phase") not in PHASES_AT_THE_END:
        found.status = "Terminating"


def _ready(pod: JsonObject, _now: float) -> str:
    found = summarize(pod)
    return f"{found.ready}/{found.total}"


def _restarts(pod: JsonObject, now: float) -> str:
    found = summarize(pod)
    if not found.restarts or not found.last_restart:
        return str(found.restarts)
    return f"{found.restarts} ({since(found.last_restart, now)} ago)"


def _gates(pod: JsonObject, _now: float) -> str:
    gates = dig(pod, "spec", "readinessGates") or ()
    status = pod.get("status") or {}
    met = sum(has_condition(status, gate.get("conditionType", "")) for gate in gates)
    return f"{met}/{len(gates)}" if gates else NONE


def _or_none(*path: str) -> Any:  # noqa: ANN401  # a cell
    return lambda pod, _now: dig(pod, *path) or NONE


POD_COLUMNS = (
    NAME,
    Column(name="Ready", cell=_ready),
    Column(name="Status", cell=lambda pod, _now: summarize(pod).status),
    Column(name="Restarts", cell=_restarts),
    AGE,
    Column(name="IP", cell=_or_none("status", "podIP"), priority=1),
    Column(name="Node", cell=_or_none("spec", "nodeName"), priority=1),
    Column(name="Nominated Node", cell=_or_none("status", "nominatedNodeName"), priority=1),
    Column(name="Readiness Gates", cell=_gates, priority=1),
)
