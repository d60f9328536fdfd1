"""Schemas of the built-in kinds, made from the models of the official client.

The models carry every field with its type and description, as the project publishes them; so the
server can say which fields there are (`kubectl explain`), and which of those that were sent are
none (`--validate=strict`), without a list of its own. They are loaded when first asked for.
"""

import functools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from probewatch.playground.objects_types import ResourceType

JsonObject = dict[str, Any]
Schema = Mapping[str, Any]

REF = "#/components/schemas/"
MODELS = {
    ("", "Event"): "CoreV1Event",
    ("events.k8s.io", "Event"): "EventsV1Event",
}
"""Names of models that are not simply version and kind."""
QUANTITIES = {
    "allocatable", "averageValue", "capacity", "default", "defaultRequest", "divisor", "hard",
    "limits", "max", "min", "requests", "sizeLimit", "used",
}  # fmt: skip
"""Fields with quantities, which may be numbers as well as text."""
ANYTHING: Schema = {"x-kubernetes-preserve-unknown-fields": True}


def find_model(type_: ResourceType) -> str:
    """Return the name of the model for the objects of a built-in resource."""
    found = MODELS.get((type_.group, type_.kind))
    return found or f"{type_.version.capitalize()}{type_.kind}"


def load_schemas(models: Iterable[str]) -> Mapping[str, Schema]:
    """Return the schemas of models by name, and of all that they refer to."""
    return _load(tuple(dict.fromkeys(models)))


@functools.cache
def _load(names: Sequence[str]) -> Mapping[str, Schema]:
    # Loading them takes a third of a second, which not every playground needs to spend.
    from kubernetes.client import models  # noqa: PLC0415  # see above
    from pydantic.json_schema import models_json_schema  # noqa: PLC0415  # see above

    wanted: list[tuple[Any, Literal["validation"]]] = [
        (getattr(models, name), "validation") for name in names if hasattr(models, name)
    ]
    _, found = models_json_schema(wanted, by_alias=True, ref_template=REF + "{model}")
    return {name: _clean(schema) for name, schema in (found.get("$defs") or {}).items()}


def _clean(schema: Any, name: str = "") -> Any:  # noqa: ANN401  # any JSON value
    """Return a schema as Kubernetes writes them: nothing is null, and nothing has a title."""
    if name in QUANTITIES and "$ref" not in schema:
        return {**ANYTHING, "description": schema.get("description", "")}
    options = [item for item in schema.get("anyOf") or () if item.get("type") != "null"]
    kinds = {item.get("type") for item in options}
    if kinds == {"integer", "string"}:
        form: JsonObject = {"type": "string", "format": "int-or-string"}
        form["x-kubernetes-int-or-string"] = True
    elif kinds == {"string"} and len(options) > 1:
        form = {"type": "string", "format": "byte"}
    else:
        form = dict(options[0]) if options else dict(schema)
    return _clean_parts({**_documented(schema), **form})


def _documented(schema: Schema) -> JsonObject:
    text = (schema.get("description") or "").partition("\n\nAttributes:")[0].strip()
    return {"description": text} if text else {}


def _clean_parts(schema: JsonObject) -> JsonObject:
    cleaned = {
        key: value
        for key, value in schema.items()
        if key not in {"title", "default", "description", "anyOf"}
    } | _documented(schema)
    if "$ref" in schema:
        return {"allOf": [{"$ref": schema["$ref"]}], **_documented(schema)}
    if "properties" in schema:
        parts = schema["properties"].items()
        cleaned["properties"] = {key: _clean(value, key) for key, value in parts}
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), Mapping):
            cleaned[key] = _clean(schema[key])
    if cleaned.get("additionalProperties") is False:
        del cleaned["additionalProperties"]
    elif cleaned.get("additionalProperties") is True:
        cleaned |= ANYTHING
        del cleaned["additionalProperties"]
    return cleaned


def resolve(schemas: Mapping[str, Schema], name: str) -> Schema:
    """Return a schema in which every reference is replaced by what it refers to.

    Recursive kinds (a JSON schema in a definition) are cut off: what is below may be anything.
    """
    return _inline(schemas, schemas.get(name, ANYTHING), (name,))


def _inline(schemas: Mapping[str, Schema], schema: Schema, above: tuple[str, ...]) -> Schema:
    parts = schema.get("allOf")
    if parts:
        name = parts[0]["$ref"].removeprefix(REF)
        if name in above:
            return ANYTHING
        return _inline(schemas, schemas.get(name, ANYTHING), (*above, name))
    inlined = dict(schema)
    if "properties" in schema:
        children = schema["properties"].items()
        inlined["properties"] = {key: _inline(schemas, item, above) for key, item in children}
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), Mapping):
            inlined[key] = _inline(schemas, schema[key], above)
    return inlined


@functools.cache
def builtin_schema(type_: ResourceType) -> Schema:
    """Return the whole schema for the objects of a built-in resource."""
    name = find_model(type_)
    return resolve(load_schemas((name,)), name)
