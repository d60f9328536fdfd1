"""CEL rules: evaluation of expressions, and validation of objects."""

from typing import Any

import pytest
import yaml

from probewatch.playground.objects.cel import compile_rule
from probewatch.playground.objects.cel_functions import EvaluationError
from probewatch.playground.objects.cel_rules import check_compilation, check_rules
from probewatch.playground.objects.cel_tokens import CompilationError
from tests.conftest import REPOSITORY

SELF = {
    "name": "abc",
    "size": 3,
    "ratio": 0.5,
    "on": True,
    "list": [1, 2, 3],
    "items": [{"k": "a", "v": 1}, {"k": "b", "v": 2}],
    "map": {"x": "y"},
    "span": "1h30m",
    "loop": 4,
    "a/b-c.d__e": 5,
}


@pytest.mark.parametrize(
    "expression",
    [
        "true",
        "!false",
        "self.size == 3 && self.size != 4 && self.size < 4 && self.size <= 3",
        "self.size > 2 || self.none == 1",
        "self.none == 1 || true",
        "!(self.none == 1 && false)",
        "self.size + 2 * 3 == 9",
        "(self.size + 2) * 3 == 15",
        "7 / 2 == 3 && 7 % 2 == 1 && 7.0 / 2.0 == 3.5",
        "-7 / 2 == -3 && 7 / -2 == -3 && -7 / -2 == 3 && -6 / 3 == -2 && 1 / -2 == 0",
        "-7 % 2 == -1 && 7 % -2 == 1 && -7 % -2 == -1 && 6 % -3 == 0",
        "-self.size == 0 - 3",
        "self.on ? self.size == 3 : self.none",
        "has(self.name) && !has(self.none) && has(self.map.x) && !has(self.map.none)",
        "!has(self.none) || has(self.none.deeper)",
        "size(self.list) == 3 && self.list.size() == 3 && size(self.name) == 3",
        "2 in self.list && !(9 in self.list) && 'x' in self.map",
        "self.name in ['abc', \"d\"]",
        "self.list[0] == 1 && self.map['x'] == 'y'",
        "self.list.all(i, i > 0) && !self.list.all(i, i > 1)",
        "self.items.exists(i, i.k == 'b' && i.v == 2)",
        "self.items.exists_one(i, i.v == 1)",
        "self.list.filter(i, i > 1).size() == 2",
        "self.list.map(i, i * 2) == [2, 4, 6]",
        "self.name.startsWith('a') && self.name.endsWith('c') && self.name.contains('b')",
        "self.name.matches('^[a-c]+$') && !self.name.matches('^x')",
        "duration(self.span) > duration('1h')",
        "timestamp('2026-01-02T00:00:00Z') > timestamp('2026-01-01T00:00:00Z')",
        "int('5') == 5 && double('0.5') == self.ratio && string(5) == '5'",
        r"'it\'s' == \"it's\" && r'\d' == '\\d'".replace('\\"', '"'),
        "null == null",
        "has(self.__loop__) && self.__loop__ == 4 && !has(self.__namespace__)",
        "self.a__slash__b__dash__c__dot__d__underscores__e == 5",
        "!has(self.__size__) && !has(self.__none)",
    ],
)
def test_what_is_true(expression: str) -> None:
    """Each of these expressions is true."""
    assert True is compile_rule(expression)({"self": SELF})


@pytest.mark.parametrize(
    "expression",
    [
        "self.none",
        "self.size && true",
        "self.list[9]",
        "size(1)",
        "1 / 0",
        "1 % 0",
        "'a' < 1",
        "int('x')",
        "has(self.none.deeper)",
        "has(self.name.deeper)",
    ],
)
def test_what_has_no_value(expression: str) -> None:
    """A missing field or a wrong type is an evaluation error."""
    with pytest.raises(EvaluationError):
        compile_rule(expression)({"self": SELF})


@pytest.mark.parametrize(
    "expression",
    [
        *("", "self.", "self.a b", "frobnicate(self)", "self.x.frob()", "(1", "#", "1 +"),
        *("has(self)", "has(self['name'])", "has(1 + 1)"),
        *("self.loop", "has(self.namespace)"),
    ],
)
def test_what_is_not_understood(expression: str) -> None:
    """An unsupported expression is refused when it is compiled."""
    with pytest.raises(CompilationError):
        compile_rule(expression)


def schema(**rule: str) -> dict[str, Any]:
    return {"type": "object", "x-kubernetes-validations": [rule]}


def test_a_rule_that_is_broken() -> None:
    """A violated rule is reported with its message, at its field path."""
    rules = schema(rule="self.a <= self.b", message="a cannot be above b", fieldPath=".a")
    whole = {"type": "object", "properties": {"spec": rules}}

    causes = list(check_rules(whole, {"spec": {"a": 2, "b": 1}}))

    assert [("spec.a", 'Invalid value: "object": a cannot be above b')] == causes
    assert [] == list(check_rules(whole, {"spec": {"a": 1, "b": 1}}))


def test_a_rule_without_a_message() -> None:
    """Without a message the rule itself is reported; a reason replaces the value."""
    rules = schema(rule="self.a", reason="FieldValueForbidden")

    assert [("", "Forbidden: failed rule: self.a")] == list(check_rules(rules, {"a": False}))


def test_a_rule_that_cannot_be_evaluated() -> None:
    """An object for which a rule cannot be evaluated is refused."""
    ((field, text),) = check_rules(schema(rule="self.none"), {"a": 1})

    assert ("", True) == (field, "rule evaluation error" in text)


def test_a_rule_on_a_change() -> None:
    """Rules with `oldSelf` apply to updates only."""
    rules = schema(rule="self.a == oldSelf.a", message="a stays")

    assert [] == list(check_rules(rules, {"a": 2}))
    assert 1 == len(list(check_rules(rules, {"a": 2}, {"a": 1})))
    assert [] == list(check_rules(rules, {"a": 1}, {"a": 1}))


def test_rules_of_elements() -> None:
    """Rules of list and map elements are checked for each; old elements are found by key."""
    item = schema(rule="self.v >= oldSelf.v", message="only up")
    items = {"type": "array", "items": item, "x-kubernetes-list-map-keys": ["k"]}
    values = {"type": "object", "additionalProperties": schema(rule="self.v > 0")}
    whole = {"properties": {"items": items, "values": values}}
    old = {"items": [{"k": "a", "v": 2}]}
    new = {"items": [{"k": "b", "v": 0}, {"k": "a", "v": 1}], "values": {"x": {"v": 0}}}

    fields = [field for field, _ in check_rules(whole, new, old)]

    assert ["items[1]", "values.x"] == fields


def test_rules_are_compiled_with_the_schema() -> None:
    """A rule that does not compile is reported at its path."""
    ((field, text),) = check_compilation(schema(rule="self.(", message="m"), "schema")

    assert "schema.x-kubernetes-validations[0].rule" == field
    assert "compilation failed" in text


def test_our_own_rules_are_understood() -> None:
    """Every rule in crds/ can be compiled."""
    checked = [
        part
        for path in (REPOSITORY / "crds").glob("*.yaml")
        for version in yaml.safe_load(path.read_text(encoding="utf-8"))["spec"]["versions"]
        for part in parts(version["schema"]["openAPIV3Schema"])
    ]

    assert any("x-kubernetes-validations" in part for part in checked)
    assert [] == [cause for part in checked for cause in check_compilation(part, "")]


def parts(found: Any) -> list[dict[str, Any]]:  # noqa: ANN401  # any JSON value
    """Every object within a schema."""
    if isinstance(found, list):
        return [part for item in found for part in parts(item)]
    if not isinstance(found, dict):
        return []
    return [found, *(part for item in found.values() for part in parts(item))]
