"""The binding of a pod to a node."""

from probewatch.playground.kubelet.pod_view import render_time
from probewatch.playground.objects.registry import Registry
from probewatch.playground.objects.status import conflict
from probewatch.playground.objects.store import Stored


def bind_pod(registry: Registry, namespace: str, name: str, node: str) -> Stored:
    """Bind the pod to the node, and return it.

    Raises StatusError if there is no such pod, or if it has a node already.
    """
    pods = registry.types.builtin("pods")
    pod = registry.get(pods, namespace, name).object
    taken = pod["spec"].get("nodeName")
    if taken:
        why = f'pod {name} is already assigned to node "{taken}"'
        raise conflict("pods/binding", "", name, why)
    condition = {
        "type": "PodScheduled",
        "status": "True",
        "lastProbeTime": None,
        "lastTransitionTime": render_time(registry.clock.now()),
    }
    status = pod.get("status") or {}
    others = [item for item in status.get("conditions") or () if item["type"] != "PodScheduled"]
    bound = {
        **pod,
        "spec": {**pod["spec"], "nodeName": node},
        "status": {**status, "conditions": [*others, condition]},
    }
    return registry.store.put("pods", bound)
