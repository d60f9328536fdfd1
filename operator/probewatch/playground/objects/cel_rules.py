"""`x-kubernetes-validations`: the CEL rules of a schema, checked on an object."""

import functools
import re
from collections.abc import Iterator, Mapping
from typing import Any

from probewatch.playground.json_object import Json, Schema
from probewatch.playground.objects.cel import compile_rule
from probewatch.playground.objects.cel_functions import EvaluationError
from probewatch.playground.objects.cel_operators import Evaluate
from probewatch.playground.objects.cel_tokens import CompilationError
from probewatch.playground.objects.schema_checks import GO_TYPES
from probewatch.playground.objects.status import Cause

VALIDATIONS = "x-kubernetes-validations"
MISSING = object()
_OLD = re.compile(r"\boldSelf\b")
REASONS = {
    "FieldValueDuplicate": "Duplicate value",
    "FieldValueForbidden": "Forbidden",
    "FieldValueRequired": "Required value",
}


@functools.lru_cache(maxsize=1024)
def _compiled(rule: str) -> Evaluate:
    return compile_rule(rule)


def check_rules(schema: Schema, new: Json, old: Json = MISSING, path: str = "") -> Iterator[Cause]:
    """Yield the rules that *new* violates.

    Transition rules, which name `oldSelf`, are checked only if there is an old value.
    """
    for rule in schema.get(VALIDATIONS) or ():
        if old is not MISSING or not _OLD.search(rule["rule"]):
            yield from _check_rule(rule, new, old, path)
    if isinstance(new, list) and isinstance(schema.get("items"), Mapping):
        before = _named(schema, old)
        for number, item in enumerate(new):
            then = before.get(_name(schema, item), MISSING)
            yield from check_rules(schema["items"], item, then, f"{path}[{number}]")
    if isinstance(new, dict):
        yield from _check_fields(schema, new, old, path)


def _check_fields(schema: Schema, new: Mapping[str, Json], old: Json, path: str) -> Iterator[Cause]:
    known, rest = schema.get("properties") or {}, schema.get("additionalProperties")
    for key, item in new.items():
        child = known.get(key) or (rest if isinstance(rest, Mapping) else None)
        if child is not None:
            then = old.get(key, MISSING) if isinstance(old, dict) else MISSING
            yield from check_rules(child, item, then, f"{path}.{key}" if path else key)


def _named(schema: Schema, items: Json) -> Mapping[str, Json]:
    """Return the elements of a list by their map keys; empty for a list without such keys."""
    if not isinstance(items, list):
        return {}
    found = {_name(schema, item): item for item in items}
    found.pop("", None)
    return found


def _name(schema: Schema, item: Json) -> str:
    keys = schema.get("x-kubernetes-list-map-keys") or ()
    if not keys or not isinstance(item, dict):
        return ""
    return repr([item.get(key) for key in keys])


def _check_rule(rule: Mapping[str, Any], new: Json, old: Json, path: str) -> Iterator[Cause]:
    scope = {"self": new} if old is MISSING else {"self": new, "oldSelf": old}
    field = f"{path}{rule.get('fieldPath') or ''}".lstrip(".")
    kind = GO_TYPES.get(type(new), "object")
    try:
        if _compiled(rule["rule"])(scope) is True:
            return
    except (EvaluationError, TypeError, AttributeError) as error:
        text = f"rule evaluation error: {error}"
        yield field, f'Invalid value: "{kind}": {text} evaluating rule: {_message(rule)}'
        return
    head = REASONS.get(rule.get("reason") or "", f'Invalid value: "{kind}"')
    yield field, f"{head}: {_message(rule)}"


def _message(rule: Mapping[str, Any]) -> str:
    return rule.get("message") or f"failed rule: {rule['rule']}"


def check_compilation(schema: Schema, field: str) -> Iterator[Cause]:
    """Yield the rules of a schema that cannot be compiled."""
    for number, rule in enumerate(schema.get(VALIDATIONS) or ()):
        try:
            _compiled(rule.get("rule") or "")
        except CompilationError as error:
            place = f"{field}.{VALIDATIONS}[{number}].rule"
            yield place, f'Invalid value: "{rule.get("rule")}": compilation failed: {error}'
