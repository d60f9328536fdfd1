"""The controllers of ReplicaSets, which keep the number of pods, and Deployments (rollouts)."""

import hashlib
import json
import math

from probewatch.playground.json_object import JsonObject
from probewatch.playground.kubelet.pod_view import render_time
from probewatch.playground.objects.names import SUFFIX_ALPHABET
from probewatch.playground.objects.schemas import without_nulls
from probewatch.playground.workloads.workloads import ControllerClient, is_active, is_ready

HASH_LABEL = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"


def reconcile_replica_set(client: ControllerClient, owner: JsonObject) -> None:
    """Create or delete pods until there are as many as desired."""
    pods = client.type_of("pods")
    every = client.owned(pods, owner)
    active = [pod for pod in every if is_active(pod)]
    wanted = owner["spec"].get("replicas", 1)
    for _ in range(wanted - len(active)):
        made = client.create(pods, owner, _make_pod(owner))
        message = f"Created pod: {made['metadata']['name']}"
        client.record_event(owner, "replicaset-controller", "SuccessfulCreate", message)
    # Pods that are not ready are deleted first, then the newest.
    active.sort(key=lambda pod: (is_ready(pod), -_version(pod)))
    for pod in active[: max(0, len(active) - wanted)]:
        client.delete(pods, pod)
        message = f"Deleted pod: {pod['metadata']['name']}"
        client.record_event(owner, "replicaset-controller", "SuccessfulDelete", message)
    client.set_status(
        client.type_of("replicasets", "apps"), owner, _replica_set_status(client, owner)
    )


def _make_pod(owner: JsonObject) -> JsonObject:
    template = owner["spec"]["template"]
    meta = template.get("metadata") or {}
    kept = {key: meta[key] for key in ("labels", "annotations") if meta.get(key)}
    return {
        "metadata": {**kept, "generateName": f"{owner['metadata']['name']}-"},
        "spec": template["spec"],
    }


def _version(pod: JsonObject) -> int:
    return int(pod["metadata"]["resourceVersion"])


def _replica_set_status(client: ControllerClient, owner: JsonObject) -> JsonObject:
    active = [pod for pod in client.owned(client.type_of("pods"), owner) if is_active(pod)]
    ready = sum(map(is_ready, active))
    counts = {"fullyLabeledReplicas": len(active), "readyReplicas": ready}
    return {
        "replicas": len(active),
        **{key: count for key, count in counts.items() if count},
        **({"availableReplicas": ready} if ready else {}),
        "observedGeneration": owner["metadata"].get("generation", 1),
    }


def reconcile_deployment(client: ControllerClient, owner: JsonObject) -> None:
    """Scale the ReplicaSet of the current template up and the others down, within the strategy."""
    sets = client.type_of("replicasets", "apps")
    every = client.owned(sets, owner)
    hash_ = hash_template(owner["spec"]["template"])
    new = next((item for item in every if _hash_of(item) == hash_), None)
    if new is None:
        new = client.create(sets, owner, _make_set(owner, hash_, revision=len(every) + 1))
    old = [item for item in every if item["metadata"]["uid"] != new["metadata"]["uid"]]
    _scale(client, owner, new, _find_new_size(owner, new, old))
    for item, size in _find_old_sizes(owner, new, old):
        _scale(client, owner, item, size)
    _set_revision(client, owner, new)
    status = _deployment_status(client, owner, hash_)
    client.set_status(client.type_of("deployments", "apps"), owner, status)


def hash_template(template: JsonObject) -> str:
    """Return a digest of the template that can be part of a name."""
    # kubectl writes `creationTimestamp: null` into templates.
    text = json.dumps(without_nulls(template), sort_keys=True)
    digest = hashlib.sha256(text.encode()).digest()
    return "".join(SUFFIX_ALPHABET[byte % len(SUFFIX_ALPHABET)] for byte in digest[:10])


def _hash_of(item: JsonObject) -> str:
    return str((item["metadata"].get("labels") or {}).get(HASH_LABEL, ""))


def _make_set(owner: JsonObject, hash_: str, *, revision: int) -> JsonObject:
    spec, name = owner["spec"], owner["metadata"]["name"]
    template = spec["template"]
    labels = {**((template.get("metadata") or {}).get("labels") or {}), HASH_LABEL: hash_}
    selector = spec["selector"].get("matchLabels") or {}
    return {
        "metadata": {
            "name": f"{name}-{hash_}",
            "labels": labels,
            "annotations": {REVISION: str(revision)},
        },
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": {**selector, HASH_LABEL: hash_}},
            "template": {
                **template,
                "metadata": {**(template.get("metadata") or {}), "labels": labels},
            },
        },
    }


def _bounds(owner: JsonObject) -> tuple[int, int]:
    """Return the largest number of pods, and how many of them have to be available."""
    spec = owner["spec"]
    wanted = spec.get("replicas", 1)
    strategy = spec.get("strategy") or {}
    if strategy.get("type") == "Recreate":
        return wanted, 0
    rolling = strategy.get("rollingUpdate") or {}
    surge = _share(rolling.get("maxSurge", "25%"), wanted, up=True)
    missing = _share(rolling.get("maxUnavailable", "25%"), wanted, up=False)
    if not surge and not missing:
        missing = 1
    return wanted + surge, wanted - missing


def _share(value: int | str, of: int, *, up: bool) -> int:
    if isinstance(value, int):
        return value
    exact = int(value.rstrip("%")) * of / 100
    return math.ceil(exact) if up else math.floor(exact)


def _size(item: JsonObject) -> int:
    return int(item["spec"].get("replicas", 1))


def _count(items: list[JsonObject], field: str) -> int:
    return sum((item.get("status") or {}).get(field, 0) for item in items)


def _find_new_size(owner: JsonObject, new: JsonObject, old: list[JsonObject]) -> int:
    wanted = _size(owner)
    most, _ = _bounds(owner)
    if (owner["spec"].get("strategy") or {}).get("type") == "Recreate" and (
        _count(old, "replicas") or any(map(_size, old))
    ):
        return _size(new)
    room = most - sum(map(_size, old))
    return max(min(wanted, room), min(_size(new), wanted))


def _find_old_sizes(
    owner: JsonObject, new: JsonObject, old: list[JsonObject]
) -> list[tuple[JsonObject, int]]:
    """Return the sizes of the old sets, as small as the required availability permits.

    The size of a set is what was requested; its available pods follow a moment later. So both
    are considered, and pods that are not available are removed first.
    """
    _, least = _bounds(owner)
    unborn = _size(new) - _available_pods(new)
    room = sum(map(_size, [new, *old])) - least - unborn
    spare = sum(map(_available_pods, [new, *old])) - least
    sizes = []
    for item in sorted(old, key=_version):
        idle = max(0, _size(item) - _available_pods(item))
        down = max(0, min(_size(item), room, idle + max(0, spare)))
        room -= down
        spare -= max(0, down - idle)
        sizes.append((item, _size(item) - down))
    return sizes


def _available_pods(item: JsonObject) -> int:
    return int((item.get("status") or {}).get("availableReplicas", 0))


def _scale(client: ControllerClient, owner: JsonObject, item: JsonObject, size: int) -> None:
    before = _size(item)
    if size == before:
        return
    sets = client.type_of("replicasets", "apps")
    client.change(sets, item, lambda old: {**old, "spec": {**old["spec"], "replicas": size}})
    way = "up" if size > before else "down"
    message = f"Scaled {way} replica set {item['metadata']['name']} from {before} to {size}"
    client.record_event(owner, "deployment-controller", "ScalingReplicaSet", message)


def _set_revision(client: ControllerClient, owner: JsonObject, new: JsonObject) -> None:
    revision = (new["metadata"].get("annotations") or {}).get(REVISION, "1")
    notes = owner["metadata"].get("annotations") or {}
    if notes.get(REVISION) == revision:
        return

    def note(old: JsonObject) -> JsonObject:
        meta = old["metadata"]
        kept = {**(meta.get("annotations") or {}), REVISION: revision}
        return {**old, "metadata": {**meta, "annotations": kept}}

    client.change(client.type_of("deployments", "apps"), owner, note)


def _deployment_status(client: ControllerClient, owner: JsonObject, hash_: str) -> JsonObject:
    sets = client.owned(client.type_of("replicasets", "apps"), owner)
    wanted = owner["spec"].get("replicas", 1)
    available = _count(sets, "availableReplicas")
    counts = {
        "replicas": _count(sets, "replicas"),
        "updatedReplicas": _count([item for item in sets if _hash_of(item) == hash_], "replicas"),
        "readyReplicas": _count(sets, "readyReplicas"),
        "availableReplicas": available,
        "unavailableReplicas": max(0, wanted - available),
    }
    enough = available >= _bounds(owner)[1]
    return {
        "observedGeneration": owner["metadata"].get("generation", 1),
        **{key: count for key, count in counts.items() if count},
        "conditions": [_available(client, owner, enough=enough)],
    }


def _available(client: ControllerClient, owner: JsonObject, *, enough: bool) -> JsonObject:
    status = "True" if enough else "False"
    known = (owner.get("status") or {}).get("conditions") or ()
    before = next((item for item in known if item["type"] == "Available"), None)
    if before and before["status"] == status:
        return dict(before)
    at = render_time(client.registry.clock.now())
    words = ("MinimumReplicasAvailable", "Deployment has minimum availability.")
    if not enough:
        words = ("MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
    return {
        "type": "Available",
        "status": status,
        "lastUpdateTime": at,
        "lastTransitionTime": at,
        "reason": words[0],
        "message": words[1],
    }
