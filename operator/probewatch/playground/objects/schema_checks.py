"""Structural schemas of custom resources: the validation of objects."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

from probewatch.playground.json_object import Json, Schema
from probewatch.playground.objects.status import Cause

INT_OR_STRING = "x-kubernetes-int-or-string"


def is_number(value: Json) -> bool:
    """Whether a value is a number; booleans are not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


TYPES: Mapping[str, Callable[[Json], bool]] = {
    "array": lambda value: isinstance(value, list),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: is_number(value) and float(value).is_integer(),
    "number": is_number,
    "object": lambda value: isinstance(value, dict),
    "string": lambda value: isinstance(value, str),
}
GO_TYPES = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array"}


def check(schema: Schema, value: Json, path: str = "") -> list[Cause]:
    """Return where *value* violates the schema."""
    if value is None:
        if schema.get("nullable") or not schema.get("type"):
            return []
        return [_wrong_type(path, value, schema["type"])]
    if schema.get(INT_OR_STRING):
        if isinstance(value, str) or TYPES["integer"](value):
            return [*_check_value(schema, value, path)]
        return [_wrong_type(path, value, "integer,string")]
    wanted = schema.get("type")
    if wanted and not TYPES[wanted](value):
        return [_wrong_type(path, value, wanted)]
    return [*_check_value(schema, value, path), *_check_children(schema, value, path)]


def _wrong_type(path: str, value: Json, wanted: str) -> Cause:
    kind = "null" if value is None else GO_TYPES.get(type(value), "object")
    text = f'Invalid value: "{kind}": {path} in body must be of type {wanted}: "{kind}"'
    return path, text


def _check_value(schema: Schema, value: Json, path: str) -> Iterator[Cause]:
    if schema.get("enum") and value not in schema["enum"]:
        listed = ", ".join(_quote(item) for item in schema["enum"])
        yield path, f"Unsupported value: {_quote(value)}: supported values: {listed}"
    if is_number(value):
        yield from _check_number(schema, value, path)
    elif isinstance(value, str):
        yield from _check_string(schema, value, path)
    yield from _check_combined(schema, value, path)


def _quote(value: Json) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)


def _check_number(schema: Schema, value: float, path: str) -> Iterator[Cause]:
    low, high = schema.get("minimum"), schema.get("maximum")
    below = low is not None and (value <= low if schema.get("exclusiveMinimum") else value < low)
    above = high is not None and (value >= high if schema.get("exclusiveMaximum") else value > high)
    if below:
        words = "greater than" if schema.get("exclusiveMinimum") else "greater than or equal to"
        yield path, f"Invalid value: {value}: {path} in body should be {words} {low}"
    if above:
        words = "less than" if schema.get("exclusiveMaximum") else "less than or equal to"
        yield path, f"Invalid value: {value}: {path} in body should be {words} {high}"
    factor = schema.get("multipleOf")
    if factor and value % factor:
        yield path, f"Invalid value: {value}: {path} in body should be a multiple of {factor}"


def _check_string(schema: Schema, value: str, path: str) -> Iterator[Cause]:
    shortest, longest = schema.get("minLength"), schema.get("maxLength")
    if longest is not None and len(value) > longest:
        yield path, f"Too long: may not be more than {longest} bytes"
    if shortest is not None and len(value) < shortest:
        text = f"{path} in body should be at least {shortest} chars long"
        yield path, f"Invalid value: {_quote(value)}: {text}"
    pattern = schema.get("pattern")
    if pattern and not re.search(pattern, value):
        yield path, f"Invalid value: {_quote(value)}: {path} in body should match '{pattern}'"
    if schema.get("format") == "date-time" and not _is_time(value):
        text = f"{path} in body must be of type date-time: {_quote(value)}"
        yield path, f"Invalid value: {_quote(value)}: {text}"


def _is_time(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _check_combined(schema: Schema, value: Json, path: str) -> Iterator[Cause]:
    for part in schema.get("allOf") or ():
        yield from check(part, value, path)
    options = schema.get("anyOf") or ()
    if (
        options
        and not schema.get(INT_OR_STRING)
        and not any(not check(item, value, path) for item in options)
    ):
        yield path, f'Invalid value: "": {path} in body must validate at least one schema (anyOf)'
    options = schema.get("oneOf") or ()
    if options and sum(not check(item, value, path) for item in options) != 1:
        yield (
            path,
            f'Invalid value: "": {path} in body must validate one and only one schema (oneOf)',
        )
    if schema.get("not") is not None and not check(schema["not"], value, path):
        yield path, f'Invalid value: "": {path} in body must not validate the schema (not)'


def _check_children(schema: Schema, value: Json, path: str) -> Iterator[Cause]:
    if isinstance(value, list):
        yield from _check_list(schema, value, path)
    if isinstance(value, dict):
        yield from _check_map(schema, value, path)


def _check_list(schema: Schema, value: Sequence[Json], path: str) -> Iterator[Cause]:
    fewest, most = schema.get("minItems"), schema.get("maxItems")
    if most is not None and len(value) > most:
        yield path, f"Too many: {len(value)}: must have at most {most} items"
    if fewest is not None and len(value) < fewest:
        yield (
            path,
            f"Invalid value: {len(value)}: {path} in body should have at least {fewest} items",
        )
    for number, item in enumerate(value):
        yield from check(schema.get("items") or {}, item, f"{path}[{number}]")
    yield from _check_unique(schema, value, path)


def _check_unique(schema: Schema, value: Sequence[Json], path: str) -> Iterator[Cause]:
    kind, keys = (
        schema.get("x-kubernetes-list-type"),
        schema.get("x-kubernetes-list-map-keys") or (),
    )
    if kind not in {"map", "set"}:
        return
    seen: list[Json] = []
    for number, item in enumerate(value):
        mark = (
            {key: item.get(key) for key in keys}
            if kind == "map" and isinstance(item, dict)
            else item
        )
        if mark in seen:
            yield f"{path}[{number}]", f"Duplicate value: {_quote_map(mark)}"
        seen.append(mark)


def _quote_map(value: Json) -> str:
    return str(value).replace("'", '"') if isinstance(value, dict) else _quote(value)


def _check_map(schema: Schema, value: Mapping[str, Json], path: str) -> Iterator[Cause]:
    for key in schema.get("required") or ():
        if key not in value:
            yield _join(path, key), "Required value"
    most, fewest = schema.get("maxProperties"), schema.get("minProperties")
    if most is not None and len(value) > most:
        yield path, f"Too many: {len(value)}: must have at most {most} items"
    if fewest is not None and len(value) < fewest:
        text = f"{path} in body should have at least {fewest} properties"
        yield path, f"Invalid value: {len(value)}: {text}"
    known, rest = schema.get("properties") or {}, schema.get("additionalProperties")
    for key, item in value.items():
        child = known.get(key) or (rest if isinstance(rest, Mapping) else None)
        if child is not None:
            yield from check(child, item, _join(path, key))


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def check_types(schema: Schema, value: Json, path: str = "") -> list[tuple[str, str]]:
    """Return the fields whose values have the wrong type, with the type in the schema."""
    wanted = schema.get("type")
    if value is None or schema.get(INT_OR_STRING):
        return []
    if wanted and not TYPES[wanted](value):
        return [(path, wanted)]
    children: list[tuple[Schema, Json, str]] = []
    if isinstance(value, list):
        items = schema.get("items") or {}
        if None in value and items.get("type") == "object":
            return [(path, "object")]
        children = [(items, item, path) for item in value]
    elif isinstance(value, dict):
        known, rest = schema.get("properties") or {}, schema.get("additionalProperties")
        other = rest if isinstance(rest, Mapping) else {}
        children = [(known.get(key, other), item, _join(path, key)) for key, item in value.items()]
    return [problem for child in children for problem in check_types(*child)]
