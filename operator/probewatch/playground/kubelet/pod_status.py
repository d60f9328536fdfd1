"""The `status` of a pod as its kubelet writes it. Pure: a snapshot in, the object out."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from probewatch.playground.json_object import JsonObject
from probewatch.playground.kubelet.containers import Exit, Health, Instance, Seen
from probewatch.playground.kubelet.plan import must_start
from probewatch.playground.kubelet.pod_conditions import render_conditions
from probewatch.playground.kubelet.pod_view import PodView
from probewatch.playground.kubelet.specs import ContainerSpec, RestartPolicy, Role

TERMINAL_PHASES = ("Succeeded", "Failed")


def render_status(view: PodView, old: Mapping[str, Any], now: float) -> JsonObject:
    """Return the status at *now*; transition times in *old* stay unless the status changed."""
    inits = [_container(view, item) for item in view.seen if item.spec.role is not Role.REGULAR]
    others = [_container(view, item) for item in view.seen if item.spec.role is Role.REGULAR]
    phase = find_phase(view)
    status: JsonObject = {
        "observedGeneration": view.pod.generation,
        "phase": phase if view.is_down or phase not in TERMINAL_PHASES else "Running",
        "conditions": render_conditions(
            view, phase, old=old.get("conditions") or (), at=view.stamp(now)
        ),
        "hostIP": view.node_ip,
        "hostIPs": [{"ip": view.node_ip}],
    }
    if view.pod_ip:
        status |= {"podIP": view.pod_ip, "podIPs": [{"ip": view.pod_ip}]}
    status["startTime"] = view.start_time
    if inits:
        status["initContainerStatuses"] = inits
    status["containerStatuses"] = others
    return status | {"qosClass": view.qos_class, "resources": {}}


def find_phase(view: PodView) -> str:
    """Return the pod's phase: a coarse summary of its containers."""
    others = [item for item in view.seen if item.spec.role is Role.REGULAR]
    if not any(item.instance for item in others) and not view.is_over:
        return "Pending"
    # Waiting for its first run, as opposed to waiting for the next.
    if any(item.instance is None for item in others) and not view.is_over:
        return "Pending"
    if any(item.is_running for item in others):
        return "Running"
    ends = [item.exit for item in view.seen if item.exit and item.spec.role is not Role.SIDECAR]
    succeeded = all(end.code == 0 for end in ends)
    if view.is_over:
        return "Succeeded" if succeeded else "Failed"
    if view.pod.restart_policy is RestartPolicy.ALWAYS:
        return "Running"
    if succeeded:
        return "Succeeded"
    return "Failed" if view.pod.restart_policy is RestartPolicy.NEVER else "Running"


def _container(view: PodView, item: Seen) -> JsonObject:
    health = view.health.get(item.spec.name, Health())
    status: JsonObject = {
        "name": item.spec.name,
        "state": render_state(view, item),
        "lastState": _last_state(view, item),
        "ready": health.ready,
        "restartCount": item.instance.restart_count if item.instance else 0,
        "image": full_image(item.instance.image) if item.instance else item.spec.image,
        "imageID": image_id(item.instance.image) if item.instance else "",
    }
    if item.instance:
        status["containerID"] = item.instance.container_id
    status["started"] = health.started
    return status | (_allotment(item.spec) if item.instance else {})


def _allotment(spec: ContainerSpec) -> JsonObject:
    """Return the resources and mounts that a started container has."""
    found: JsonObject = {}
    if spec.resources:
        found["allocatedResources"] = spec.resources["requests"]
    found["resources"] = spec.resources
    if spec.mounts:
        found["volumeMounts"] = [_mount(mount) for mount in spec.mounts]
    return found


def _mount(mount: Mapping[str, Any]) -> JsonObject:
    shown = {"name": mount["name"], "mountPath": mount["mountPath"]}
    read_only = {"readOnly": True, "recursiveReadOnly": "Disabled"}
    return shown | (read_only if mount.get("readOnly") else {})


def render_state(view: PodView, item: Seen) -> JsonObject:
    """Return the `state` of a container status."""
    if item.instance and item.exit is None:
        return {"running": {"startedAt": view.stamp(item.instance.started)}}
    if _is_held(view, item) and item.waiting:
        return {"waiting": _without_empty(item.waiting.reason, item.waiting.message)}
    if item.instance and item.exit:
        return {"terminated": _terminated(view, item.instance, item.exit)}
    has_inits = any(other.spec.role is not Role.REGULAR for other in view.seen)
    return {"waiting": {"reason": "PodInitializing" if has_inits else "ContainerCreating"}}


def _is_held(view: PodView, item: Seen) -> bool:
    """Whether a container should run, but the last attempt to start it failed.

    The kubelet takes a sidecar that ended with 0 for an init container that has succeeded.
    """
    if item.spec.role is not Role.REGULAR and item.exit is not None and item.exit.code == 0:
        return False
    return item.waiting is not None and not view.is_over and must_start(item)


def _last_state(view: PodView, item: Seen) -> JsonObject:
    dead = item.newest_dead if _is_held(view, item) else _before(item)
    return {"terminated": _terminated(view, *dead)} if dead else {}


def _before(item: Seen) -> tuple[Instance, Exit] | None:
    end = item.previous.exit if item.previous else None
    return (item.previous, end) if item.previous and end else None


def _terminated(view: PodView, instance: Instance, end: Exit) -> JsonObject:
    message = {"message": end.message} if end.message else {}
    return {
        "exitCode": end.code,
        "reason": end.reason,
        **message,
        "startedAt": view.stamp(instance.started),
        "finishedAt": view.stamp(end.finished),
        "containerID": instance.container_id,
    }


def _without_empty(reason: str, message: str) -> JsonObject:
    return {"reason": reason, "message": message} if message else {"reason": reason}


def full_image(image: str) -> str:
    """Return the image with its registry, as the container runtime reports it."""
    first, _, rest = image.partition("/")
    if not rest:
        return f"docker.io/library/{image}"
    if first == "docker.io":
        return image if "/" in rest else f"docker.io/library/{rest}"
    is_host = "." in first or ":" in first or first == "localhost"
    return image if is_host else f"docker.io/{image}"


def image_id(image: str) -> str:
    """Return a digest that is the same for the same image name."""
    return "sha256:" + hashlib.sha256(full_image(image).encode()).hexdigest()


def find_qos_class(spec: Mapping[str, Any]) -> str:
    """Return the QoS class that follows from the requests and limits of a pod's spec."""
    every: Sequence[Mapping[str, Any]] = (
        *(spec.get("initContainers") or ()),
        *(spec.get("containers") or ()),
    )
    resources = [item.get("resources") or {} for item in every]
    if not any(item.get("limits") or item.get("requests") for item in resources):
        return "BestEffort"
    return "Guaranteed" if all(map(_is_guaranteed, resources)) else "Burstable"


def _is_guaranteed(resources: Mapping[str, Any]) -> bool:
    limits = resources.get("limits") or {}
    requests = {**limits, **(resources.get("requests") or {})}
    return {"cpu", "memory"} <= set(limits) and requests == limits
