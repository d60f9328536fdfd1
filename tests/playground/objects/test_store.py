"""The store: every change has a version, and history is kept for a while."""

import pytest

from probewatch.playground.objects.status import StatusError
from probewatch.playground.objects.store import Key, ObjectStore
from tests.playground.objects.config_maps import JsonObject


def thing(name: str, namespace: str = "a", **fields: object) -> JsonObject:
    return {"metadata": {"name": name, "namespace": namespace}, **fields}


def names(store: ObjectStore, version: int) -> list[str]:
    return [item.key.name for item in store.items_at("things", version)]


def test_every_change_has_a_version() -> None:
    """One counter numbers all changes, deletions included."""
    store = ObjectStore()
    first = store.put("things", thing("one"))
    other = store.put("others", thing("one"))
    gone = store.remove("things", Key("a", "one"))

    assert [first.version + 1, first.version + 2] == [other.version, gone.version]
    assert str(gone.version) == gone.object["metadata"]["resourceVersion"]


def test_objects_come_in_order() -> None:
    """Objects are sorted by namespace and name."""
    store = ObjectStore()
    for namespace, name in (("b", "x"), ("a", "z"), ("a", "y"), ("ab", "a")):
        store.put("things", thing(name, namespace))

    assert [("a", "y"), ("a", "z"), ("ab", "a"), ("b", "x")] == [
        item.key for item in store.items("things")
    ]
    assert ["y", "z"] == [item.key.name for item in store.items("things", "a")]


def test_the_past_is_remembered() -> None:
    """Each version can be read as it was."""
    store = ObjectStore()
    versions = [store.put("things", thing(name)).version for name in ("one", "two")]
    versions.append(store.remove("things", Key("a", "one")).version)
    versions.append(store.put("things", thing("one")).version)

    assert [["one"], ["one", "two"], ["two"], ["one", "two"]] == [
        names(store, version) for version in versions
    ]


def test_the_past_is_forgotten() -> None:
    """After compaction older versions are gone, and newer ones are kept."""
    store = ObjectStore()
    old = store.put("things", thing("one")).version
    kept = store.put("things", thing("two")).version
    store.compact(kept)
    store.put("things", thing("three"))

    with pytest.raises(StatusError) as caught:
        store.changes_since("things", old)
    assert (410, "Expired") == (caught.value.code, caught.value.reason)
    assert ["one", "two"] == names(store, kept)


def test_the_window_of_history_is_bounded() -> None:
    """Only the latest changes are kept."""
    store = ObjectStore(window=8)
    first = store.put("things", thing("one")).version
    for number in range(40):
        store.put("things", thing("one", number=number))

    with pytest.raises(StatusError):
        store.changes_since("things", first)
    assert 8 == len(store.changes_since("things", store.version - 8))


def test_watchers_are_woken_by_their_own() -> None:
    """A subscription is for one kind, and can be ended."""
    store, woken = ObjectStore(), []
    end = store.subscribe("things", lambda: woken.append("things"))
    store.put("others", thing("one"))
    store.put("things", thing("one"))
    end()
    store.put("things", thing("two"))

    assert ["things"] == woken
