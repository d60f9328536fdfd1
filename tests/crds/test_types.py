"""The definitions and the Python types for them agree, field by field."""

import types
import typing
from collections.abc import Iterator
from enum import StrEnum
from typing import Any

import msgspec
import pytest

from probewatch.core.causes import Cause, Confidence, Pattern, ReadinessReason
from probewatch.core.loops import RECENT_KEPT
from probewatch.core.readiness import LOSSES_KEPT
from probewatch.core.selectors import Operator
from probewatch.kube.owners import LONGEST as OWNER_LONGEST
from probewatch.kube.policies import objects as policy_objects
from probewatch.kube.policies.parsing import FIELDS
from probewatch.kube.reports import objects as report_objects
from probewatch.setting_bounds import BOUNDS
from tests.crds.definitions import Schema, nodes, schema

SIMPLE = {str: "string", int: "integer", float: "number", bool: "boolean"}


@pytest.mark.parametrize(
    ("struct", "node"),
    [
        (policy_objects.Spec, schema("ProbePolicy", "spec")),
        (policy_objects.Status, schema("ProbePolicy", "status")),
        (report_objects.Status, schema("ProbeReport", "status")),
    ],
    ids=["policy spec", "policy status", "report status"],
)
def test_types_and_schema_agree(struct: type[msgspec.Struct], node: Schema) -> None:
    """Type and schema have the same fields, with the same types and bounds."""
    assert [] == list(differences(struct, node, ""))


def differences(kind: Any, node: Schema, path: str) -> Iterator[str]:  # noqa: ANN401  # any type
    """Yield the differences between a type and a schema."""
    metas = []
    while True:
        if typing.get_origin(kind) is typing.Annotated:
            kind, *more = typing.get_args(kind)
            metas += more
        elif typing.get_origin(kind) in {typing.Union, types.UnionType}:
            (kind,) = (each for each in typing.get_args(kind) if each is not type(None))
        else:
            break
    yield from _bounds(metas, node, path)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield from _fields(kind, node, path)
    elif typing.get_origin(kind) is list:
        yield from differences(typing.get_args(kind)[0], node["items"], f"{path}[]")
    elif typing.get_origin(kind) is dict:
        yield from differences(
            typing.get_args(kind)[1], node["additionalProperties"], f"{path}{{}}"
        )
    elif issubclass(kind, StrEnum):
        if [str(each) for each in kind] != node.get("enum"):
            yield f"{path}: {list(kind)} is not {node.get('enum')}"
    elif SIMPLE[kind] != node["type"]:
        yield f"{path}: {kind} is not {node['type']}"


def _fields(kind: type[msgspec.Struct], node: Schema, path: str) -> Iterator[str]:
    hints = typing.get_type_hints(kind, include_extras=True)
    fields = {field.encode_name: hints[field.name] for field in msgspec.structs.fields(kind)}
    properties = node.get("properties", {})
    for name in sorted(fields.keys() ^ properties.keys()):
        yield f"{path}.{name}: only in one of them"
    for name in fields.keys() & properties.keys():
        yield from differences(fields[name], properties[name], f"{path}.{name}")


def _bounds(metas: list[msgspec.Meta], node: Schema, path: str) -> Iterator[str]:
    longest = {"array": "maxItems", "object": "maxProperties", "string": "maxLength"}
    for meta in metas:
        wanted = {
            "minimum": meta.ge,
            "maximum": meta.le,
            longest.get(node["type"], ""): meta.max_length,
        }
        for key, value in wanted.items():
            if value is not None and value != node.get(key):
                yield f"{path}: {key} is {node.get(key)}, not {value}"


def enums(name: str) -> set[tuple[str, ...]]:
    """Return the enums of all fields with this name."""
    return {
        tuple(node["enum"])
        for path, node in nodes()
        if path.startswith("ProbeReport") and path.rpartition(".")[2] == name and "enum" in node
    }


def test_closed_lists_are_those_of_the_core() -> None:
    """Enums have the values of the core, in the same order."""
    causes = tuple(str(each) for each in Cause)

    assert {causes} == enums("cause") == enums("firstCause") == enums("topCause")
    assert {tuple(str(each) for each in Confidence)} == enums("confidence")
    assert {tuple(str(each) for each in ReadinessReason)} == enums("reason")
    assert {tuple(str(each) for each in Pattern if each)} == enums("pattern")
    operators = schema("ProbePolicy", "spec", "selector", "matchExpressions")["items"]
    assert [str(each) for each in Operator] == operators["properties"]["operator"]["enum"]


def test_an_owner_is_bounded_as_the_workload_of_a_report() -> None:
    """An owner reference that is accepted from a pod fits into a report."""
    workload = schema("ProbeReport", "status", "workload")["properties"]

    assert {name: node["maxLength"] for name, node in workload.items()} == {
        _camel(name): most for name, most in OWNER_LONGEST.items()
    }


def test_every_field_of_a_policy_has_its_meaning() -> None:
    """Each field of a policy's spec sets a threshold of the core, except selector and priority."""
    spec = schema("ProbePolicy", "spec")["properties"]
    found = {
        f"{name}.{inner}" if node["type"] == "object" else name
        for name, node in spec.items()
        for inner in node.get("properties", {"": None})
        if name not in {"selector", "priority"}
    }

    assert found == {".".join(_camel(step) for step in path.split(".")) for path in FIELDS}


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(map(str.capitalize, rest))


def test_no_threshold_asks_for_more_than_is_remembered() -> None:
    """The core keeps as many restarts and losses as the largest threshold needs."""
    kept = [RECENT_KEPT, RECENT_KEPT, LOSSES_KEPT]
    limits = [
        node["maximum"]
        for path, node in nodes()
        if path.endswith((".loop.restarts", ".slowLoop.restarts", ".flapping.transitions"))
    ]

    assert kept == limits
    assert kept == [
        BOUNDS[name][1] for name in ("loop_restarts", "slow_loop_restarts", "flap_transitions")
    ]
