"""Writing objects by the API's rules: what the server does between a request and its store."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from probewatch.clock import Clock
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

JsonObject = dict[str, Any]
Make = Callable[[JsonObject], JsonObject]
"""The object as it is shown → the object as it shall be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion:
    """How an object is to be deleted."""

    grace: int | None = None
    """Seconds; None: what the pod itself asks for."""
    uid: str = ""
    """Only if the object still has this uid."""
    version: str = ""
    """Only if it still has this resourceVersion."""
    propagation: str = "Background"
    """What becomes of the objects that it owns: Background, Foreground or Orphan."""
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """How an object is to be written."""

    subresource: str = ""
    dry_run: bool = False
    sign: Callable[[JsonObject | None, JsonObject], JsonObject] | None = None
    """The object before and after → the latter with a note on who has changed it."""

    largest: int | None = None
    """Bytes that the object may have at most."""

    def signed(self, old: JsonObject | None, new: JsonObject) -> JsonObject:
        """Return *new* with a note on who has changed it."""
        return self.sign(old, new) if self.sign else new


UNCONDITIONAL = "Invalid value: 0x0: must be specified for an update"
PLAIN = Write()
STATUS = Write(subresource="status")
DELETE = Deletion()


class Registry:
    """The objects of a cluster, created, changed and deleted as its API server would."""

    def __init__(self, clock: Clock | None = None, *, store: ObjectStore | None = None) -> None:
        self.clock = clock or Clock()
        self.store = store or ObjectStore()
        self.types = Types(builtin_types())
        self.rules: dict[str, Rules] = {}
        """Of custom resources, by storage."""

    # --- reading ------------------------------------------------------------------

    def find(self, type_: ResourceType, namespace: str, name: str) -> Stored | None:
        """Return the object, if there is one."""
        return self.store.get(type_.store, Key(namespace if type_.namespaced else "", name))

    def get(self, type_: ResourceType, namespace: str, name: str) -> Stored:
        """Return the object.

        Raises: StatusError 404.
        """
        found = self.find(type_, namespace, name)
        if found is None:
            raise not_found(type_.plural, type_.group, name)
        return found

    def items(self, type_: ResourceType, namespace: str = "") -> list[Stored]:
        """Return all objects of that resource, or those of one namespace."""
        return self.store.items(type_.store, namespace)

    # --- creating -----------------------------------------------------------------

    def create(self, type_: ResourceType, shown: JsonObject, write: Write = PLAIN) -> Stored:
        """Create an object.

        Raises: StatusError: the name is taken, the object breaks rules, or the namespace is
        not there or is going away.
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
        """Return the rules for objects of that resource."""
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
        """Replace an object, or the part that the subresource is.

        Raises: StatusError.
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
        """Change an object by what *make* makes of it; unchanged, it keeps its version.

        Where the result names a resourceVersion or a uid, it must be the current one.

        Raises: StatusError.
        """
        old = self.get(type_, namespace, name)
        before = to_shown(type_, old.object)
        shown = make(before)
        self._check_preconditions(type_, old, shown)
        shown = write.signed(before, shown)
        new = to_stored(type_, shown)
        new = merge(self.rules_of(type_), type_, new, old.object, write.subresource)
        if write.subresource != "resize":  # which changes what is frozen otherwise
            self._check(type_, new, old.object)
        if not has_changed(new, old.object):
            return old
        stored = self._keep(type_, new, write)
        if write.dry_run or not _is_ready_to_go(new):
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

        A pod on a node waits for its kubelet, and anything waits for its finalizers.

        Raises: StatusError.
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
    """Raises: StatusError 409, if another object or another version of it was meant."""
    known = old.object["metadata"]["uid"]
    if uid != known:
        why = f"Precondition failed: UID in precondition: {uid}, UID in object meta: {known}"
        raise conflict(type_.plural, type_.group, old.key.name, why)
    if version not in {"", str(old.version)}:
        raise conflict(type_.plural, type_.group, old.key.name)


def _waits(obj: JsonObject) -> bool:
    """Whether something has still to happen before a deleted object may go."""
    meta = obj["metadata"]
    held = meta.get("finalizers") or (
        obj.get("kind") == "Namespace" and (obj.get("spec") or {}).get("finalizers")
    )
    return bool(held) or bool(meta.get("deletionGracePeriodSeconds"))


def _is_ready_to_go(obj: JsonObject) -> bool:
    return bool(obj["metadata"].get("deletionTimestamp")) and not _waits(obj)
