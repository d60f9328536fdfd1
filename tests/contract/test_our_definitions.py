"""The project's own definitions on an API server, with their objects."""

from collections.abc import AsyncIterator, Callable

import pytest
import yaml

from tests.conftest import REPOSITORY
from tests.contract.client import Client, JsonObject
from tests.contract.definitions import DEFINITIONS, TABLE, TRIES, served

APPLY = "application/apply-patch+yaml"
GROUP = "/apis/probewatch.dev/v1alpha1"
CEL_SINCE = 25


@pytest.fixture(name="policies")
async def _policies(api: Client, namespace: str) -> AsyncIterator[str]:
    """The definitions, installed if they are missing; yields the path of the policies."""
    made = []
    for file in sorted((REPOSITORY / "crds").glob("*.yaml")):
        body = yaml.safe_load(file.read_text(encoding="utf-8"))
        reply = await api.call("POST", DEFINITIONS, body)
        assert reply.status in {201, 409}, reply.text
        if reply.status == 201:
            made.append(body["metadata"]["name"])
    for plural in ("probepolicies", "probereports"):
        await served(api, f"{GROUP}/{plural}")
    yield f"{GROUP}/namespaces/{namespace}/probepolicies"
    for name in made:
        await api.delete(f"{DEFINITIONS}/{name}")
        await gone(api, f"{DEFINITIONS}/{name}")


async def gone(api: Client, path: str) -> None:
    """Wait until *path* is 404: a real server takes a moment."""
    for _ in range(TRIES):
        if (await api.call("GET", path)).status == 404:
            return
    pytest.fail(f"{path} is still there")


def policy(spec: JsonObject, name: str = "one") -> JsonObject:
    head = {"apiVersion": "probewatch.dev/v1alpha1", "kind": "ProbePolicy"}
    return {**head, "metadata": {"name": name}, "spec": spec}


STATUS: JsonObject = {
    "observedGeneration": 1,
    "matchedPods": 3,
    "appliedPods": 2,
    "conditions": [
        {
            "type": "Accepted",
            "status": "True",
            "reason": "InEffect",
            "message": "The policy applies to pods with probes.",
            "lastTransitionTime": "2026-11-20T10:00:00Z",
            "observedGeneration": 1,
        }
    ],
}


async def test_they_are_taken_without_complaint(api: Client, policies: str) -> None:
    """Both are established and structural, without warnings."""
    assert policies
    for plural in ("probepolicies", "probereports"):
        found = await api.get(f"{DEFINITIONS}/{plural}.probewatch.dev")
        conditions = {each["type"]: each["status"] for each in found["status"]["conditions"]}
        assert {"NamesAccepted": "True", "Established": "True"}.items() <= conditions.items()
        assert "NonStructuralSchema" not in conditions


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"loop": {"restarts": 33}}, "spec.loop.restarts"),
        ({"loop": {}}, "spec.loop"),
        ({"historyLimit": 201}, "spec.historyLimit"),
        ({"selector": {"matchLabels": {"app": "-"}}}, "spec.selector.matchLabels.app"),
        ({"selector": {"matchExpressions": [{"key": "a", "operator": "Like"}]}}, "Unsupported"),
    ],
)
async def test_the_schema_refuses(api: Client, policies: str, spec: JsonObject, words: str) -> None:
    """Invalid values are refused, and the field is named."""
    reply = await api.call("POST", policies, policy(spec))

    assert 422 == reply.status
    assert words in reply.body["message"]


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (
            {"loop": {"windowSeconds": 60}, "slowLoop": {"windowSeconds": 60}},
            "the window of a slow loop has to be longer",
        ),
        (
            {"selector": {"matchExpressions": [{"key": "a", "operator": "In"}]}},
            "In and NotIn need values",
        ),
        (
            {
                "selector": {
                    "matchExpressions": [{"key": "a", "operator": "Exists", "values": ["b"]}]
                }
            },
            "Exists and DoesNotExist have none",
        ),
    ],
)
async def test_the_rules_refuse(
    api: Client,
    policies: str,
    needs_minor: Callable[[int], None],
    spec: JsonObject,
    words: str,
) -> None:
    """Contradictory values are refused by CEL rules, with their message."""
    needs_minor(CEL_SINCE)
    reply = await api.call("POST", policies, policy(spec))

    assert 422 == reply.status
    assert words in reply.body["message"]


async def test_a_status_is_applied_to_the_version_that_was_read(api: Client, policies: str) -> None:
    """The status is applied as the operator does it, and only to the version that was read."""
    made = await api.create(policies, policy({}))
    path = f"{policies}/one/status?fieldManager=probewatch&force=true"
    head = {key: made[key] for key in ("apiVersion", "kind")}

    def applied(version: str) -> JsonObject:
        place = made["metadata"]["namespace"]
        metadata = {"name": "one", "namespace": place, "resourceVersion": version}
        return {**head, "metadata": metadata, "status": STATUS}

    other = await api.call("PATCH", path, applied("1"), content_type=APPLY)
    mine = await api.call(
        "PATCH", path, applied(made["metadata"]["resourceVersion"]), content_type=APPLY
    )

    assert (409, 200) == (other.status, mine.status)
    assert STATUS == mine.body["status"]
    assert made["spec"] == mine.body["spec"]
    assert 1 == mine.body["metadata"]["generation"]


async def test_a_status_of_nobody_is_not_found(api: Client, policies: str) -> None:
    """Applying the status of a deleted policy does not create it again."""
    body = {**policy({}, "none"), "status": STATUS}
    body.pop("spec")
    path = f"{policies}/none/status?fieldManager=probewatch&force=true"

    assert 404 == (await api.call("PATCH", path, body, content_type=APPLY)).status


async def test_a_table_tells_what_became_of_it(api: Client, policies: str) -> None:
    """`kubectl get` shows whether it is accepted, why, and the number of pods."""
    made = await api.create(policies, policy({"priority": 7}))
    await api.call(
        "PATCH",
        f"{policies}/one/status?fieldManager=probewatch&force=true",
        {**{key: made[key] for key in ("apiVersion", "kind")}, "status": STATUS}
        | {"metadata": {"name": "one"}},
        content_type=APPLY,
    )
    table = await api.get(policies, accept=TABLE)

    names = [column["name"] for column in table["columnDefinitions"]]
    row = dict(zip(names, table["rows"][0]["cells"], strict=True))
    assert {"Accepted": "True", "Reason": "InEffect", "Priority": 7, "Pods": 2}.items() <= (
        row.items()
    )
