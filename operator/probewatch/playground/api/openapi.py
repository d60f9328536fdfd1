"""OpenAPI v3: the fields of every kind, and the options of every request. v2 has no kinds."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from probewatch.playground.api.answers import Answer, answer_json
from probewatch.playground.api.discovery import VERSION, no_such_path
from probewatch.playground.api.requests import Request
from probewatch.playground.api.schemas import META_MODEL, REF, find_model, load_schemas
from probewatch.playground.json_object import JsonObject, Schema
from probewatch.playground.objects.definitions import Version
from probewatch.playground.objects.types import ResourceType, Types

PREFIX = "/openapi/v3"
PREFIX_V2 = "/openapi/v2"
V2_TYPE = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
V2_WITHOUT_KINDS = b"\x0a\x032.0"
"""`swagger: "2.0"` and nothing more, as protobuf."""

WRITE_OPTIONS = ("dryRun", "fieldManager", "fieldValidation", "pretty")
OPTIONS: Mapping[str, tuple[str, ...]] = {
    "get": ("pretty",),
    "put": WRITE_OPTIONS,
    "post": WRITE_OPTIONS,
    "patch": (*WRITE_OPTIONS, "force"),
    "delete": ("dryRun", "gracePeriodSeconds", "propagationPolicy", "pretty"),
}
Definitions = Callable[[], Mapping[tuple[str, str], Version]]


class Documents:
    """Makes the OpenAPI documents, each at its first request.

    Only in the thread of the API server: definitions change what they are made from at any time.
    """

    def __init__(self, types: Types, definitions: Definitions) -> None:
        self._types = types
        self._definitions = definitions
        self._made: dict[str, Answer] = {}
        types.on_change.append(self._made.clear)

    def answer(self, request: Request) -> Answer | None:
        """Answer a request for a document; None for any other request. Raises StatusError 404."""
        path = request.path.rstrip("/")
        if path == PREFIX_V2:
            # kubectl and Helm look here for a kind that v3 does not have. If v2 does not have it
            # either, they go on, and report that its definition is not installed.
            return Answer(body=V2_WITHOUT_KINDS, content_type=V2_TYPE)
        if path == PREFIX:
            return answer_json({"paths": self._index()})
        if not path.startswith(f"{PREFIX}/"):
            return None
        name = path.removeprefix(f"{PREFIX}/")
        if name not in self._made:
            self._made[name] = answer_json(self._make(name))
        return self._made[name]

    def find_models(self, request: Request) -> tuple[str, ...]:
        """Return the models for the requested document; empty if none has to be made.

        If they are loaded beforehand, the answer is made without delay.
        """
        path = request.path.rstrip("/")
        name = path.removeprefix(f"{PREFIX}/")
        types = () if name == path or name in self._made else self._types_in(name)
        return _models(types) if types else ()

    def _types_in(self, name: str) -> tuple[ResourceType, ...]:
        return tuple(item for item in self._types if _document_name(item) == name)

    def _index(self) -> JsonObject:
        names = dict.fromkeys(_document_name(item) for item in self._types)
        return {name: {"serverRelativeURL": f"{PREFIX}/{name}"} for name in names}

    def _make(self, name: str) -> JsonObject:
        types = self._types_in(name)
        if not types:
            raise no_such_path()
        return {
            "openapi": "3.0.0",
            "info": {"title": "probewatch playground", "version": VERSION["gitVersion"]},
            "paths": {path: item for type_ in types for path, item in _paths(type_)},
            "components": {"schemas": self._schemas(types)},
        }

    def _schemas(self, types: Sequence[ResourceType]) -> JsonObject:
        found = dict(load_schemas(_models(types)))
        for type_ in types:
            name = schema_name(type_)
            schema = found.get(name, {"type": "object"})
            if type_.custom:
                schema = _with_head(self._definitions()[type_.store, type_.version].schema)
            found[name] = {**schema, "x-kubernetes-group-version-kind": [_kind(type_)]}
        return found


def _models(types: Iterable[ResourceType]) -> tuple[str, ...]:
    return *(find_model(item) for item in types if not item.custom), META_MODEL


def schema_name(type_: ResourceType) -> str:
    """Return the name of the schema of a resource's objects."""
    if not type_.custom:
        return find_model(type_)
    reverse = ".".join(reversed(type_.group.split(".")))
    return f"{reverse}.{type_.version}.{type_.kind}"


def _document_name(type_: ResourceType) -> str:
    return f"apis/{type_.group}/{type_.version}" if type_.group else f"api/{type_.version}"


def _kind(type_: ResourceType) -> JsonObject:
    return {"group": type_.group, "version": type_.version, "kind": type_.kind}


def _with_head(schema: Schema) -> JsonObject:
    """Return a custom schema with the fields that every object has."""
    head = {
        "apiVersion": {"type": "string", "description": "The version of this form of an object."},
        "kind": {"type": "string", "description": "What the object is."},
        "metadata": {"allOf": [{"$ref": REF + META_MODEL}], "description": "Standard metadata."},
    }
    return {**schema, "properties": {**(schema.get("properties") or {}), **head}}


def _paths(type_: ResourceType) -> Iterable[tuple[str, JsonObject]]:
    place = f"namespaces/{{namespace}}/{type_.plural}" if type_.namespaced else type_.plural
    base = f"/{_document_name(type_)}/{place}"
    yield base, _path(type_, ("get", "post"), with_name=False)
    if type_.is_review:
        return
    yield f"{base}/{{name}}", _path(type_, ("get", "put", "patch", "delete"), with_name=True)
    if type_.has_status:
        yield f"{base}/{{name}}/status", _path(type_, ("get", "put", "patch"), with_name=True)


def _path(type_: ResourceType, methods: Iterable[str], *, with_name: bool) -> JsonObject:
    names = [*(["namespace"] if type_.namespaced else []), *(["name"] if with_name else [])]
    parameters = [_parameter(name, "path") for name in names]
    operations = {method: _operation(type_, method) for method in methods}
    return {**operations, "parameters": parameters}


def _parameter(name: str, place: str) -> JsonObject:
    return {
        "name": name,
        "in": place,
        "required": place == "path",
        "schema": {"type": "string", "uniqueItems": True},
    }


def _operation(type_: ResourceType, method: str) -> JsonObject:
    content = {"application/json": {"schema": {"$ref": REF + schema_name(type_)}}}
    return {
        "operationId": f"{method}{type_.kind}",
        "parameters": [_parameter(name, "query") for name in OPTIONS[method]],
        "responses": {"200": {"description": "OK", "content": content}},
        "x-kubernetes-action": method,
        "x-kubernetes-group-version-kind": _kind(type_),
    }
