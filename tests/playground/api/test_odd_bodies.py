"""Malformed bodies: each is accepted or refused with a reason, never a server error."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.client import Client, pod
from tests.contract.definitions import definition

Json = Any
JsonObject = dict[str, Any]
Path = tuple[str | int, ...]

ODD: tuple[Json, ...] = (None, 1, -1, 1.5, "x", True, [], {}, [1], [{}], [None], {"a": 1})
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
NAMESPACE = "namespaces/default"


def rich_pod() -> JsonObject:
    owner = {"apiVersion": "v1", "kind": "Node", "name": "n", "uid": "u"}
    body = pod("x", metadata={"labels": {"a": "b"}, "ownerReferences": [owner]})
    body["spec"]["containers"][0] |= {
        "livenessProbe": {"httpGet": {"port": 1, "path": "/"}, "periodSeconds": 1},
        "ports": [{"containerPort": 1}],
        "env": [{"name": "a", "value": "b"}],
        "resources": {"limits": {"cpu": "1"}},
    }
    return body


EVENT: JsonObject = {
    "metadata": {"name": "x", "namespace": "default"},
    "eventTime": "2026-11-24T18:00:00.000000Z",
    "reportingController": "probewatch.dev/operator",
    "reportingInstance": "x",
    "action": "a",
    "reason": "r",
    "regarding": {"kind": "Pod", "namespace": "default"},
    "note": "n",
    "type": "Normal",
    "series": {"count": 2, "lastObservedTime": "2026-11-24T18:00:00.000000Z"},
}
BINDING: JsonObject = {
    "metadata": {"name": "x"},
    "roleRef": {"kind": "Role", "name": "r", "apiGroup": "rbac.authorization.k8s.io"},
    "subjects": [{"kind": "User", "name": "u"}],
}
REVIEW: JsonObject = {"spec": {"user": "a", "resourceAttributes": {"verb": "get"}}}
BODIES: dict[str, JsonObject] = {
    f"/api/v1/{NAMESPACE}/pods": rich_pod(),
    f"/apis/events.k8s.io/v1/{NAMESPACE}/events": EVENT,
    f"/apis/rbac.authorization.k8s.io/v1/{NAMESPACE}/rolebindings": BINDING,
    f"/apis/coordination.k8s.io/v1/{NAMESPACE}/leases": {
        "metadata": {"name": "x"},
        "spec": {"holderIdentity": "a", "leaseDurationSeconds": 5},
    },
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions": definition("odd.example.com"),
    "/apis/authorization.k8s.io/v1/subjectaccessreviews": REVIEW,
}


def places(body: Json, path: Path = ()) -> Iterator[Path]:
    """All paths within a body."""
    yield path
    children: Iterator[tuple[str | int, Json]] = iter(())
    if isinstance(body, dict):
        children = iter(body.items())
    elif isinstance(body, list):
        children = iter(enumerate(body))
    for key, child in children:
        yield from places(child, (*path, key))


def replaced(body: JsonObject, path: Path, value: Json) -> Json:
    """A copy of the body with another value at that path."""
    if not path:
        return value
    changed = copy.deepcopy(body)
    inner: Json = changed
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return changed


@pytest.mark.slow
@pytest.mark.parametrize("url", BODIES, ids=lambda url: url.rpartition("/")[2])
async def test_no_body_is_too_odd(api: Client, url: str) -> None:
    """With an odd value at any path, a body is refused or stored, and can be shown and deleted."""
    failures = []
    for path in places(BODIES[url]):
        for value in ODD:
            body = replaced(BODIES[url], path, value)
            reply = await api.call("POST", url, body)
            statuses = [reply.status]
            name = (reply.body.get("metadata") or {}).get("name")
            if reply.status == 201 and name:
                statuses.append((await api.call("GET", url, accept=TABLE)).status)
                statuses.append((await api.call("DELETE", f"{url}/{name}")).status)
            if max(statuses) >= 500:
                failures.append((path, value, statuses))

    assert [] == failures
