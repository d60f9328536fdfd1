"""Lists: selectors, pages, versions and representations."""

from collections.abc import Callable

import pytest

from tests.contract.client import Client, JsonObject, config, pod

PARTIAL = "application/json;as={};v=v1;g=meta.k8s.io"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


def names(listed: JsonObject) -> list[str]:
    return [item["metadata"]["name"] for item in listed["items"]]


@pytest.fixture(name="maps")
async def _maps(api: Client, base: str) -> str:
    """Six ConfigMaps with labels; returns the path of their list."""
    for number in range(6):
        labels = {"set": "mine", "number": str(number), "even": "no" if number % 2 else "yes"}
        if number == 5:
            labels["last"] = ""
        await api.create(f"{base}/configmaps", config(f"m{number}", metadata={"labels": labels}))
    return f"{base}/configmaps"


async def test_a_list_has_a_kind_and_a_version(api: Client, maps: str) -> None:
    """A list has its kind, and a version from which to watch."""
    listed = await api.get(maps)

    assert ("ConfigMapList", "v1") == (listed["kind"], listed["apiVersion"])
    newest = max(int(item["metadata"]["resourceVersion"]) for item in listed["items"])
    assert int(listed["metadata"]["resourceVersion"]) >= newest


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("even=yes", ["m0", "m2", "m4"]),
        ("even==yes,number!=2", ["m0", "m4"]),
        ("number in (1,3)", ["m1", "m3"]),
        ("set=mine,number notin (0,1,2,3)", ["m4", "m5"]),
        ("last", ["m5"]),
        ("set,!last,even=no", ["m1", "m3"]),
        ("last=", ["m5"]),
        ("even=maybe", []),
    ],
)
async def test_label_selectors(api: Client, maps: str, selector: str, expected: list[str]) -> None:
    """Each operator of label selectors works."""
    quoted = selector.replace(" ", "%20").replace("!", "%21").replace("=", "%3D")

    assert expected == names(await api.get(f"{maps}?labelSelector={quoted}"))


@pytest.mark.parametrize("selector", ["labelSelector=a in b", "fieldSelector=spec.none=1"])
async def test_selectors_that_make_no_sense(api: Client, maps: str, selector: str) -> None:
    """An invalid selector or an unsupported field is BadRequest."""
    reply = await api.call("GET", f"{maps}?{selector.replace(' ', '%20')}")

    assert (400, "BadRequest") == (reply.status, reply.body["reason"])


async def test_pods_are_selected_by_their_fields(api: Client, base: str) -> None:
    """Pods are selected by node, phase, restart policy and name."""
    await api.create(f"{base}/pods", pod("one", nodeName="n1"))
    await api.create(f"{base}/pods", pod("two", restartPolicy="Never"))
    await api.patch(f"{base}/pods/one/status", {"status": {"phase": "Running"}})

    async def selected(text: str) -> list[str]:
        return names(await api.get(f"{base}/pods?fieldSelector={text.replace('=', '%3D')}"))

    assert ["one"] == await selected("spec.nodeName=n1")
    assert ["two"] == await selected("spec.nodeName!=n1")
    assert ["one"] == await selected("status.phase=Running")
    assert ["two"] == await selected("spec.restartPolicy=Never,status.phase=Pending")
    assert ["two"] == await selected("metadata.name=two")


async def test_a_list_comes_page_by_page(api: Client, maps: str) -> None:
    """Pages have the requested size, one version, and a continue token until the last."""
    seen, versions, token = [], set(), ""
    sizes = []
    while True:
        query = f"labelSelector=set&limit=4{f'&continue={token}' if token else ''}"
        page = await api.get(f"{maps}?{query}")
        seen += names(page)
        sizes.append(len(page["items"]))
        versions.add(page["metadata"]["resourceVersion"])
        token = page["metadata"].get("continue", "")
        if not token:
            break

    assert ([f"m{number}" for number in range(6)], [4, 2], 1) == (seen, sizes, len(versions))


async def test_a_page_tells_how_many_remain(api: Client, namespace: str) -> None:
    """Without a selector a page has the number of remaining items."""
    path = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
    for name in ("a", "b", "c"):
        await api.create(path, {"metadata": {"name": name}, "spec": {}})

    page = await api.get(f"{path}?limit=1")

    assert 2 == page["metadata"]["remainingItemCount"]


async def test_pages_show_one_moment(api: Client, maps: str) -> None:
    """Changes between pages do not affect them."""
    first = await api.get(f"{maps}?labelSelector=set&limit=2")
    await api.delete(f"{maps}/m3")
    await api.create(maps, config("m9", metadata={"labels": {"set": "mine"}}))

    token = first["metadata"]["continue"]
    rest = await api.get(f"{maps}?labelSelector=set&limit=500&continue={token}")

    assert ["m0", "m1", "m2", "m3", "m4", "m5"] == names(first) + names(rest)


async def test_a_token_must_be_one(api: Client, maps: str) -> None:
    """An invalid continue token is BadRequest."""
    reply = await api.call("GET", f"{maps}?limit=2&continue=nonsense")

    assert (400, "BadRequest") == (reply.status, reply.body["reason"])


async def test_a_version_must_be_a_number(api: Client, maps: str) -> None:
    """An invalid resourceVersion is refused."""
    reply = await api.call("GET", f"{maps}?resourceVersion=abc")

    assert reply.status in {400, 500}  # servers differ


async def test_a_version_that_is_yet_to_come(api: Client, maps: str) -> None:
    """A list at a future version times out, with the time of a retry."""
    version = int((await api.get(maps))["metadata"]["resourceVersion"]) + 1_000_000

    reply = await api.call("GET", f"{maps}?resourceVersion={version}&timeoutSeconds=1")

    assert (504, "Timeout") == (reply.status, reply.body["reason"])
    assert "Too large resource version" in reply.body["message"]


async def test_an_exact_version_is_shown_as_it_was(
    api: Client, maps: str, needs_minor: Callable[[int], None]
) -> None:
    """With resourceVersionMatch=Exact an old version is shown."""
    needs_minor(19)
    listed = await api.get(f"{maps}?labelSelector=set")
    version = listed["metadata"]["resourceVersion"]
    await api.delete(f"{maps}/m0")

    query = f"labelSelector=set&resourceVersion={version}&resourceVersionMatch=Exact"
    past = await api.get(f"{maps}?{query}")

    assert names(listed) == names(past)


async def test_metadata_alone(api: Client, maps: str) -> None:
    """PartialObjectMetadata(List) has metadata only."""
    one = await api.get(f"{maps}/m1", accept=PARTIAL.format("PartialObjectMetadata"))
    many = await api.get(maps, accept=PARTIAL.format("PartialObjectMetadataList"))

    assert ("PartialObjectMetadata", "m1") == (one["kind"], one["metadata"]["name"])
    assert "meta.k8s.io/v1" == one["apiVersion"]
    assert "PartialObjectMetadataList" == many["kind"]
    assert all(set(item) <= {"kind", "apiVersion", "metadata"} for item in many["items"])
    assert "yes" == many["items"][-6]["metadata"]["labels"]["even"]


async def test_metadata_of_nothing(api: Client, maps: str) -> None:
    """An empty list of metadata has null items, other empty lists have none."""
    nothing = f"{maps}?labelSelector=no-such-label"
    partial = await api.get(nothing, accept=PARTIAL.format("PartialObjectMetadataList"))
    whole = await api.get(nothing)

    assert partial["items"] is None
    assert [] == whole["items"]


async def test_the_owner_is_in_the_metadata(api: Client, base: str) -> None:
    """Partial metadata includes owner references, so that a controller can be found by it."""
    uid = (await api.create(f"{base}/configmaps", config("owner")))["metadata"]["uid"]
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": uid}
    body = config("owned", metadata={"ownerReferences": [{**owner, "controller": True}]})
    await api.create(f"{base}/configmaps", body)

    accept = PARTIAL.format("PartialObjectMetadata")
    found = await api.get(f"{base}/configmaps/owned", accept=accept)

    assert [{**owner, "controller": True}] == found["metadata"]["ownerReferences"]


async def test_rows_of_a_table(api: Client, base: str) -> None:
    """A Table of pods has the columns that kubectl prints."""
    await api.create(f"{base}/pods", pod("one", nodeName="n1"))

    table = await api.get(f"{base}/pods", accept=TABLE)

    columns = [column["name"] for column in table["columnDefinitions"]]
    assert ["Name", "Ready", "Status", "Restarts", "Age"] == columns[:5]
    row = table["rows"][0]
    assert ["one", "0/1", "Pending"] == row["cells"][:3]
    assert "PartialObjectMetadata" == row["object"]["kind"]


async def test_the_first_acceptable_form_is_taken(api: Client, maps: str) -> None:
    """An unknown representation in Accept is skipped for the next."""
    accept = f"application/json;as=Table;v=v0;g=meta.k8s.io,{TABLE},application/json"

    assert "Table" == (await api.get(maps, accept=accept))["kind"]


async def test_a_form_that_nobody_speaks(api: Client, maps: str) -> None:
    """A client that accepts no supported representation gets 406."""
    reply = await api.call("GET", maps, accept="application/x-unknown")

    assert 406 == reply.status
