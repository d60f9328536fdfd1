"""`metadata`: what the server writes into it, and what clients cannot change."""

import uuid
from typing import Any

from probewatch.playground.json_object import JsonObject
from probewatch.playground.kubelet.pod_view import render_time
from probewatch.playground.objects.names import check_labels, check_name, generate_name
from probewatch.playground.objects.status import Cause, StatusError, bad_request
from probewatch.playground.objects.types import ResourceType

OWN = ("uid", "creationTimestamp", "generation", "deletionTimestamp", "deletionGracePeriodSeconds")
"""Fields that only the server writes."""
WITH_STATUS = ("labels", "annotations", "managedFields")
"""Fields of the metadata of pods and nodes that the status subresource can write."""
FOREGROUND, ORPHAN = "foregroundDeletion", "orphan"
"""Finalizers that tell the garbage collector what to do before the owner is removed."""


def begin_metadata(type_: ResourceType, obj: JsonObject, *, now: float) -> JsonObject:
    """Return *obj* with the metadata of a new object; raises StatusError."""
    meta = _given(obj.get("metadata") or {})
    if meta.pop("resourceVersion", ""):
        text = "resourceVersion should not be set on objects to be created"
        raise StatusError(500, "InternalError", text)
    if not meta.get("name") and meta.get("generateName"):
        meta["name"] = generate_name(meta["generateName"])
    if not meta.get("name"):
        text = "name or generateName is required"
        raise _required(type_, text)
    if type_.namespaced:
        meta.setdefault("namespace", "default")
    else:
        meta.pop("namespace", None)
    own: JsonObject = {"uid": str(uuid.uuid4()), "resourceVersion": ""}
    if type_.counts_generations or type_.custom:
        own["generation"] = 1
    own["creationTimestamp"] = render_time(now)
    return {**obj, "metadata": {**_head(meta), **own, **meta}}


def _given(meta: JsonObject) -> JsonObject:
    """Return the fields that a client may set, without empty ones."""
    return {key: value for key, value in meta.items() if key not in OWN and value}


def _head(meta: JsonObject) -> JsonObject:
    """Return the names, which the server writes first."""
    return {key: meta[key] for key in ("name", "generateName", "namespace") if meta.get(key)}


def _required(type_: ResourceType, text: str) -> StatusError:
    message = f'{type_.kind} "" is invalid: metadata.name: Required value: {text}'
    cause = {
        "reason": "FieldValueRequired",
        "message": f"Required value: {text}",
        "field": "metadata.name",
    }
    details = {"kind": type_.kind, "group": type_.group, "causes": [cause]}
    return StatusError(422, "Invalid", message, details=details)


def check_metadata(type_: ResourceType, obj: JsonObject) -> list[Cause]:
    """Return what is wrong with the metadata of *obj*."""
    meta = obj["metadata"]
    labels, notes = meta.get("labels") or {}, meta.get("annotations") or {}
    for field, texts in (("labels", labels), ("annotations", notes)):
        if not all(isinstance(value, str) for value in texts.values()):
            raise bad_request(f"metadata.{field}: expected a map of strings to strings")
    return [*check_name(type_.kind, meta["name"]), *check_labels(labels)]


def carry_metadata(
    type_: ResourceType, new: JsonObject, old: JsonObject, *, status: bool
) -> JsonObject:
    """Return the metadata after an update: what the client may set, and the server's fields."""
    given, before = new.get("metadata") or {}, old["metadata"]
    if status:
        shared = not type_.custom and type_.plural in {"pods", "nodes"}
        fields = WITH_STATUS if shared else ("managedFields",)
        return {**before, **{key: given[key] for key in fields if given.get(key)}}
    own = {key: before[key] for key in OWN if key in before}
    meta = _given(given)
    names = {key: before[key] for key in ("name", "generateName", "namespace") if key in before}
    return {**names, **own, **meta, **names, "resourceVersion": before["resourceVersion"]}


def has_changed(new: JsonObject, old: JsonObject) -> bool:
    """Whether *new* differs from *old* in more than its version or times of managed fields."""
    if {**new, "metadata": None} != {**old, "metadata": None}:
        return True
    mine, theirs = new["metadata"], old["metadata"]
    keys = ({*mine} | {*theirs}) - {"resourceVersion"}
    return any(_bare(key, mine.get(key)) != _bare(key, theirs.get(key)) for key in keys)


def _bare(key: str, value: Any) -> Any:  # noqa: ANN401  # any JSON value
    """Return the value without the times of managed fields, which do not count as a change."""
    if key == "managedFields":
        return [{**item, "time": None} for item in value or ()]
    return value


def mark_deleted(
    type_: ResourceType, obj: JsonObject, grace: int | None, propagation: str, *, now: float
) -> JsonObject:
    """Return *obj* marked as deleted: deletion timestamp, grace period and finalizers."""
    meta = dict(obj["metadata"])
    seconds = _grace_of(type_, obj, grace)
    before = meta.get("deletionGracePeriodSeconds")
    is_first = "deletionTimestamp" not in meta
    if is_first and meta.get("generation"):
        meta["generation"] += 1
    if is_first or (before is not None and seconds < before):
        # A second deletion can only shorten the grace period.
        meta["deletionTimestamp"] = render_time(now + seconds)
        meta["deletionGracePeriodSeconds"] = seconds
    finalizers = list(meta.get("finalizers") or ())
    for wanted, finalizer in (("Foreground", FOREGROUND), ("Orphan", ORPHAN)):
        if propagation == wanted and finalizer not in finalizers:
            finalizers.append(finalizer)
    if finalizers:
        meta["finalizers"] = finalizers
    marked = {**obj, "metadata": meta}
    if type_.kind == "Namespace" and not type_.group:
        marked["status"] = {**(obj.get("status") or {}), "phase": "Terminating"}
    return marked


def _grace_of(type_: ResourceType, obj: JsonObject, grace: int | None) -> int:
    """Return the grace period in seconds; it is 0 for all but a running pod on a node."""
    if type_.group or type_.plural != "pods":
        return 0
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    if not spec.get("nodeName") or status.get("phase") in {"Succeeded", "Failed"}:
        return 0
    if grace is not None:
        return max(grace, 0)
    own = spec.get("terminationGracePeriodSeconds")
    return 30 if own is None else max(int(own), 0)
