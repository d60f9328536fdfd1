"""Field validation: unknown fields are dropped, warned about or rejected."""

from collections.abc import Mapping, Sequence
from typing import Any

from probewatch.playground.api.requests import Request
from probewatch.playground.api.schemas import builtin_schema, metadata_schema
from probewatch.playground.json_object import JsonObject
from probewatch.playground.objects.definitions import Version
from probewatch.playground.objects.schema_checks import check_types
from probewatch.playground.objects.schemas import find_unknown, prune, without_nulls
from probewatch.playground.objects.status import bad_request
from probewatch.playground.objects.types import ResourceType

Versions = Mapping[tuple[str, str], Version]


def validate_fields(
    type_: ResourceType, request: Request, obj: JsonObject, versions: Versions
) -> tuple[JsonObject, list[str]]:
    """Return *obj* without unknown fields, and warnings about them.

    Unknown fields of custom resources are pruned later, by the registry. Raises StatusError 400
    if a field has the wrong type, or if there are unknown fields and the mode is `Strict`.
    """
    mode = request.query.get("fieldValidation") or "Warn"
    if mode not in {"Ignore", "Warn", "Strict"}:
        listed = 'supported values: "Ignore", "Strict", "Warn"'
        raise bad_request(f'fieldValidation: Unsupported value: "{mode}": {listed}')
    if type_.custom:
        schema = versions[type_.store, type_.version].schema
        _check_metadata(type_, obj)
    else:
        schema = builtin_schema(type_)
        _check_types(type_, schema, obj)
    unknown = [] if mode == "Ignore" else find_unknown(schema, obj, is_root=type_.custom)
    problems = [f'unknown field "{path}"' for path in unknown]
    if problems and mode == "Strict":
        raise bad_request(_strict_text(type_, problems))
    return (obj if type_.custom else without_nulls(prune(schema, obj))), problems


def _check_metadata(type_: ResourceType, obj: JsonObject) -> None:
    """Check the metadata of a custom object, which its own schema does not describe."""
    schema = metadata_schema()
    _check_types(type_, {"properties": {"metadata": schema}}, obj)


def _strict_text(type_: ResourceType, problems: list[str]) -> str:
    what = f"{type_.kind} in version {type_.version!r} cannot be handled as a {type_.kind}"
    return f"{what.replace(chr(39), chr(34))}: strict decoding error: {', '.join(problems)}"


def _check_types(type_: ResourceType, schema: Mapping[str, Any], obj: JsonObject) -> None:
    problems = check_types(schema, obj)
    if problems:
        path, wanted = problems[0]
        raise bad_request(
            f'{type_.kind} in version "{type_.version}" cannot be handled as a {type_.kind}: json: '
            f"cannot unmarshal into Go struct field {type_.kind}.{path} of type {wanted}"
        )


def render_warnings(warnings: Sequence[str]) -> Mapping[str, str]:
    """Return the header with the warnings; none without any."""
    if not warnings:
        return {}
    quoted = (text.replace('"', '\\"') for text in warnings)
    return {"Warning": ", ".join(f'299 - "{text}"' for text in quoted)}


def load_fields(type_: ResourceType) -> None:
    """Load the schemas that validation needs for a resource, which may take a moment."""
    if type_.custom:
        metadata_schema()
    else:
        builtin_schema(type_)
