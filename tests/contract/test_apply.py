"""Server-side apply."""

from typing import Any

import pytest

from tests.contract.client import Client, JsonObject

APPLY = "application/apply-patch+yaml"


@pytest.fixture(name="path")
def _path(base: str) -> str:
    return f"{base}/configmaps/one"


async def apply(
    api: Client, path: str, manager: str, data: JsonObject, *, force: bool = False
) -> Any:  # noqa: ANN401  # any JSON value
    """Apply a ConfigMap with *data* and return the reply."""
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one"}, "data": data}
    query = f"fieldManager={manager}{'&force=true' if force else ''}"
    return await api.call("PATCH", f"{path}?{query}", body, content_type=APPLY)


async def test_it_creates_what_is_not_there(api: Client, path: str) -> None:
    """The first apply creates the object and records the manager's fields."""
    reply = await apply(api, path, "us", {"a": "1"})

    assert (201, {"a": "1"}) == (reply.status, reply.body["data"])
    (entry,) = reply.body["metadata"]["managedFields"]
    assert ("us", "Apply", "FieldsV1") == (
        entry["manager"],
        entry["operation"],
        entry["fieldsType"],
    )
    assert {"f:a": {}} == {key: {} for key in entry["fieldsV1"]["f:data"] if key != "."}


async def test_it_merges_with_what_others_have_set(api: Client, path: str) -> None:
    """Fields set by other managers stay."""
    await apply(api, path, "us", {"a": "1"})
    await api.patch(path, {"data": {"b": "2"}})

    reply = await apply(api, path, "us", {"a": "3"})

    assert (200, {"a": "3", "b": "2"}) == (reply.status, reply.body["data"])


async def test_what_is_wanted_no_more_goes(api: Client, path: str) -> None:
    """A field that is no longer applied is removed."""
    await apply(api, path, "us", {"a": "1", "b": "2"})

    reply = await apply(api, path, "us", {"b": "2"})

    assert {"b": "2"} == reply.body["data"]


async def test_what_others_want_too_stays(api: Client, path: str) -> None:
    """A field that another manager also applies is not removed."""
    await apply(api, path, "us", {"a": "1", "b": "2"})
    await apply(api, path, "them", {"a": "1"})

    reply = await apply(api, path, "us", {"b": "2"})

    assert {"a": "1", "b": "2"} == reply.body["data"]


async def test_managers_conflict(api: Client, path: str) -> None:
    """Applying another value for another manager's field is a conflict that names both."""
    await apply(api, path, "them", {"a": "1"})

    reply = await apply(api, path, "us", {"a": "2"})

    assert (409, "Conflict") == (reply.status, reply.body["reason"])
    (cause,) = reply.body["details"]["causes"]
    assert ("FieldManagerConflict", ".data.a") == (cause["reason"], cause["field"])
    assert 'conflict with "them"' in cause["message"]


async def test_force_takes_a_field_over(api: Client, path: str) -> None:
    """With force the field gets the new value and changes its manager."""
    await apply(api, path, "them", {"a": "1"})

    forced = await apply(api, path, "us", {"a": "2"}, force=True)
    back = await apply(api, path, "them", {"a": "1"})

    assert (200, {"a": "2"}) == (forced.status, forced.body["data"])
    assert 409 == back.status


async def test_an_update_owns_what_it_changes(api: Client, path: str) -> None:
    """An update owns the fields it changes, and applying them conflicts."""
    await apply(api, path, "us", {"a": "1"})
    await api.patch(f"{path}?fieldManager=editor", {"data": {"a": "2"}})

    reply = await apply(api, path, "us", {"a": "1"})

    assert 409 == reply.status
    assert 'conflict with "editor"' in reply.body["message"]


async def test_applying_the_same_again_changes_nothing(api: Client, path: str) -> None:
    """Applying the same again creates no new version."""
    first = await apply(api, path, "us", {"a": "1"})
    second = await apply(api, path, "us", {"a": "1"})

    versions = [reply.body["metadata"]["resourceVersion"] for reply in (first, second)]
    assert versions[0] == versions[1]


async def test_it_needs_a_manager(api: Client, path: str) -> None:
    """An apply without a field manager is refused."""
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one"}}

    reply = await api.call("PATCH", path, body, content_type=APPLY)

    assert reply.status in {400, 422}


async def test_lists_are_merged_by_their_keys(api: Client, namespace: str) -> None:
    """Containers and their variables are merged by name."""
    path = f"/api/v1/namespaces/{namespace}/podtemplates/one"

    def template(*variables: str) -> JsonObject:
        env = [{"name": name, "value": "1"} for name in variables]
        container = {"name": "app", "image": "busybox:1", "env": env}
        meta = {"labels": {"a": "b"}}
        return {
            "apiVersion": "v1",
            "kind": "PodTemplate",
            "metadata": {"name": "one"},
            "template": {"metadata": meta, "spec": {"containers": [container]}},
        }

    for manager, variables in (("us", ("A", "B")), ("them", ("C",)), ("us", ("A",))):
        query = f"?fieldManager={manager}"
        reply = await api.call("PATCH", path + query, template(*variables), content_type=APPLY)
        assert reply.status in {200, 201}, reply.text

    (container,) = (await api.get(path))["template"]["spec"]["containers"]
    assert {"A", "C"} == {item["name"] for item in container["env"]}
