"""Field validation: what becomes of fields that a kind does not have."""

from collections.abc import Mapping, Sequence
from typing import Any

from probewatch.playground.api_requests import Request
from probewatch.playground.api_schemas import builtin_schema
from probewatch.playground.objects_definitions import Version
from probewatch.playground.objects_schema_checks import check_types
from probewatch.playground.objects_schemas import find_unknown, prune
from probewatch.playground.objects_status import bad_request
from probewatch.playground.objects_types import ResourceType

JsonObject = dict[str, Any]
Versions = Mapping[tuple[str, str], Version]


def validate_fields(
    type_: ResourceType, request: Request, obj: JsonObject, versions: Versions
) -> tuple[JsonObject, list[str]]:
    """Return *obj* without unknown fields, and the warnings about them.

    Without `fieldValidation`, or with `Ignore`, built-in kinds are taken as they come: to know
    their fields takes loading the models.

    Raises: StatusError 400, if it is to be strict and there are unknown fields, or a field has
    the wrong type.
    """
    mode = request.query.get("fieldValidation", "")
    if mode not in {"", "Ignore", "Warn", "Strict"}:
        listed = 'supported values: "Ignore", "Strict", "Warn"'
        raise bad_request(f'fieldValidation: Unsupported value: "{mode}": {listed}')
    if mode in {"", "Ignore"}:
        return obj, []
    if type_.custom:
        unknown = find_unknown(versions[type_.store, type_.version].schema, obj, is_root=True)
    else:
        schema = builtin_schema(type_)
        _check_types(type_, schema, obj)
        unknown = find_unknown(schema, obj)
        obj = prune(schema, obj)
    problems = [f'unknown field "{path}"' for path in unknown]
    if problems and mode == "Strict":
        raise bad_request(_strict_text(type_, problems))
    return obj, problems


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
    """Return the header that tells the client of warnings."""
    if not warnings:
        return {}
    quoted = (text.replace('"', '\\"') for text in warnings)
    return {"Warning": ", ".join(f'299 - "{text}"' for text in quoted)}
