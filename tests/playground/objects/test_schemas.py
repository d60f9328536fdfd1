"""Structural schemas: validation, pruning, defaults; and validation of definitions."""

from typing import Any

import pytest

from probewatch.playground.objects.definitions import check_definition
from probewatch.playground.objects.schema_checks import check
from probewatch.playground.objects.schemas import fill_defaults, find_unknown, prune
from tests.contract.definitions import definition

JsonObject = dict[str, Any]
INTEGER, STRING = {"type": "integer"}, {"type": "string"}
NAMED = {
    "type": "array",
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["name"],
    "items": {"type": "object"},
}


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "number", "minimum": 1, "exclusiveMinimum": True}, 1),
        ({"type": "number", "maximum": 1, "exclusiveMaximum": True}, 1),
        ({**INTEGER, "multipleOf": 5}, 7),
        (INTEGER, True),
        (INTEGER, None),
        ({"type": "boolean"}, "yes"),
        ({"type": "object"}, []),
        ({**STRING, "minLength": 2}, "a"),
        ({**STRING, "format": "date-time"}, "yesterday"),
        ({**STRING, "format": "date-time"}, "2026-01-01T00:00:00"),
        ({"type": "boolean", "enum": [True]}, False),
        ({"type": "array", "minItems": 1}, []),
        ({"type": "array", "x-kubernetes-list-type": "set"}, ["a", "a"]),
        (NAMED, [{"name": "a"}, {"name": "a", "x": 1}]),
        ({"type": "object", "maxProperties": 1}, {"a": 1, "b": 2}),
        ({"type": "object", "minProperties": 1}, {}),
        ({"type": "object", "required": ["a"]}, {}),
        ({"x-kubernetes-int-or-string": True}, 1.5),
        ({"allOf": [{"maximum": 1}], **INTEGER}, 2),
        ({"anyOf": [{"maximum": 1}, {"minimum": 5}], **INTEGER}, 3),
        ({"oneOf": [{"maximum": 5}, {"minimum": 1}], **INTEGER}, 3),
        ({"not": {"maximum": 5}, **INTEGER}, 3),
    ],
    ids=str,
)
def test_what_schemas_forbid(schema: JsonObject, value: object) -> None:
    """Each violated constraint is reported at its path."""
    whole = {"type": "object", "properties": {"x": schema}}

    (cause,) = check(whole, {"x": value})

    assert cause[0].startswith("x")


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "number", "minimum": 1, "maximum": 1}, 1.0),
        (INTEGER, 3.0),
        ({**INTEGER, "nullable": True}, None),
        ({}, None),
        ({**STRING, "format": "date-time"}, "2026-01-01T00:00:00Z"),
        ({"x-kubernetes-int-or-string": True, "anyOf": [INTEGER, STRING]}, "5%"),
        ({"type": "array", "x-kubernetes-list-type": "set"}, ["a", "b"]),
        (NAMED, [{"name": "a"}, {"name": "b"}]),
        ({"type": "array", "x-kubernetes-list-type": "atomic"}, ["a", "a"]),
        ({"oneOf": [{"maximum": 1}, {"minimum": 5}], **INTEGER}, 7),
    ],
    ids=str,
)
def test_what_schemas_allow(schema: JsonObject, value: object) -> None:
    """Valid values pass."""
    assert [] == check({"type": "object", "properties": {"x": schema}}, {"x": value})


TREE = {
    "type": "object",
    "properties": {
        "a": {**INTEGER, "default": 1},
        "list": {"type": "array", "items": {"type": "object", "properties": {"b": STRING}}},
        "map": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "properties": {"c": {**STRING, "default": "d"}},
            },
        },
        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        "gone": {**STRING, "default": "x", "nullable": True},
    },
}
SENT = {
    "apiVersion": "v1",
    "metadata": {"name": "x"},
    "none": 1,
    "list": [{"b": "x", "odd": 1}],
    "map": {"k": {}},
    "free": {"anything": {"goes": 1}},
    "gone": None,
}


def test_unknown_fields_are_pruned_at_every_depth() -> None:
    """Unknown fields are pruned, unless the schema preserves them."""
    kept = prune(TREE, SENT, is_root=True)

    assert "none" not in kept
    assert [{"b": "x"}] == kept["list"]
    assert SENT["free"] == kept["free"]
    assert {"name": "x"} == kept["metadata"]


def test_unknown_fields_are_reported() -> None:
    """Unknown fields are listed with their paths."""
    assert ["none", "list[0].odd"] == find_unknown(TREE, SENT, is_root=True)


def test_defaults_are_filled_in_at_every_depth() -> None:
    """Defaults are filled in, also within maps; an allowed null stays."""
    filled = fill_defaults(TREE, SENT)

    assert (1, {"k": {"c": "d"}}, None) == (filled["a"], filled["map"], filled["gone"])
    assert "x" == fill_defaults(TREE, {})["gone"]


def changed(**spec: Any) -> JsonObject:  # noqa: ANN401  # any JSON value
    found = definition("g.example.com")
    return {**found, "spec": {**found["spec"], **spec}}


def with_schema(schema: JsonObject) -> JsonObject:
    version = definition("g.example.com")["spec"]["versions"][0]
    return changed(versions=[{**version, "schema": {"openAPIV3Schema": schema}}])


VERSION = "spec.versions[0].schema.openAPIV3Schema"


@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("spec.group", changed(group="")),
        ("spec.names.plural", changed(names={"kind": "Widget"})),
        ("spec.versions", changed(versions=[])),
        ("spec.scope", changed(scope="Everywhere")),
        ("metadata.name", changed(group="other.example.com")),
        (f"{VERSION}.type", with_schema({"type": "array"})),
        (
            f"{VERSION}.properties[a].type",
            with_schema({"type": "object", "properties": {"a": {}}}),
        ),
        (
            f"{VERSION}.additionalProperties.$ref",
            with_schema({"type": "object", "additionalProperties": {**STRING, "$ref": "#/x"}}),
        ),
    ],
    ids=str,
)
def test_definitions_that_are_none(field: str, body: JsonObject) -> None:
    """An invalid definition is refused, and the field is named."""
    assert field in [name for name, _ in check_definition(body, None)]


def test_one_version_is_stored() -> None:
    """Exactly one version has to be the storage version."""
    version = definition("g.example.com")["spec"]["versions"][0]
    both = [version, {**version, "name": "v1"}]

    assert ["spec.versions"] == [name for name, _ in check_definition(changed(versions=both), None)]


def test_a_scope_stays() -> None:
    """The scope of a definition cannot be changed."""
    causes = check_definition(changed(scope="Cluster"), definition("g.example.com"))

    assert ["spec.scope"] == [name for name, _ in causes]
