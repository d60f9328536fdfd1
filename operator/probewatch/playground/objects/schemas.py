"""Structural schemas of custom resources: pruning of unknown fields, and defaulting."""

from collections.abc import Mapping

from probewatch.playground.json_object import Json, Schema

KEEP_UNKNOWN = "x-kubernetes-preserve-unknown-fields"
ROOT_FIELDS = {"apiVersion", "kind", "metadata"}


# --- pruning -----------------------------------------------------------------------


def prune(schema: Schema, value: Json, *, is_root: bool = False) -> Json:
    """Return *value* without the fields that are not in the schema."""
    if isinstance(value, list) and isinstance(schema.get("items"), Mapping):
        return [prune(schema["items"], item) for item in value]
    if not isinstance(value, dict):
        return value
    known, rest = schema.get("properties") or {}, schema.get("additionalProperties")
    kept = {}
    for key, item in value.items():
        if is_root and key in ROOT_FIELDS:
            kept[key] = item
        elif key in known:
            kept[key] = prune(known[key], item)
        elif isinstance(rest, Mapping):
            kept[key] = prune(rest, item)
        elif (
            rest
            or schema.get(KEEP_UNKNOWN)
            or (not known and rest is None and not is_object(schema))
        ):
            kept[key] = item
    return kept


def is_object(schema: Schema) -> bool:
    """Whether a schema describes an object, so that fields that it does not name are unknown."""
    return schema.get("type") == "object"


def find_unknown(
    schema: Schema, value: Json, path: str = "", *, is_root: bool = False
) -> list[str]:
    """Return the paths of the fields that pruning removes."""
    found: list[str] = []
    if isinstance(value, list) and isinstance(schema.get("items"), Mapping):
        for number, item in enumerate(value):
            found += find_unknown(schema["items"], item, f"{path}[{number}]")
    if not isinstance(value, dict):
        return found
    kept = prune(schema, value, is_root=is_root)
    for key, item in value.items():
        inner = f"{path}.{key}" if path else key
        child = (schema.get("properties") or {}).get(key) or schema.get("additionalProperties")
        if key not in kept:
            found.append(inner)
        elif isinstance(child, Mapping) and not (is_root and key in ROOT_FIELDS):
            found += find_unknown(child, item, inner)
    return found


def without_nulls(value: Json) -> Json:
    """Return *value* without null fields: in a built-in kind they count as not set."""
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {key: without_nulls(item) for key, item in value.items() if item is not None}


# --- defaults ----------------------------------------------------------------------


def fill_defaults(schema: Schema, value: Json) -> Json:
    """Return *value* with the defaults of the schema, at every depth."""
    if isinstance(value, list) and isinstance(schema.get("items"), Mapping):
        return [fill_defaults(schema["items"], item) for item in value]
    if not isinstance(value, dict):
        return value
    filled = dict(value)
    for key, child in (schema.get("properties") or {}).items():
        is_unset = key not in filled or (filled[key] is None and not child.get("nullable"))
        if is_unset and "default" in child:
            filled[key] = child["default"]
        if key in filled:
            filled[key] = fill_defaults(child, filled[key])
    rest = schema.get("additionalProperties")
    if isinstance(rest, Mapping):
        known = schema.get("properties") or {}
        filled |= {
            key: fill_defaults(rest, item) for key, item in filled.items() if key not in known
        }
    return filled
