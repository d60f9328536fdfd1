"""The garbage collector: deletes objects when their last owner is gone.

It acts at once, where a real one takes a moment.
"""

from probewatch.playground.json_object import JsonObject
from probewatch.playground.objects.metadata import FOREGROUND, ORPHAN
from probewatch.playground.objects.registry import Deletion, Registry
from probewatch.playground.objects.store import Change, Key, Stored
from probewatch.playground.objects.types import ResourceType

Place = tuple[str, Key]


class OwnerCollector:
    """Deletes or orphans the dependents of deleted objects, by their propagation policy."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._dependents: dict[str, set[Place]] = {}
        registry.store.listeners.append(self._notice)

    def _notice(self, storage: str, change: Change) -> None:
        place = (storage, change.new.key)
        for uid in _owners(change.old):
            self._dependents.get(uid, set()).discard(place)
        if not change.is_deletion:
            for uid in _owners(change.new):
                self._dependents.setdefault(uid, set()).add(place)
            self._finish_first(storage, change.new)
            if change.old is None and self._lacks_owners(change.new):
                self._collect(storage, change.new.key)
            return
        for dependent in self._of(change.new):
            self._lose_owner(*dependent, uid=change.new.object["metadata"]["uid"])
        self._release_owners(change.new)

    def _lacks_owners(self, made: Stored) -> bool:
        """Whether an object was created for owners that are gone already, all of them.

        Of a kind that is not served it is not known. Source:
        pkg/controller/garbagecollector/garbagecollector.go (classifyReferences).
        """
        references = made.object["metadata"].get("ownerReferences") or ()
        types = [self._owner_type(each) for each in references]
        return bool(types) and all(
            type_ is not None and self._find_owner(type_, made, reference) is None
            for type_, reference in zip(types, references, strict=True)
        )

    def _collect(self, storage: str, key: Key) -> None:
        type_ = self._registry.types.by_storage(storage)
        if type_ is not None:
            self._registry.delete(type_, *key, Deletion())

    def _owner_type(self, reference: JsonObject) -> ResourceType | None:
        group = (reference.get("apiVersion") or "").rpartition("/")[0]
        return self._registry.types.by_kind(group, reference.get("kind") or "")

    def _find_owner(
        self, type_: ResourceType, dependent: Stored, reference: JsonObject
    ) -> Stored | None:
        """Return the object that a reference names, if it is still the same one."""
        owner = self._registry.find(type_, dependent.key.namespace, reference.get("name") or "")
        is_same = owner is not None and owner.object["metadata"]["uid"] == reference.get("uid")
        return owner if is_same else None

    def _of(self, owner: Stored) -> list[Place]:
        return sorted(self._dependents.get(owner.object["metadata"]["uid"], ()))

    def _lose_owner(self, storage: str, key: Key, *, uid: str) -> None:
        """Delete an object without another owner; else remove the reference to the lost one."""
        type_, found = self._find(storage, key)
        if type_ is None or found is None:
            return
        if _owners(found) - {uid}:
            self._drop_reference(type_, key, uid)
        else:
            self._registry.delete(type_, *key, Deletion())

    def _find(self, storage: str, key: Key) -> tuple[ResourceType | None, Stored | None]:
        return self._registry.types.by_storage(storage), self._registry.store.get(storage, key)

    def _drop_reference(self, type_: ResourceType, key: Key, uid: str) -> None:
        def free(obj: JsonObject) -> JsonObject:
            meta = obj["metadata"]
            kept = [item for item in meta.get("ownerReferences") or () if item.get("uid") != uid]
            return {**obj, "metadata": {**meta, "ownerReferences": kept}}

        self._registry.change(type_, *key, free)

    def _finish_first(self, storage: str, owner: Stored) -> None:
        """Before a deleted owner is removed, delete its dependents, or orphan them."""
        meta = owner.object["metadata"]
        finalizers = meta.get("finalizers") or ()
        if "deletionTimestamp" not in meta or not {FOREGROUND, ORPHAN} & set(finalizers):
            return
        type_ = self._registry.types.by_storage(storage)
        for other, key in self._of(owner):
            kind, found = self._find(other, key)
            if kind is None or found is None:
                continue
            if ORPHAN in finalizers:
                self._drop_reference(kind, key, meta["uid"])
            elif "deletionTimestamp" not in found.object["metadata"]:
                how = "Foreground" if self._of(found) else "Background"
                self._registry.delete(kind, *key, Deletion(propagation=how))
        if type_ is not None and not self._of(owner):
            self._let_go(type_, owner.key)

    def _let_go(self, type_: ResourceType, key: Key) -> None:
        def free(obj: JsonObject) -> JsonObject:
            meta = obj["metadata"]
            held = [item for item in meta.get("finalizers") or () if item not in OURS]
            return {**obj, "metadata": {**meta, "finalizers": held}}

        if self._registry.find(type_, *key):
            self._registry.change(type_, *key, free)

    def _release_owners(self, gone: Stored) -> None:
        """Remove owners that waited for this dependent, if it was their last."""
        for reference in gone.object["metadata"].get("ownerReferences") or ():
            type_ = self._owner_type(reference)
            if type_ is None:
                continue
            owner = self._find_owner(type_, gone, reference)
            if owner is not None:
                self._finish_first(type_.store, owner)


OURS = {FOREGROUND, ORPHAN}


def _owners(stored: Stored | None) -> set[str]:
    if stored is None:
        return set()
    references = stored.object["metadata"].get("ownerReferences") or ()
    return {item["uid"] for item in references if item.get("uid")}
