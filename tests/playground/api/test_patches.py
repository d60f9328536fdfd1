"""Patches as pure functions from an object and a patch to an object."""

from typing import Any

import pytest

from probewatch.playground.api.patches import json_patch, merge_patch, strategic_merge
from probewatch.playground.objects.status import StatusError

Json = Any


@pytest.mark.parametrize(
    ("expected", "target", "patch"),
    [
        ({"a": 1, "b": 2}, {"a": 1}, {"b": 2}),
        ({"b": 2}, {"a": 1, "b": 2}, {"a": None}),
        ({"a": {"c": 3}}, {"a": {"b": 2}}, {"a": {"b": None, "c": 3}}),
        ({"a": [3]}, {"a": [1, 2]}, {"a": [3]}),
        ({"a": {"b": 1}}, {"a": "text"}, {"a": {"b": 1}}),
        ({"a": {}}, {}, {"a": {"b": None}}),
    ],
)
def test_merge_patch(expected: Json, target: Json, patch: Json) -> None:
    """RFC 7386: objects are merged, null removes, anything else replaces."""
    assert expected == merge_patch(target, patch)


CONTAINERS = {"containers": [{"name": "a", "image": "x"}, {"name": "b", "image": "y"}]}


@pytest.mark.parametrize(
    ("expected", "target", "patch"),
    [
        pytest.param(
            {"containers": [{"name": "a", "image": "z"}, {"name": "b", "image": "y"}]},
            CONTAINERS,
            {"containers": [{"name": "a", "image": "z"}]},
            id="an element by its name",
        ),
        pytest.param(
            {"containers": [{"name": "b", "image": "y"}]},
            CONTAINERS,
            {"containers": [{"name": "a", "$patch": "delete"}]},
            id="an element taken away",
        ),
        pytest.param(
            {"containers": [{"name": "c"}]},
            CONTAINERS,
            {"containers": [{"$patch": "replace"}, {"name": "c"}]},
            id="a list replaced",
        ),
        pytest.param(
            {"containers": [{"name": "b", "image": "y"}, {"name": "a", "image": "x"}]},
            CONTAINERS,
            {"containers": [], "$setElementOrder/containers": [{"name": "b"}, {"name": "a"}]},
            id="an order",
        ),
        pytest.param(
            {"a": {"y": 2}},
            {"a": {"x": 1}},
            {"a": {"$patch": "replace", "y": 2}},
            id="an object replaced",
        ),
        pytest.param({}, {"a": {"x": 1}}, {"a": {"$patch": "delete"}}, id="an object deleted"),
        pytest.param(
            {"strategy": {"type": "Recreate"}},
            {"strategy": {"type": "RollingUpdate", "rollingUpdate": {}}},
            {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}},
            id="only some keys kept",
        ),
        pytest.param(
            {"finalizers": ["a", "b"]}, {"finalizers": ["a"]}, {"finalizers": ["b"]}, id="a set"
        ),
        pytest.param(
            {"finalizers": ["b"]},
            {"finalizers": ["a", "b"]},
            {"$deleteFromPrimitiveList/finalizers": ["a"]},
            id="values taken from a set",
        ),
        pytest.param(
            {"tolerations": [{"key": "b"}]},
            {"tolerations": [{"key": "a"}]},
            {"tolerations": [{"key": "b"}]},
            id="a list that is one value",
        ),
        pytest.param(
            {"ports": [{"port": 80, "name": "x"}, {"port": 81}]},
            {"ports": [{"port": 80}]},
            {"ports": [{"port": 80, "name": "x"}, {"port": 81}]},
            id="ports of a service",
        ),
        pytest.param(
            {"ports": [{"containerPort": 80, "name": "x"}]},
            {"ports": [{"containerPort": 80}]},
            {"ports": [{"containerPort": 80, "name": "x"}]},
            id="ports of a container",
        ),
    ],
)
def test_strategic_merge(expected: Json, target: Json, patch: Json) -> None:
    """Lists with merge keys are merged element by element, and directives are followed."""
    assert expected == strategic_merge(target, patch)


def test_an_element_must_have_its_name() -> None:
    """A patch of a list element without its merge key is refused."""
    with pytest.raises(StatusError, match="declared merge key"):
        strategic_merge(CONTAINERS, {"containers": [{"image": "z"}]})


@pytest.mark.parametrize(
    ("expected", "target", "operation"),
    [
        ({"a": 1}, {}, {"op": "add", "path": "/a", "value": 1}),
        ({"a": [1, 2]}, {"a": [2]}, {"op": "add", "path": "/a/0", "value": 1}),
        ({"a": [2, 1]}, {"a": [2]}, {"op": "add", "path": "/a/-", "value": 1}),
        ({"a": [{"b": 2}]}, {"a": [{"b": 1}]}, {"op": "replace", "path": "/a/0/b", "value": 2}),
        ({}, {"a": 1}, {"op": "remove", "path": "/a"}),
        ({"a": [1]}, {"a": [1, 2]}, {"op": "remove", "path": "/a/1"}),
        ({"a": [{}]}, {"a": [{"b": 1}]}, {"op": "remove", "path": "/a/0/b"}),
        ({"a": [1, 2]}, {"a": [1, 2, 3]}, {"op": "remove", "path": "/a/-1"}),
        ({"a": [2, 3]}, {"a": [1, 2, 3]}, {"op": "remove", "path": "/a/-3"}),
        ({"a": [1, 9, 3]}, {"a": [1, 2, 3]}, {"op": "replace", "path": "/a/-2", "value": 9}),
        ({"a": [1, 2, 9]}, {"a": [1, 2]}, {"op": "add", "path": "/a/-1", "value": 9}),
        ({"a": [9, 1, 2]}, {"a": [1, 2]}, {"op": "add", "path": "/a/-3", "value": 9}),
        ({"a": [{}, {"b": 2}]}, {"a": [{}, {}]}, {"op": "add", "path": "/a/-1/b", "value": 2}),
        ({"b": 1}, {"a": 1}, {"op": "move", "from": "/a", "path": "/b"}),
        ({"a": 1, "b": 1}, {"a": 1}, {"op": "copy", "from": "/a", "path": "/b"}),
        ({"a/b": 2}, {"a/b": 1}, {"op": "replace", "path": "/a~1b", "value": 2}),
        ({"a~b": 2}, {"a~b": 1}, {"op": "replace", "path": "/a~0b", "value": 2}),
        ({"b": 1}, {"a": 1}, {"op": "replace", "path": "", "value": {"b": 1}}),
        ({"a": 1}, {"a": 1}, {"op": "test", "path": "/a", "value": 1}),
    ],
)
def test_json_patch(expected: Json, target: Json, operation: Json) -> None:
    """RFC 6902; as in kube-apiserver negative indices count from the end."""
    assert expected == json_patch(target, [operation])


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "replace", "path": "/none", "value": 1},
        {"op": "remove", "path": "/none"},
        {"op": "add", "path": "/a/9", "value": 1},
        {"op": "add", "path": "/a/-3", "value": 1},
        {"op": "remove", "path": "/a/-2"},
        {"op": "replace", "path": "/a/-2", "value": 1},
        {"op": "add", "path": "/none/b", "value": 1},
        {"op": "test", "path": "/a", "value": "other"},
        {"op": "twist", "path": "/a"},
        {"op": "add", "path": "a", "value": 1},
        {"path": "/a"},
    ],
    ids=str,
)
def test_a_json_patch_that_does_not_fit(operation: Json) -> None:
    """An operation that does not apply refuses the whole patch."""
    with pytest.raises(StatusError) as caught:
        json_patch({"a": [1]}, [operation])

    assert 422 == caught.value.code


def test_patches_leave_the_target_alone() -> None:
    """A patch never changes its target in place."""
    target = {"a": {"b": 1}, "containers": [{"name": "a"}]}
    before = repr(target)
    merge_patch(target, {"a": {"b": 2}})
    strategic_merge(target, {"containers": [{"name": "a", "image": "x"}]})
    json_patch(target, [{"op": "remove", "path": "/a/b"}])

    assert before == repr(target)
