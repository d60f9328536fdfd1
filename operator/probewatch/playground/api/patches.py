"""Patches: JSON patch (RFC 6902), merge patch (RFC 7386) and Kubernetes' strategic merge."""

from collections.abc import Mapping, Sequence

from probewatch.playground.json_object import Json, JsonObject
from probewatch.playground.objects.status import StatusError, bad_request

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"

MERGE_KEYS: Mapping[str, str] = {
    "addresses": "type",
    "conditions": "type",
    "containers": "name",
    "env": "name",
    "ephemeralContainers": "name",
    "hostAliases": "ip",
    "imagePullSecrets": "name",
    "initContainers": "name",
    "ownerReferences": "uid",
    "podIPs": "ip",
    "resourceClaims": "name",
    "secrets": "name",
    "taints": "key",
    "topologySpreadConstraints": "topologyKey",
    "volumeDevices": "devicePath",
    "volumeMounts": "mountPath",
    "volumes": "name",
    "webhooks": "name",
}
"""Lists of objects that are merged, and their merge keys, which identify an element."""
MERGED_SETS = {"finalizers"}
"""Lists of plain values that are merged."""
ORDER, DELETE_VALUES = "$setElementOrder/", "$deleteFromPrimitiveList/"


def merge_patch(target: Json, patch: Json) -> Json:
    """Return *target* with *patch* merged into it; null removes a field."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_patch(merged.get(key), value)
    return merged


# --- strategic merge -------------------------------------------------------------


def strategic_merge(target: JsonObject, patch: JsonObject) -> JsonObject:
    """Return *target* with *patch* merged into it; lists with merge keys element by element."""
    if patch.get("$patch") == "replace":
        return {key: value for key, value in patch.items() if key != "$patch"}
    merged = dict(target)
    retained = patch.get("$retainKeys")
    if retained is not None:
        merged = {key: value for key, value in merged.items() if key in retained}
    for key, value in patch.items():
        if key.startswith(DELETE_VALUES):
            field = key.removeprefix(DELETE_VALUES)
            merged[field] = [item for item in merged.get(field) or () if item not in value]
        elif not key.startswith("$"):
            _merge_field(merged, key, value, patch.get(ORDER + key))
    return merged


def _merge_field(merged: JsonObject, key: str, value: Json, order: Sequence[Json] | None) -> None:
    old = merged.get(key)
    if value is None or (isinstance(value, dict) and value.get("$patch") == "delete"):
        merged.pop(key, None)
    elif isinstance(value, dict):
        merged[key] = strategic_merge(old if isinstance(old, dict) else {}, value)
    elif isinstance(value, list):
        merged[key] = _merge_list(key, old if isinstance(old, list) else [], value, order)
    else:
        merged[key] = value


def _merge_list(key: str, old: list[Json], new: list[Json], order: Sequence[Json] | None) -> Json:
    name = find_merge_key(key, [*new, *old, *(order or ())])
    if name:
        return _merge_named(name, old, new, order)
    if key in MERGED_SETS:
        return [*old, *(item for item in new if item not in old)]
    return new


def find_merge_key(key: str, elements: Sequence[Json]) -> str:
    """Return the merge key of a list; empty if it has none."""
    if key != "ports":
        return MERGE_KEYS.get(key, "")
    # Containers and Services both have ports.
    is_container = any(isinstance(item, dict) and "containerPort" in item for item in elements)
    return "containerPort" if is_container else "port"


def _merge_named(
    name: str, old: list[Json], new: list[Json], order: Sequence[Json] | None
) -> list[Json]:
    if any(item.get("$patch") == "replace" for item in new):
        return [item for item in new if "$patch" not in item]
    found = {item.get(name): item for item in old}
    for item in new:
        if name not in item:
            raise bad_request(f"map: {item} does not contain declared merge key: {name}")
        if item.get("$patch") == "delete":
            found.pop(item[name], None)
        else:
            found[item[name]] = strategic_merge(found.get(item[name]) or {}, item)
    if order:
        ranks = {item.get(name): rank for rank, item in enumerate(order)}
        # Elements that are not in the order come after it, in their old order.
        return sorted(found.values(), key=lambda item: ranks.get(item.get(name), len(ranks)))
    return list(found.values())


# --- JSON patch --------------------------------------------------------------------


def json_patch(target: Json, operations: Sequence[JsonObject]) -> Json:
    """Return *target* after all *operations*; raises StatusError 422 if one of them fails."""
    for operation in operations:
        try:
            target = _operate(target, operation)
        except (KeyError, IndexError, TypeError, ValueError) as error:
            text = f"the server rejected our request due to an error in our request: {error}"
            raise StatusError(422, "Invalid", text) from error
    return target


def _operate(target: Json, operation: JsonObject) -> Json:
    path = _split(operation["path"])
    match operation["op"]:
        case "add":
            return _add(target, path, operation["value"])
        case "remove":
            _find(target, path)
            return _remove(target, path)
        case "replace":
            _find(target, path)
            return _add(_remove(target, path), path, operation["value"])
        case "move":
            source = _split(operation["from"])
            return _add(_remove(target, source), path, _find(target, source))
        case "copy":
            return _add(target, path, _find(target, _split(operation["from"])))
        case "test":
            if _find(target, path) != operation["value"]:
                raise ValueError(f"testing value {operation['path']} failed")
            return target
        case other:
            raise ValueError(f"unexpected operation {other}")


def _split(pointer: str) -> list[str]:
    if not pointer:
        return []
    if not pointer.startswith("/"):
        raise ValueError(f"{pointer} is no JSON pointer")
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer[1:].split("/")]


def _find(target: Json, path: Sequence[str]) -> Json:
    for part in path:
        target = target[_place(target, part)] if isinstance(target, list) else target[part]
    return target


def _place(many: list[Json], index: str, *, is_new: bool = False) -> int:
    """Return the place of an element, or of one that is added; -1 is the last place.

    RFC 6902 has no negative indices, but kube-apiserver takes them.
    Source: evanphx/json-patch v4 patch.go (SupportNegativeIndices).
    """
    number, places = int(index), len(many) + is_new
    if not -places <= number < places:
        raise IndexError(f"Unable to access invalid index: {number}")
    return number % places


def _add(target: Json, path: Sequence[str], value: Json) -> Json:
    if not path:
        return value
    head, *rest = path
    if isinstance(target, list):
        if rest:
            number = _place(target, head)
            return [*target[:number], _add(target[number], rest, value), *target[number + 1 :]]
        number = len(target) if head == "-" else _place(target, head, is_new=True)
        return [*target[:number], value, *target[number:]]
    return {**target, head: _add(target[head], rest, value) if rest else value}


def _remove(target: Json, path: Sequence[str]) -> Json:
    if not path:
        return None
    head, *rest = path
    if isinstance(target, list):
        number = _place(target, head)
        inner = [_remove(target[number], rest)] if rest else []
        return [*target[:number], *inner, *target[number + 1 :]]
    if rest:
        return {**target, head: _remove(target[head], rest)}
    return {key: value for key, value in target.items() if key != head}
