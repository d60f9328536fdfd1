"""Field sets, which `metadata.managedFields` uses to say who owns which fields.

A field is a path of steps: `f:name` for a field of an object, `k:{…}` for the element of a list
with these keys, `v:…` for a value of a set.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from probewatch.playground.api.patches import MERGE_KEYS
from probewatch.playground.json_object import Json, JsonObject

Path = tuple[str, ...]
Keys = tuple[str, ...] | None
"""The keys of a list's elements; () for a set; None for an atomic list."""
FindKeys = Callable[[Path, Sequence[Json]], Keys]
"""The path of a list, and its elements → its keys."""

ITEM = object()
"""The value of a field that stands for a list element itself."""
SETS = {"finalizers"}
MORE_KEYS: Mapping[str, tuple[str, ...]] = {
    "topologySpreadConstraints": ("topologyKey", "whenUnsatisfiable"),
}
UNOWNED = {
    ("f:apiVersion",), ("f:kind",), ("f:metadata",),
    *(("f:metadata", f"f:{name}") for name in (
        "name", "namespace", "uid", "creationTimestamp", "resourceVersion", "generation",
        "managedFields", "selfLink", "deletionTimestamp", "deletionGracePeriodSeconds",
    )),
}  # fmt: skip
"""Fields that nobody owns: those of the server, and those that identify the object."""


def builtin_keys(path: Path, items: Sequence[Json]) -> Keys:
    """Return the keys of a list in an object of a built-in kind."""
    name = path[-1].removeprefix("f:")
    if name in SETS:
        return ()
    if name == "ports":
        is_container = any(isinstance(item, dict) and "containerPort" in item for item in items)
        return ("containerPort" if is_container else "port", "protocol")
    if name in MORE_KEYS:
        return MORE_KEYS[name]
    return (MERGE_KEYS[name],) if name in MERGE_KEYS else None


def schema_keys(schema: Mapping[str, Any]) -> FindKeys:
    """Return the function that finds the keys of lists in a custom kind, by its schema."""

    def find(path: Path, items: Sequence[Json]) -> Keys:
        if path[0] == "f:metadata":
            return builtin_keys(path, items)
        part: Mapping[str, Any] = schema
        for step in path:
            if step.startswith("f:"):
                known, rest = part.get("properties") or {}, part.get("additionalProperties")
                part = known.get(step[2:]) or (rest if isinstance(rest, Mapping) else {})
            else:
                part = part.get("items") or {}
        match part.get("x-kubernetes-list-type"):
            case "map":
                return tuple(part.get("x-kubernetes-list-map-keys") or ())
            case "set":
                return ()
            case _:
                return None

    return find


def flatten(obj: JsonObject, find_keys: FindKeys) -> dict[Path, Json]:
    """Return the fields of an object that can be owned, with their values."""
    fields = dict(_walk(obj, (), find_keys))
    return {path: value for path, value in fields.items() if not is_unowned(path)}


def is_unowned(path: Path) -> bool:
    """Whether a field cannot be owned."""
    return path in UNOWNED or path[:2] in UNOWNED


def _walk(value: Json, path: Path, find_keys: FindKeys) -> Iterator[tuple[Path, Json]]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _walk(item, (*path, f"f:{key}"), find_keys)
        return
    keys = find_keys(path, value) if isinstance(value, list) and value else None
    if keys is None:
        yield path, value
        return
    for item in value:
        inner = (*path, name_item(item, keys))
        yield inner, ITEM
        if isinstance(item, dict):
            yield from _walk(item, inner, find_keys)


def name_item(item: Json, keys: tuple[str, ...]) -> str:
    """Return the path step of a list element."""
    if not keys:
        return f"v:{msgspec.json.encode(item).decode()}"
    defaults = {"protocol": "TCP"}
    named = {key: item.get(key, defaults.get(key)) for key in keys}
    return f"k:{msgspec.json.encode(named).decode()}"


def encode_fields(paths: Iterable[Path]) -> JsonObject:
    """Return a field set as FieldsV1."""
    root: JsonObject = {}
    for path in sorted(paths):
        node = root
        for step in path:
            node = node.setdefault(step, {})
        node["."] = {}
    _tidy(root)
    return root


def _tidy(node: JsonObject) -> None:
    """Remove the `.` of leaves, which is implied there."""
    for child in node.values():
        if set(child) == {"."}:
            child.clear()
        else:
            _tidy(child)


def decode_fields(fields: Mapping[str, Any]) -> set[Path]:
    """Return the field set that FieldsV1 describes."""
    return set(_unfold(fields, ()))


def _unfold(node: Mapping[str, Any], path: Path) -> Iterator[Path]:
    if not node and path:
        yield path
    for step, child in node.items():
        if step == ".":
            yield path
        else:
            yield from _unfold(child, (*path, step))


def render_path(path: Path) -> str:
    """Return a path as messages about conflicts show it: `.spec.containers[name="a"].image`."""
    text = ""
    for step in path:
        kind, _, rest = step.partition(":")
        if kind == "f":
            text += f".{rest}"
        elif kind == "v":
            text += f"[={rest}]"
        else:
            keys = msgspec.json.decode(rest)
            pairs = (f"{key}={msgspec.json.encode(value).decode()}" for key, value in keys.items())
            text += f"[{','.join(pairs)}]"
    return text
