"""The registry: creates, updates and deletes stored objects by the rules of the API."""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from probewatch.clock import Clock
from probewatch.playground.json_object import JsonObject
from probewatch.playground.objects.builtin import builtin_types
from probewatch.playground.objects.faces import to_shown, to_stored
from probewatch.playground.objects.merging import merge
from probewatch.playground.objects.metadata import (
    begin_metadata,
    check_metadata,
    has_changed,
    mark_deleted,
)
from probewatch.playground.objects.rules import Rules, find_rules
from probewatch.playground.objects.status import (
    StatusError,
    already_exists,
    bad_request,
    conflict,
    invalid,
    namespace_terminating,
    not_found,
)
from probewatch.playground.objects.store import Key, ObjectStore, Stored
from probewatch.playground.objects.types import ResourceType, Types

Make = Callable[[JsonObject], JsonObject]
"""The current object, as it is served → the object as it is to be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion:
    """The options of a deletion."""

    grace: int | None = None
    """The grace period in seconds; None for the pod's own."""
    uid: str = ""
    """Precondition: the uid of the object."""
    version: str = ""
    """Precondition: the resourceVersion of the object."""
    propagation: str = "Background"
    """The propagation policy for dependents: Background, Foreground or Orphan."""
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """The options of a write."""

    subresource: str = ""
    dry_run: bool = False
    sign: Callable[[JsonObject | None, JsonObject], JsonObject] | None = None
    """The object before and after the write → the latter with its managed fields updated."""

    largest: int | None = None
    """The largest size of the object, in bytes."""

    def signed(self, old: JsonObject | None, new: JsonObject) -> JsonObject:
        """Return *new* with its managed fields updated."""
        return self.sign(old, new) if self.sign else new


UNCONDITIONAL = "Invalid value: 0x0: must be specified for an update"
PLAIN = Write()
STATUS = Write(subresource="status")
DELETE = Deletion()


class Registry:
    """The objects of a cluster, created, changed and deleted as by its API server."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        self.store = ObjectStore()
        self.types = Types(builtin_types())
        self.rules: dict[str, Rules] = {}
        """The rules of custom resources, by storage."""

    # --- reading ------------------------------------------------------------------

    def find(self, type_: ResourceType, namespace: str, name: str) -> Stored | None:
        """Return the object, None if there is none."""
        return self.store.get(type_.store, Key(namespace if type_.namespaced else "", name))

    def get(self, type_: ResourceType, namespace: str, name: str) -> Stored:
        """Return the object; raises StatusError 404 if there is none."""
        found = self.find(type_, namespace, name)
        if found is None:
            raise not_found(type_.plural, type_.group, name)
        return found

    def items(self, type_: ResourceType, namespace: str = "") -> list[Stored]:
        """Return all objects of the resource, or those in one namespace."""
        return self.store.items(type_.store, namespace)

    # --- creating -----------------------------------------------------------------

    def create(self, type_: ResourceType, shown: JsonObject, write: Write = PLAIN) -> Stored:
        """Create an object.

        Raises StatusError if the name is taken, the object is invalid, or the namespace does
        not exist or is being deleted.
        """
        obj = to_stored(type_, write.signed(None, shown))
        obj = begin_metadata(type_, obj, now=self.clock.now())
        name, rules = obj["metadata"]["name"], self.rules_of(type_)
        self._check_namespace(type_, obj)
        if type_.has_status:
            obj.pop("status", None)
        obj = rules.default(obj)
        status = rules.begin_status(obj)
        if status:
            obj = {**obj, "status": status}
        self._check(type_, obj, None)
        if self.find(type_, obj["metadata"].get("namespace", ""), name):
            raise already_exists(type_.plural, type_.group, name)
        return self._keep(type_, obj, write)

    def _check_namespace(self, type_: ResourceType, obj: JsonObject) -> None:
        if not type_.namespaced:
            return
        meta = obj["metadata"]
        found = self.store.get("namespaces", Key("", meta["namespace"]))
        if found is None:
            raise not_found("namespaces", "", meta["namespace"])
        if found.object["metadata"].get("deletionTimestamp"):
            place = (type_.plural, type_.group, meta["name"], meta["namespace"])
            raise namespace_terminating(*place)

    def rules_of(self, type_: ResourceType) -> Rules:
        """Return the rules for objects of the resource."""
        return self.rules.get(type_.store) or find_rules(type_.group, type_.kind)

    def _check(self, type_: ResourceType, new: JsonObject, old: JsonObject | None) -> None:
        causes = check_metadata(type_, new) + self.rules_of(type_).check(new, old)
        if causes:
            raise invalid(type_.kind, type_.group, new["metadata"]["name"], causes)

    def _keep(self, type_: ResourceType, obj: JsonObject, write: Write) -> Stored:
        if write.largest and len(msgspec.json.encode(obj)) > write.largest:
            raise StatusError(500, "InternalError", "etcdserver: request is too large")
        if write.dry_run:
            return Stored(object=obj, version=self.store.version)
        return self.store.put(type_.store, obj)

    # --- changing -----------------------------------------------------------------

    def update(self, type_: ResourceType, shown: JsonObject, write: Write = PLAIN) -> Stored:
        """Replace an object, or the part of it that the subresource covers.

        Raises StatusError.
        """
        meta = shown.get("metadata") or {}
        place = (meta.get("namespace") or "", meta.get("name") or "")
        if not meta.get("resourceVersion") and not write.subresource:
            if type_.creates_on_update and not self.find(type_, *place):
                return self.create(type_, shown, write)
            if not type_.unconditional:
                self.get(type_, *place)
                cause = ("metadata.resourceVersion", UNCONDITIONAL)
                raise invalid(type_.kind, type_.group, place[1], [cause])
        return self.change(type_, *place, lambda _old: shown, write)

    def change(
        self, type_: ResourceType, namespace: str, name: str, make: Make, write: Write = PLAIN
    ) -> Stored:
        """Change an object to what *make* returns; without a difference it keeps its version.

        A resourceVersion or uid in the result is a precondition. Raises StatusError.
        """
        old = self.get(type_, namespace, name)
        before = to_shown(type_, old.object)
        shown = make(before)
        self._check_preconditions(type_, old, shown)
        shown = write.signed(before, shown)
        new = to_stored(type_, shown)
        new = merge(self.rules_of(type_), type_, new, old.object, write.subresource)
        if write.subresource != "resize":  # it changes fields that are immutable otherwise
            self._check(type_, new, old.object)
        if not has_changed(new, old.object):
            return old
        stored = self._keep(type_, new, write)
        if write.dry_run or not _can_be_removed(new):
            return stored
        return self.store.remove(type_.store, stored.key)

    def _check_preconditions(self, type_: ResourceType, old: Stored, shown: JsonObject) -> None:
        wanted, name = shown.get("metadata") or {}, old.key.name
        if wanted.get("name", name) != name:
            text = (
                f"the name of the object ({wanted.get('name')}) does not match the name on the "
                f"URL ({name})"
            )
            raise bad_request(text)
        uid = wanted.get("uid", old.object["metadata"]["uid"])
        _check_identity(type_, old, uid, wanted.get("resourceVersion", ""))

    # --- deleting -----------------------------------------------------------------

    def delete(
        self, type_: ResourceType, namespace: str, name: str, how: Deletion = DELETE
    ) -> tuple[Stored, bool]:
        """Delete an object; return its last state, and whether it is gone already.

        A pod on a node remains until its kubelet has stopped it, any object until its
        finalizers are removed. Raises StatusError.
        """
        old = self.get(type_, namespace, name)
        _check_identity(type_, old, how.uid or old.object["metadata"]["uid"], how.version)
        new = mark_deleted(type_, old.object, how.grace, how.propagation, now=self.clock.now())
        if how.dry_run:
            return old, not _waits(new)
        if _waits(new):
            return self._keep(type_, new, PLAIN) if has_changed(new, old.object) else old, False
        return self.store.remove(type_.store, old.key), True


def _check_identity(type_: ResourceType, old: Stored, uid: str, version: str) -> None:
    """Raise StatusError 409 if the object has another uid or resourceVersion."""
    known = old.object["metadata"]["uid"]
    if uid != known:
        why = f"Precondition failed: UID in precondition: {uid}, UID in object meta: {known}"
        raise conflict(type_.plural, type_.group, old.key.name, why)
    if version not in {"", str(old.version)}:
        raise conflict(type_.plural, type_.group, old.key.name)


def _waits(obj: JsonObject) -> bool:
    """Whether a deleted object still waits for its finalizers or its grace period."""
    meta = obj["metadata"]
    held = meta.get("finalizers") or (
        obj.get("kind") == "Namespace" and (obj.get("spec") or {}).get("finalizers")
    )
    return bool(held) or bool(meta.get("deletionGracePeriodSeconds"))


def _can_be_removed(obj: JsonObject) -> bool:
    return bool(obj["metadata"].get("deletionTimestamp")) and not _waits(obj)
