"""The conditions of a pod's status, with their transition times."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from probewatch.playground.json_object import JsonObject
from probewatch.playground.kubelet.containers import Health, Seen
from probewatch.playground.kubelet.pod_view import PodView
from probewatch.playground.kubelet.specs import Role

Cause = tuple[str, str]
"""Reason and message of a condition with status `False`."""

KUBELETS_OWN = (
    "PodReadyToStartContainers",
    "Initialized",
    "Ready",
    "ContainersReady",
    "PodScheduled",
)


def render_conditions(
    view: PodView, phase: str, *, old: Sequence[Mapping[str, Any]], at: str
) -> list[JsonObject]:
    """Return the conditions; one whose status has not changed keeps its transition time.

    Conditions that others write (readiness gates) stay as they are.
    """
    known = {item["type"]: item for item in old}
    unready = _containers_cause(view, phase)
    causes: dict[str, Cause | None] = {
        "PodReadyToStartContainers": None if view.has_sandbox else ("", ""),
        "Initialized": _initialized_cause(view),
        "Ready": unready or _gates_cause(view.pod.gates, known),
        "ContainersReady": unready,
        "PodScheduled": None,
    }
    foreign = [dict(item) for item in old if item["type"] not in KUBELETS_OWN]
    generation = view.pod.generation
    own = [
        _condition(type_, causes[type_], generation=generation, old=known.get(type_), at=at)
        for type_ in KUBELETS_OWN
    ]
    return foreign + own


def _condition(
    type_: str, cause: Cause | None, *, generation: int, old: Mapping[str, Any] | None, at: str
) -> JsonObject:
    status = "True" if cause is None else "False"
    since = old["lastTransitionTime"] if old and old.get("status") == status else at
    condition: JsonObject = {
        "type": type_,
        "observedGeneration": generation,
        "status": status,
        "lastProbeTime": None,
        "lastTransitionTime": since,
    }
    if cause and cause[0]:
        condition["reason"] = cause[0]
        if cause[1]:
            condition["message"] = cause[1]
    return condition


def _initialized_cause(view: PodView) -> Cause | None:
    """Init containers must be done and sidecars started, until a regular container has run."""
    if any(item.instance for item in view.seen if item.spec.role is Role.REGULAR):
        return None
    names = [
        item.spec.name
        for item in view.seen
        if item.spec.role is not Role.REGULAR and not _is_initialized(view, item)
    ]
    if not names:
        return None
    return "ContainersNotInitialized", f"containers with incomplete status: {_list(names)}"


def _is_initialized(view: PodView, item: Seen) -> bool:
    health = view.health.get(item.spec.name, Health())
    return health.started if item.spec.role is Role.SIDECAR else health.ready


def _containers_cause(view: PodView, phase: str) -> Cause | None:
    if phase == "Succeeded":
        return "PodCompleted", ""
    if phase == "Failed":
        return "PodFailed", ""
    names = [
        item.spec.name
        for item in view.seen
        if item.spec.role is not Role.INIT and not view.health.get(item.spec.name, Health()).ready
    ]
    if not names:
        return None
    return "ContainersNotReady", f"containers with unready status: {_list(names)}"


def _gates_cause(gates: Iterable[str], known: Mapping[str, Mapping[str, Any]]) -> Cause | None:
    """Return why the pod is not ready although its containers are."""
    messages = []
    for gate in gates:
        condition = known.get(gate)
        if condition is None:
            messages.append(
                f'corresponding condition of pod readiness gate "{gate}" does not exist.'
            )
        elif condition.get("status") != "True":
            found = condition.get("status", "")
            messages.append(f'the status of pod readiness gate "{gate}" is not "True", but {found}')
    return ("ReadinessGatesNotReady", ", ".join(messages)) if messages else None


def _list(names: Iterable[str]) -> str:
    """Return names as Go prints a slice."""
    return f"[{' '.join(names)}]"
