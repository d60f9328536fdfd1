"""CustomResourceDefinitions, and the custom resources they define."""

import secrets
from collections.abc import AsyncIterator

import pytest
import yaml

from tests.conftest import REPOSITORY
from tests.contract.client import Client, JsonObject
from tests.contract.definitions import (
    DEFINITIONS,
    TABLE,
    definition,
    served,
)

MERGE = "application/merge-patch+json"


@pytest.fixture(name="group")
async def _group(api: Client) -> AsyncIterator[str]:
    """A unique API group with the resource widgets."""
    name = f"g{secrets.token_hex(4)}.example.com"
    await api.create(DEFINITIONS, definition(name))
    await served(api, f"/apis/{name}/v1alpha1/widgets")
    yield name
    await api.delete(f"{DEFINITIONS}/widgets.{name}")


@pytest.fixture(name="widgets")
def _widgets(group: str, namespace: str) -> str:
    return f"/apis/{group}/v1alpha1/namespaces/{namespace}/widgets"


def widget(group: str, **spec: object) -> JsonObject:
    head = {"apiVersion": f"{group}/v1alpha1", "kind": "Widget"}
    return {**head, "metadata": {"name": "one"}, "spec": {"name": "abc", **spec}}


async def test_a_definition_is_established(api: Client, group: str) -> None:
    """Its conditions say that its names are accepted and that it is served."""
    found = await api.get(f"{DEFINITIONS}/widgets.{group}")

    conditions = {item["type"]: item["status"] for item in found["status"]["conditions"]}
    assert {"NamesAccepted": "True", "Established": "True"}.items() <= conditions.items()
    assert "WidgetList" == found["status"]["acceptedNames"]["listKind"]
    assert ["v1alpha1"] == found["status"]["storedVersions"]


async def test_a_definition_is_discovered(api: Client, group: str) -> None:
    """The new resource is in discovery with its names and subresources."""
    await served(api, f"/apis/{group}/v1alpha1")
    found = await api.get(f"/apis/{group}/v1alpha1")

    resources = {item["name"]: item for item in found["resources"]}
    assert {"widgets", "widgets/status"} == resources.keys()
    assert ("Widget", ["wd"], ["parts"]) == tuple(
        resources["widgets"][key] for key in ("kind", "shortNames", "categories")
    )


async def test_defaults_are_filled_in(api: Client, group: str, widgets: str) -> None:
    """The schema's defaults are filled in on creation."""
    made = await api.create(widgets, widget(group))

    assert {"name": "abc", "size": 3} == made["spec"]
    assert 1 == made["metadata"]["generation"]


async def test_unknown_fields_are_pruned(api: Client, group: str, widgets: str) -> None:
    """Fields missing from the schema are pruned."""
    made = await api.create(widgets, {**widget(group, extra=1, labels={"x": "y"}), "more": {}})

    assert "more" not in made
    assert {"name": "abc", "size": 3, "labels": {"x": "y"}} == made["spec"]


@pytest.mark.parametrize(
    ("field", "spec"),
    [
        ("spec.name", {"name": None}),
        ("spec.name", {"name": "ABC"}),
        ("spec.name", {"name": "a" * 9}),
        ("spec.size", {"size": 0}),
        ("spec.size", {"size": 11}),
        ("spec.size", {"size": "big"}),
        ("spec.size", {"size": 1.5}),
        ("spec.mode", {"mode": "odd"}),
        ("spec.steps", {"steps": ["a", "b", "c"]}),
        ("spec.steps", {"steps": ["a", 2]}),
        ("spec.limit", {"limit": True}),
        ("spec.labels.x", {"labels": {"x": 1}}),
        ("spec", {"name": "abc"}),
    ],
    ids=str,
)
async def test_schemas_are_enforced(
    api: Client, group: str, widgets: str, field: str, spec: JsonObject
) -> None:
    """A value that violates the schema is refused, and the field is named."""
    body = widget(group, **spec)
    body["spec"] = {key: value for key, value in body["spec"].items() if value is not None}
    if field == "spec":
        body["spec"] = "text"

    reply = await api.call("POST", widgets, body)

    assert (422, "Invalid") == (reply.status, reply.body["reason"]), reply.text
    fields = [cause["field"] for cause in reply.body["details"]["causes"]]
    # Newer servers name the list's element, older ones the list.
    assert field in {name.partition("[")[0] for name in fields}


async def test_what_fits_the_schema_is_taken(api: Client, group: str, widgets: str) -> None:
    """Valid values of all types are stored."""
    spec = {"size": 10, "mode": "fast", "steps": ["a"], "ratio": 1.5, "limit": "5%"}

    made = await api.create(widgets, widget(group, **spec))

    assert {"name": "abc", **spec} == made["spec"]


async def test_a_custom_status_is_written_by_itself(api: Client, group: str, widgets: str) -> None:
    """Status and spec are written separately; only the spec raises the generation."""
    made = await api.create(widgets, {**widget(group), "status": {"count": 9}})
    path = f"{widgets}/one"

    main = await api.patch(path, {"spec": {"size": 4}, "status": {"count": 8}})
    patch = {"spec": {"size": 5}, "status": {"count": 7}, "metadata": {"labels": {"a": "b"}}}
    status = await api.patch(f"{path}/status", patch)

    assert "status" not in made
    assert ({"name": "abc", "size": 4}, None, 2) == (
        main["spec"],
        main.get("status"),
        main["metadata"]["generation"],
    )
    assert (4, {"count": 7}, 2) == (
        status["spec"]["size"],
        status["status"],
        status["metadata"]["generation"],
    )
    assert "labels" not in status["metadata"]


async def test_a_custom_status_is_checked(api: Client, group: str, widgets: str) -> None:
    """An invalid status is refused as well."""
    await api.create(widgets, widget(group))
    patch = {"status": {"count": "many"}}

    reply = await api.call("PATCH", f"{widgets}/one/status", patch, content_type=MERGE)

    assert 422 == reply.status


async def test_a_custom_update_names_its_version(api: Client, group: str, widgets: str) -> None:
    """A custom resource is only replaced with the current resourceVersion."""
    made = await api.create(widgets, widget(group))
    current = await api.patch(f"{widgets}/one", {"spec": {"size": 4}})

    blind = await api.call("PUT", f"{widgets}/one", widget(group))
    late = await api.call("PUT", f"{widgets}/one", made)
    fresh = await api.call("PUT", f"{widgets}/one", current)

    assert (422, 409, 200) == (blind.status, late.status, fresh.status)


async def test_custom_objects_know_no_strategic_merge(
    api: Client, group: str, widgets: str
) -> None:
    """Custom resources do not support strategic merge patches."""
    await api.create(widgets, widget(group))

    kind = "application/strategic-merge-patch+json"
    reply = await api.call("PATCH", f"{widgets}/one", {}, content_type=kind)

    assert 415 == reply.status


async def test_columns_are_printed(api: Client, group: str, widgets: str) -> None:
    """A table has the columns of the definition."""
    await api.create(widgets, widget(group))
    await api.patch(f"{widgets}/one/status", {"status": {"count": 7, "note": "fine"}})

    table = await api.get(widgets, accept=TABLE)

    names = [column["name"] for column in table["columnDefinitions"]]
    assert ["Name", "Size", "Count", "Note"] == names
    assert ["one", 3, 7, "fine"] == table["rows"][0]["cells"]
    assert 1 == table["columnDefinitions"][3]["priority"]


async def test_custom_objects_are_watched(api: Client, group: str, widgets: str) -> None:
    """Watch events of custom resources have kind and version."""
    since = (await api.get(widgets))["metadata"]["resourceVersion"]
    await api.create(widgets, widget(group))

    async with api.watch(widgets, f"resourceVersion={since}") as stream:
        kind, obj = await stream.next()

    assert ("ADDED", f"{group}/v1alpha1", "Widget") == (kind, obj["apiVersion"], obj["kind"])


async def test_watches_end_with_their_definition(api: Client, namespace: str) -> None:
    """Deleting a definition deletes its objects and ends their watches."""
    group = f"g{secrets.token_hex(4)}.example.com"
    await api.create(DEFINITIONS, definition(group))
    path = f"/apis/{group}/v1alpha1/namespaces/{namespace}/widgets"
    await served(api, path)
    await api.create(path, widget(group))

    async with api.watch(path) as stream:
        await stream.next()
        await api.delete(f"{DEFINITIONS}/widgets.{group}")
        rest = await stream.rest()

    assert {"DELETED"} >= {kind for kind, _ in rest}
    assert 404 == (await api.call("GET", path)).status


async def test_a_definition_keeps_to_its_rules(api: Client) -> None:
    """A definition with a wrong name or without a schema is refused."""
    odd = definition("rules.example.com")
    odd["metadata"]["name"] = "other.rules.example.com"
    bare = definition("rules.example.com")
    del bare["spec"]["versions"][0]["schema"]

    replies = [await api.call("POST", DEFINITIONS, body) for body in (odd, bare)]

    assert [422, 422] == [reply.status for reply in replies]


@pytest.mark.parametrize("path", sorted((REPOSITORY / "crds").glob("*.yaml")), ids=lambda p: p.stem)
async def test_our_own_definitions_are_taken(api: Client, path: object) -> None:
    """Each definition in crds/ is accepted and served."""
    assert hasattr(path, "read_text")
    body = yaml.safe_load(path.read_text(encoding="utf-8"))
    reply = await api.call("POST", DEFINITIONS, body)
    assert reply.status in {201, 409}, reply.text
    spec = body["spec"]
    place = f"/apis/{spec['group']}/{spec['versions'][0]['name']}/{spec['names']['plural']}"

    await served(api, place)

    if reply.status == 201:
        await api.delete(f"{DEFINITIONS}/{body['metadata']['name']}")
