"""The quality of the definitions: described, typed, bounded, and readable in kubectl."""

import re
from typing import Any

import pytest

from probewatch.playground.objects.definitions import check_definition
from tests.crds.definitions import FILES, Schema, definition, nodes, schema, version, walk

KINDS = list(FILES)
CONDITION_FIELDS = {"type", "status", "lastTransitionTime", "reason", "message"}
HARMLESS_DEFAULTS = {"ProbePolicy.spec.priority": 0}
"""Defaults that mean the same as a missing field."""


def paths(problem: Any) -> list[str]:  # noqa: ANN401  # a function of a node
    """Return the paths of the nodes that have a problem."""
    return [path for path, node in nodes() if problem(node)]


def test_every_field_is_described() -> None:
    """Each field has a description that ends with a full stop."""
    assert [] == paths(lambda node: not re.search(r"\S.*[.]$", node.get("description", "")))


def test_every_field_has_a_type() -> None:
    """Each field has exactly one type, and unknown fields are pruned."""
    known = {"string", "integer", "number", "boolean", "array", "object"}
    assert [] == paths(lambda node: node.get("type") not in known)
    assert [] == paths(lambda node: "x-kubernetes-preserve-unknown-fields" in node)
    assert [] == paths(lambda node: {"anyOf", "oneOf", "allOf", "not", "nullable"} & node.keys())


def is_unbounded(node: Schema) -> bool:
    """Whether a value of the node may have any size."""
    match node["type"]:
        case "string":
            return not ("maxLength" in node or node.get("enum"))
        case "integer" | "number":
            return not {"minimum", "maximum"} <= node.keys()
        case "array":
            return "maxItems" not in node or "items" not in node
        case "object":
            is_map = "additionalProperties" in node
            return "maxProperties" not in node if is_map else "properties" not in node
        case _:
            return False


def test_every_field_is_bounded() -> None:
    """Each string, number, list and map has a maximum."""
    assert [] == paths(is_unbounded)


def test_integers_have_a_format_that_holds_them() -> None:
    """Each integer has a format, and its maximum fits into it."""
    sizes = {"int32": 2**31 - 1, "int64": 2**53 - 1}
    assert [] == paths(
        lambda node: node["type"] == "integer" and node["maximum"] > sizes[node["format"]]
    )


def test_patterns_are_anchored() -> None:
    """Each pattern compiles and matches the whole value."""
    assert [] == paths(lambda node: not re.fullmatch(r"\^.*\$", node.get("pattern", "^$")))
    for _, node in nodes():
        re.compile(node.get("pattern", ""))


def test_lists_say_how_they_are_merged() -> None:
    """Each list has a list type, and the keys of a map-like list are required."""
    assert [] == paths(
        lambda node: node["type"] == "array" and "x-kubernetes-list-type" not in node
    )
    for path, node in nodes():
        keys = set(node.get("x-kubernetes-list-map-keys", ()))
        assert keys <= set(node.get("items", {}).get("required", ())), path


def test_required_fields_exist() -> None:
    """Each required field is defined."""
    assert [] == paths(
        lambda node: not set(node.get("required", ())) <= node.get("properties", {}).keys()
    )


def test_defaults_change_no_meaning() -> None:
    """No default sets a threshold: the operator decides on missing ones, after an upgrade too."""
    assert {path: node["default"] for path, node in nodes() if "default" in node} == (
        HARMLESS_DEFAULTS
    )


def test_closed_lists_are_lists() -> None:
    """No enum contains a value twice."""
    assert [] == paths(lambda node: len(node.get("enum", ())) != len(set(node.get("enum", ()))))


@pytest.mark.parametrize("kind", KINDS)
def test_conditions_are_those_of_the_api(kind: str) -> None:
    """Conditions have the fields and the merge key of metav1.Condition."""
    conditions = schema(kind, "status", "conditions")

    assert ("map", ["type"]) == (
        conditions["x-kubernetes-list-type"],
        conditions["x-kubernetes-list-map-keys"],
    )
    assert CONDITION_FIELDS == set(conditions["items"]["required"])
    assert CONDITION_FIELDS | {"observedGeneration"} == conditions["items"]["properties"].keys()
    assert ["True", "False", "Unknown"] == conditions["items"]["properties"]["status"]["enum"]


@pytest.mark.parametrize(
    ("kind", "plural", "short"),
    [("ProbePolicy", "probepolicies", "ppol"), ("ProbeReport", "probereports", "prep")],
)
def test_names_are_the_promised_ones(kind: str, plural: str, short: str) -> None:
    """Clients depend on group, version, scope, names and the status subresource."""
    found = definition(kind)
    spec = found["spec"]

    assert f"{plural}.probewatch.dev" == found["metadata"]["name"]
    assert ("probewatch.dev", "Namespaced") == (spec["group"], spec["scope"])
    assert {
        "kind": kind,
        "listKind": f"{kind}List",
        "plural": plural,
        "singular": kind.lower(),
        "shortNames": [short],
        "categories": ["probewatch"],
    } == spec["names"]
    assert ("v1alpha1", True, True, {"status": {}}) == tuple(
        version(kind)[key] for key in ("name", "served", "storage", "subresources")
    )


@pytest.mark.parametrize("kind", KINDS)
def test_columns_show_what_is_there(kind: str) -> None:
    """Each printer column has a description, and the type of the field that it shows."""
    known = dict(walk(schema(kind)))
    columns = version(kind)["additionalPrinterColumns"]

    assert columns
    for column in columns:
        path = re.sub(r"\[\?\([^)]*\)\]", "[]", column["jsonPath"])
        assert column["description"], column["name"]
        if path == ".metadata.creationTimestamp":
            continue
        node = known[path]
        wanted = "date" if node.get("format") == "date-time" else node["type"]
        assert wanted == column["type"], column["name"]


@pytest.mark.parametrize("kind", KINDS)
def test_an_api_server_takes_the_definition(kind: str) -> None:
    """The checks that an API server makes, also of validation rules, find no fault."""
    assert [] == check_definition(definition(kind), None)
