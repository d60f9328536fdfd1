"""Garbage collection: background, foreground and orphan."""

from probewatch.playground.objects.registry import Registry
from tests.playground.objects.config_maps import JsonObject, delete, left, make


def test_what_is_owned_goes_with_its_owner(registry: Registry) -> None:
    """Dependents are deleted after their owner, recursively."""
    owner = make(registry, "owner")
    child = make(registry, "child", owner)
    make(registry, "grandchild", child)
    make(registry, "stranger")

    delete(registry, "owner")

    assert ["stranger"] == left(registry)


def test_another_owner_keeps_it(registry: Registry) -> None:
    """A dependent with another owner only loses the reference."""
    first, second = make(registry, "first"), make(registry, "second")
    uid = second["metadata"]["uid"]
    other = {"apiVersion": "v1", "kind": "ConfigMap", "name": "second", "uid": uid}
    make(registry, "child", first, others=[other])

    delete(registry, "first")

    child = registry.get(registry.types.builtin("configmaps"), "default", "child").object
    assert [other] == child["metadata"]["ownerReferences"]
    assert ["child", "second"] == left(registry)


def test_an_owner_can_wait_for_its_dependents(registry: Registry) -> None:
    """In the foreground an owner is deleted after its last dependent."""
    owner = make(registry, "owner")
    make(registry, "child", owner, finalizers=["example.com/hold"])

    delete(registry, "owner", "Foreground")
    type_ = registry.types.builtin("configmaps")
    marked = registry.get(type_, "default", "owner").object["metadata"]
    registry.change(type_, "default", "child", without_finalizers)

    assert ("foregroundDeletion", True) == (
        marked["finalizers"][0],
        "deletionTimestamp" in marked,
    )
    assert [] == left(registry)


def without_finalizers(obj: JsonObject) -> JsonObject:
    return {**obj, "metadata": {**obj["metadata"], "finalizers": []}}


def test_dependents_can_be_set_free(registry: Registry) -> None:
    """Orphans stay, without the owner reference."""
    make(registry, "child", make(registry, "owner"))

    delete(registry, "owner", "Orphan")

    child = registry.get(registry.types.builtin("configmaps"), "default", "child").object
    assert not child["metadata"].get("ownerReferences")
    assert ["child"] == left(registry)


def test_what_comes_after_its_owner_goes_at_once(registry: Registry) -> None:
    """An object that is made for an owner that is gone, or that was replaced, is deleted."""
    owner = make(registry, "owner")
    delete(registry, "owner")
    make(registry, "late", owner)
    make(registry, "owner")
    make(registry, "later", owner)

    assert ["owner"] == left(registry)


def test_one_owner_that_is_there_is_enough(registry: Registry) -> None:
    """An object is kept if any owner is there, or is of a kind that is not served."""
    gone, there = make(registry, "gone"), make(registry, "there")
    delete(registry, "gone")
    uid = there["metadata"]["uid"]
    other = {"apiVersion": "v1", "kind": "ConfigMap", "name": "there", "uid": uid}
    unknown = {"apiVersion": "example.com/v1", "kind": "Thing", "name": "x", "uid": "u"}
    make(registry, "first", gone, others=[other])
    make(registry, "second", gone, others=[unknown])

    assert ["first", "second", "there"] == left(registry)
