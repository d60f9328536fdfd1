"""Watches: history, live events, and how they end."""

from collections.abc import Callable

import pytest

from tests.contract.client import Client, JsonObject, config, pod, unique

PARTIAL = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"


async def version_of(api: Client, path: str) -> str:
    listed = await api.get(path)
    return str(listed["metadata"]["resourceVersion"])


@pytest.fixture(name="secrets")
async def _secrets(base: str) -> str:
    """The path of a resource of which a new namespace has no objects."""
    return f"{base}/secrets"


async def test_a_watch_goes_on_from_a_list(api: Client, secrets: str) -> None:
    """Every change after the list arrives once, in order, with a rising version."""
    await api.create(secrets, config("before"))
    since = await version_of(api, secrets)
    async with api.watch(secrets, f"resourceVersion={since}") as stream:
        await api.create(secrets, config("one"))
        await api.patch(f"{secrets}/one", {"metadata": {"labels": {"a": "b"}}})
        await api.delete(f"{secrets}/one")
        events = [await stream.next() for _ in range(3)]

    assert ["ADDED", "MODIFIED", "DELETED"] == [kind for kind, _ in events]
    assert {"one"} == {obj["metadata"]["name"] for _, obj in events}
    versions = [int(obj["metadata"]["resourceVersion"]) for _, obj in events]
    assert sorted({*versions, int(since)}) == [int(since), *versions]


async def test_what_happened_before_is_replayed(api: Client, secrets: str) -> None:
    """A watch from an older version first sends what has happened since."""
    since = await version_of(api, secrets)
    await api.create(secrets, config("one"))
    await api.delete(f"{secrets}/one")

    async with api.watch(secrets, f"resourceVersion={since}") as stream:
        assert ("ADDED", "one") == await stream.named()
        assert ("DELETED", "one") == await stream.named()


async def test_without_a_version_it_begins_with_what_is_there(api: Client, secrets: str) -> None:
    """Without a version existing objects arrive as ADDED, then changes."""
    await api.create(secrets, config("one"))

    async with api.watch(secrets) as stream:
        assert ("ADDED", "one") == await stream.named()
        await api.create(secrets, config("two"))
        assert ("ADDED", "two") == await stream.named()


async def test_an_object_comes_and_goes_with_its_labels(api: Client, secrets: str) -> None:
    """With a selector, an object that begins to match is ADDED, one that ceases is DELETED."""
    since = await version_of(api, secrets)
    await api.create(secrets, config("one"))

    query = f"resourceVersion={since}&labelSelector=shown%3Dyes"
    async with api.watch(secrets, query) as stream:
        for shown in ("yes", "no"):
            await api.patch(f"{secrets}/one", {"metadata": {"labels": {"shown": shown}}})
        added, deleted = await stream.next(), await stream.next()

    assert ("ADDED", "DELETED") == (added[0], deleted[0])
    # The object is the last state that matched.
    assert {"shown": "yes"} == deleted[1]["metadata"]["labels"]


async def test_pods_are_watched_by_their_fields(api: Client, base: str) -> None:
    """Field selectors apply to watches."""
    since = await version_of(api, f"{base}/pods")
    query = f"resourceVersion={since}&fieldSelector=spec.nodeName%3Dn1"
    async with api.watch(f"{base}/pods", query) as stream:
        await api.create(f"{base}/pods", pod("other", nodeName="n2"))
        await api.create(f"{base}/pods", pod("mine", nodeName="n1"))

        assert ("ADDED", "mine") == await stream.named()


async def test_one_object_is_watched_by_its_name(api: Client, secrets: str) -> None:
    """`fieldSelector=metadata.name=…` watches a single object."""
    since = await version_of(api, secrets)
    query = f"resourceVersion={since}&fieldSelector=metadata.name%3Dtwo"
    async with api.watch(secrets, query) as stream:
        await api.create(secrets, config("one"))
        await api.create(secrets, config("two"))

        assert ("ADDED", "two") == await stream.named()


async def test_all_namespaces_are_watched_at_once(api: Client, secrets: str) -> None:
    """A cluster-wide watch includes all namespaces."""
    since = await version_of(api, "/api/v1/secrets")
    label = unique("mark")
    query = f"resourceVersion={since}&labelSelector={label}"
    async with api.watch("/api/v1/secrets", query) as stream:
        await api.create(secrets, config("one", metadata={"labels": {label: "x"}}))

        assert ("ADDED", "one") == await stream.named()


async def test_a_past_that_is_forgotten(api: Client, secrets: str) -> None:
    """A watch from a compacted version gets an ERROR with code 410."""
    async with api.watch(secrets, "resourceVersion=1") as stream:
        kind, status = await stream.next()
        rest = await stream.rest()

    assert ("ERROR", "Status") == (kind, status["kind"])
    assert (410, "Failure") == (status["code"], status["status"])
    assert status["reason"] in {"Expired", "Gone"}
    assert "too old resource version" in status["message"]
    assert [] == rest


@pytest.mark.slow
async def test_a_watch_ends_when_its_time_is_over(api: Client, secrets: str) -> None:
    """After timeoutSeconds a watch ends properly."""
    since = await version_of(api, secrets)

    async with api.watch(secrets, f"resourceVersion={since}&timeoutSeconds=1") as stream:
        assert [] == await stream.rest()


@pytest.mark.slow
async def test_a_bookmark_comes_before_the_end(
    api: Client, secrets: str, needs_minor: Callable[[int], None]
) -> None:
    """A watch with bookmarks that had events gets one before it ends."""
    needs_minor(27)  # older servers send one a minute, and none at the end
    since = await version_of(api, secrets)
    query = f"resourceVersion={since}&allowWatchBookmarks=true&timeoutSeconds=4"

    async with api.watch(secrets, query) as stream:
        # While it is open: for the initial events 1.36 sends no bookmark.
        await api.create(secrets, config("one"))
        events = await stream.rest()

    assert "ADDED" == events[0][0]
    bookmarks = [obj for kind, obj in events if kind == "BOOKMARK"]
    assert bookmarks
    assert "Secret" == bookmarks[-1]["kind"]
    seen = int(events[0][1]["metadata"]["resourceVersion"])
    assert int(bookmarks[-1]["metadata"]["resourceVersion"]) >= seen
    assert not bookmarks[-1]["metadata"].get("name")


async def test_a_bookmark_is_a_place_to_go_on_from(
    api: Client, secrets: str, needs_minor: Callable[[int], None]
) -> None:
    """A streaming list marks its end, and a watch can continue from there."""
    needs_minor(34)
    await api.create(secrets, config("one"))
    query = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"

    async with api.watch(secrets, query) as stream:
        assert ("ADDED", "one") == await stream.named()
        kind, mark = await stream.next()
    since = mark["metadata"]["resourceVersion"]
    async with api.watch(secrets, f"resourceVersion={since}") as stream:
        await api.create(secrets, config("two"))
        assert ("ADDED", "two") == await stream.named()

    assert "BOOKMARK" == kind
    assert {"k8s.io/initial-events-end": "true"} == mark["metadata"]["annotations"]


async def test_initial_events_must_be_wanted_properly(
    api: Client, secrets: str, needs_minor: Callable[[int], None]
) -> None:
    """The parameter sendInitialEvents without resourceVersionMatch is refused."""
    needs_minor(34)

    reply = await api.call("GET", f"{secrets}?watch=true&sendInitialEvents=true")

    assert (422, "Invalid") == (reply.status, reply.body["reason"])


async def test_metadata_alone_is_watched(api: Client, secrets: str) -> None:
    """A watch can have metadata only."""
    since = await version_of(api, secrets)
    async with api.watch(secrets, f"resourceVersion={since}", accept=PARTIAL) as stream:
        await api.create(secrets, config("one", stringData={"a": "b"}))
        kind, obj = await stream.next()

    assert ("ADDED", "PartialObjectMetadata") == (kind, obj["kind"])
    assert "data" not in obj


async def test_a_recreated_object_is_another(api: Client, secrets: str) -> None:
    """A recreated object of the same name has another uid."""
    since = await version_of(api, secrets)
    await api.create(secrets, config("one"))
    await api.delete(f"{secrets}/one")
    await api.create(secrets, config("one"))

    async with api.watch(secrets, f"resourceVersion={since}") as stream:
        events = [await stream.next() for _ in range(3)]

    assert ["ADDED", "DELETED", "ADDED"] == [kind for kind, _ in events]
    first, gone, second = (obj["metadata"]["uid"] for _, obj in events)
    assert first == gone != second


async def test_a_deleted_pod_is_seen_to_end(api: Client, base: str) -> None:
    """A pod on a node is first marked, then updated by its kubelet, then DELETED."""
    since = await version_of(api, f"{base}/pods")
    await api.create(f"{base}/pods", pod("one", nodeName="n1"))
    await api.delete(f"{base}/pods/one")
    await api.patch(f"{base}/pods/one/status", {"status": {"phase": "Failed"}})
    await api.call("DELETE", f"{base}/pods/one", {"gracePeriodSeconds": 0})

    async with api.watch(f"{base}/pods", f"resourceVersion={since}") as stream:
        events: list[tuple[str, JsonObject]] = []
        while not events or events[-1][0] != "DELETED":
            events.append(await stream.next())

    kinds = [kind for kind, _ in events]
    assert ["ADDED", "MODIFIED", "MODIFIED"] == kinds[:3]
    assert events[1][1]["metadata"]["deletionTimestamp"]
    assert "Failed" == events[2][1]["status"]["phase"]
