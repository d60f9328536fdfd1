"""Schemas of the built-in kinds, made from the models of the official Python client.

The models have every field with its type and description, as Kubernetes publishes them. So the
server can serve them (`kubectl explain`), and find unknown fields in requests
(`--validate=strict`), without tables of its own. They are loaded at the first use.
"""

import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

from probewatch.lean_imports import let_in
from probewatch.playground.json_object import JsonObject, Schema
from probewatch.playground.objects.types import ResourceType

REF = "#/components/schemas/"
MODELS = {
    ("", "Event"): "CoreV1Event",
    ("events.k8s.io", "Event"): "EventsV1Event",
}
"""Models whose names are not just version and kind."""
QUANTITIES = {
    "allocatable", "averageValue", "capacity", "default", "defaultRequest", "divisor", "hard",
    "limits", "max", "min", "requests", "sizeLimit", "used",
}  # fmt: skip
"""Fields with quantities, which may be numbers or strings."""
META_MODEL = "V1ObjectMeta"
ANYTHING: Schema = {"x-kubernetes-preserve-unknown-fields": True}


def find_model(type_: ResourceType) -> str:
    """Return the name of the model for the objects of a built-in resource."""
    found = MODELS.get((type_.group, type_.kind))
    return found or f"{type_.version.capitalize()}{type_.kind}"


def load_schemas(models: Iterable[str]) -> Mapping[str, Schema]:
    """Return the schemas of models, and of all models that they refer to, by name."""
    return _load(tuple(dict.fromkeys(models)))


@functools.cache
def _load(names: Sequence[str]) -> Mapping[str, Schema]:
    # Loading them takes a third of a second, which not every playground needs to spend.
    let_in()
    from kubernetes.client import models  # noqa: PLC0415  # see above
    from pydantic.json_schema import models_json_schema  # noqa: PLC0415  # see above

    wanted: list[tuple[Any, Literal["validation"]]] = [
        (getattr(models, name), "validation") for name in names if hasattr(models, name)
    ]
    _, found = models_json_schema(wanted, by_alias=True, ref_template=REF + "{model}")
    return {name: _clean(schema) for name, schema in (found.get("$defs") or {}).items()}


def _clean(schema: Any, name: str = "") -> Any:  # noqa: ANN401  # any JSON value
    """Return a schema in Kubernetes' form: without null types, titles and defaults."""
    options = [item for item in schema.get("anyOf") or () if item.get("type") != "null"]
    kinds = {item.get("type") for item in options} or {schema.get("type")}
    if name in QUANTITIES and kinds == {"object"}:
        return {"type": "object", "additionalProperties": ANYTHING, **_documented(schema)}
    if name in QUANTITIES and kinds == {"string"}:
        return {**ANYTHING, **_documented(schema)}
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


class Resolved(Mapping[str, Any]):
    """A schema whose references are resolved when they are accessed."""

    def __init__(self, schemas: Mapping[str, Schema], schema: Schema) -> None:
        while schema.get("allOf"):
            schema = schemas.get(schema["allOf"][0]["$ref"].removeprefix(REF), ANYTHING)
        self._schemas = schemas
        self._schema = schema
        self._followed: dict[str, Any] = {}

    def __getitem__(self, key: str) -> Any:  # noqa: ANN401  # any JSON value
        """Return the value of a keyword; schemas in it are resolved too."""
        if key not in self._followed:
            self._followed[key] = self._follow(key, self._schema[key])
        return self._followed[key]

    def _follow(self, key: str, value: Any) -> Any:  # noqa: ANN401  # any JSON value
        if key == "properties":
            return {name: Resolved(self._schemas, item) for name, item in value.items()}
        if key in {"items", "additionalProperties"} and isinstance(value, Mapping):
            return Resolved(self._schemas, value)
        return value

    def __iter__(self) -> Iterator[str]:
        """Iterate over the keywords of the schema."""
        return iter(self._schema)

    def __len__(self) -> int:
        """Return the number of keywords."""
        return len(self._schema)


@functools.cache
def builtin_schema(type_: ResourceType) -> Schema:
    """Return the schema for the objects of a built-in resource.

    The first call for a kind loads its models, which takes tenths of a second.
    """
    name = find_model(type_)
    schemas = load_schemas((name,))
    return Resolved(schemas, schemas.get(name, ANYTHING))


@functools.cache
def metadata_schema() -> Schema:
    """Return the schema of the metadata that every object has."""
    schemas = load_schemas((META_MODEL,))
    return Resolved(schemas, schemas[META_MODEL])
