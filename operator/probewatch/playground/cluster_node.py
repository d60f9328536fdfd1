"""The cluster's one node, and the scheduler that binds every pod to it."""

import asyncio
import platform
from collections.abc import Callable

from probewatch.playground.json_object import JsonObject
from probewatch.playground.kubelet.events import render_scheduled
from probewatch.playground.kubelet.node import Kubelet
from probewatch.playground.kubelet.pod_view import render_time
from probewatch.playground.kubelet.specs import parse_pod_spec
from probewatch.playground.objects.registry import STATUS, Registry
from probewatch.playground.objects.scheduling import bind_pod
from probewatch.playground.objects.store import Change, Key

NODE = "playground"
NODE_IP = "127.0.0.1"
KUBELET_VERSION = "v1.36.2"
"""The version of Kubernetes whose rules the kubelet follows."""


def make_node(registry: Registry) -> None:
    """Create the node, with the status of a ready one."""
    type_ = registry.types.builtin("nodes")
    labels = {"kubernetes.io/hostname": NODE, "kubernetes.io/os": "linux"}
    registry.create(type_, {"metadata": {"name": NODE, "labels": labels}, "spec": {}})
    status = render_node_status(render_time(registry.clock.now()))
    registry.change(type_, "", NODE, lambda old: {**old, "status": status}, STATUS)


def render_node_status(now: str) -> JsonObject:
    """Return the status of a node that is ready since *now*."""
    ready = {
        "type": "Ready",
        "status": "True",
        "lastHeartbeatTime": now,
        "lastTransitionTime": now,
        "reason": "KubeletReady",
        "message": "kubelet is posting ready status",
    }
    return {
        "conditions": [ready],
        "addresses": [
            {"type": "InternalIP", "address": NODE_IP},
            {"type": "Hostname", "address": NODE},
        ],
        "nodeInfo": {
            "kubeletVersion": KUBELET_VERSION,
            "kernelVersion": platform.release(),
            "osImage": f"probewatch playground on {platform.system()}",
            "containerRuntimeVersion": "playground://0",
            "operatingSystem": "linux",
            "architecture": platform.machine(),
        },
    }


class Scheduler:
    """Binds each new pod to the node, and records the `Scheduled` Event."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        registry.store.listeners.append(self._notice)

    def _notice(self, storage: str, change: Change) -> None:
        if storage != "pods" or change.is_deletion:
            return
        pod = change.new.object
        if pod["spec"].get("schedulerName") != "default-scheduler":
            return  # it has another scheduler
        if not pod["spec"].get("nodeName") and "deletionTimestamp" not in pod["metadata"]:
            asyncio.get_running_loop().call_soon(self._bind, change.new.key)

    def _bind(self, key: Key) -> None:
        found = self._registry.store.get("pods", key)
        if found is None or found.object["spec"].get("nodeName"):
            return
        bound = bind_pod(self._registry, *key, NODE)
        event = render_scheduled(parse_pod_spec(bound.object), NODE, self._registry.clock.now())
        self._registry.create(self._registry.types.builtin("events"), event)


class NodeFeed:
    """Passes changes of the node's pods to the kubelet."""

    def __init__(self, registry: Registry, kubelet: Kubelet) -> None:
        self._kubelet = kubelet
        registry.store.listeners.append(self._notice)

    def _notice(self, storage: str, change: Change) -> None:
        pod = change.new.object
        if storage != "pods" or pod["spec"].get("nodeName") != NODE:
            return
        # Deferred: the kubelet writes to the store, which is still handling this change.
        asyncio.get_running_loop().call_soon(self._make_call(change))

    def _make_call(self, change: Change) -> Callable[[], None]:
        pod = change.new.object
        if change.is_deletion:
            return lambda: self._kubelet.lose(pod["metadata"]["uid"])
        return lambda: self._kubelet.see(pod)
