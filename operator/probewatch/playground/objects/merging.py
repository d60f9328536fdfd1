"""Updates of an object: which fields the writer may set, and which stay as they were."""

from probewatch.playground.json_object import JsonObject
from probewatch.playground.objects.metadata import carry_metadata
from probewatch.playground.objects.rules import Rules
from probewatch.playground.objects.types import ResourceType


def merge(
    rules: Rules, type_: ResourceType, new: JsonObject, old: JsonObject, subresource: str
) -> JsonObject:
    """Return *new* with everything from *old* that a write of this subresource cannot change."""
    if subresource == "status":
        status = {"status": new["status"]} if new.get("status") else {}
        kept = {key: value for key, value in old.items() if key != "status"}
        return {**kept, "metadata": carry_metadata(type_, new, old, status=True), **status}
    if subresource == "resize":
        new = {**old, "spec": resize(old["spec"], new.get("spec") or {})}
    meta = carry_metadata(type_, new, old, status=False)
    merged = {key: value for key, value in new.items() if key != "status"}
    if not type_.has_status and "status" in new:
        merged["status"] = new["status"]
    elif "status" in old:
        merged["status"] = old["status"]
    merged = rules.default({**merged, "metadata": meta})
    if type_.counts_generations and _content(merged) != _content(old):
        meta = {**merged["metadata"], "generation": (meta.get("generation") or 0) + 1}
        merged["metadata"] = meta
    return merged


def _content(obj: JsonObject) -> JsonObject:
    """Return the part whose changes raise the generation: all but metadata and status."""
    return {key: value for key, value in obj.items() if key not in {"metadata", "status"}}


def resize(spec: JsonObject, wanted: JsonObject) -> JsonObject:
    """Return a pod's spec with the container resources of *wanted*."""
    resized = dict(spec)
    for part in ("containers", "initContainers"):
        resources = {item["name"]: item.get("resources") or {} for item in wanted.get(part) or ()}
        if part in spec:
            resized[part] = [
                {**item, "resources": resources.get(item["name"], item.get("resources") or {})}
                for item in spec[part]
            ]
    return resized
