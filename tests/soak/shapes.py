"""Builds the objects for the API server: workloads, pods, statuses and Events."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]

NODE = "soak-node"
IMAGE = "registry.example/app:1"
PROBE: Json = {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 1}


@dataclass(slots=True)
class Container:
    """A container as its kubelet sees it."""

    name: str
    count: int = 0
    epoch: int = 0
    """Rises when the kubelet's restart count starts over."""
    rises: int = 0
    """The true number of restarts since the installation."""
    begun: float = 0.0
    state: str = "running"
    last: Json = field(default_factory=dict)
    made: int = 0
    """The number of instances, independent of the restart count."""


def stamp(at: float) -> str:
    """Return a time as the kubelet writes it, in whole seconds."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def workload(kind: str, name: str, namespace: str, *, owner: Json | None = None) -> Json:
    """Return a Deployment, a ReplicaSet or a StatefulSet that no controller acts on."""
    labels = {"app": name}
    spec: Json = {
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [_container("app")]}},
    }
    if kind == "StatefulSet":
        spec["serviceName"] = name
    metadata: Json = {"name": name, "namespace": namespace}
    if owner is not None:
        metadata["ownerReferences"] = [reference(owner)]
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": metadata, "spec": spec}


def reference(owner: Json) -> Json:
    """Return the owner reference to a controller."""
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
    }


def _container(name: str) -> Json:
    return {"name": name, "image": IMAGE, "livenessProbe": PROBE, "readinessProbe": PROBE}


def pod(name: str, namespace: str, owner: Json, containers: tuple[str, ...]) -> Json:
    """Return a pod that is already scheduled."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "ownerReferences": [reference(owner)]},
        "spec": {
            "nodeName": NODE,
            "terminationGracePeriodSeconds": 1,
            "containers": [_container(each) for each in containers],
        },
    }


def status(containers: Mapping[str, Container], uid: str, now: float) -> Json:
    """Return the status of a pod."""
    shown = [_status(each, uid) for each in containers.values()]
    ready = all(each["ready"] for each in shown)
    condition = {"status": "True" if ready else "False", "lastTransitionTime": stamp(now)}
    conditions = [{"type": each, **condition} for each in ("Ready", "ContainersReady")]
    return {"phase": "Running", "conditions": conditions, "containerStatuses": shown}


def _status(each: Container, uid: str) -> Json:
    running = each.state == "running"
    states: dict[str, Json] = {
        "running": {"running": {"startedAt": stamp(each.begun)}},
        "terminated": {"terminated": each.last},
        "waiting": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s"}},
    }
    shown: Json = {
        "name": each.name,
        "image": IMAGE,
        "imageID": "sha256:1",
        "containerID": instance(each, uid),
        "restartCount": each.count,
        "ready": running,
        "started": running,
        "state": states[each.state],
        "lastState": {"terminated": each.last} if each.last and each.state != "terminated" else {},
    }
    return shown


def instance(each: Container, uid: str) -> str:
    """Return the container ID of the running instance."""
    return f"containerd://{uid}-{each.name}-{each.made}"


def died(each: Container, uid: str, now: float, code: int) -> Json:
    """Return the terminated state of the running instance."""
    return {
        "exitCode": code,
        "reason": "Completed" if code == 0 else "Error",
        "startedAt": stamp(each.begun),
        "finishedAt": stamp(now),
        "containerID": instance(each, uid),
    }


def event(about: Json, container: str, reason: str, message: str, now: float) -> Json:
    """Return an Event as the kubelet writes it."""
    meta = about["metadata"]
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"generateName": f"{meta['name']}.", "namespace": meta["namespace"]},
        "involvedObject": {
            "apiVersion": "v1",
            "kind": "Pod",
            "namespace": meta["namespace"],
            "name": meta["name"],
            "uid": meta["uid"],
            "fieldPath": f"spec.containers{{{container}}}",
        },
        "reason": reason,
        "message": message,
        "type": "Warning" if reason in {"Unhealthy", "BackOff"} else "Normal",
        "source": {"component": "kubelet", "host": NODE},
        "reportingComponent": "kubelet",
        "reportingInstance": NODE,
        "count": 1,
        "firstTimestamp": stamp(now),
        "lastTimestamp": stamp(now),
    }
