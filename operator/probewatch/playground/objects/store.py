"""The store: the objects of the cluster with their versions, and the recent changes.

One counter numbers the changes of all resources, as etcd's revision does. Stored objects are
never changed in place: a reader may keep one, and must not modify it.
"""

import bisect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from probewatch.playground.json_object import JsonObject
from probewatch.playground.objects.status import expired

WINDOW = 20_000
"""The number of past changes of one resource that a watch can start from."""


class Key(NamedTuple):
    """The key of an object within its resource; `namespace` is empty for cluster-scoped ones."""

    namespace: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stored:
    """One version of one object."""

    object: JsonObject
    version: int
    _encoded: dict[str, bytes] = field(default_factory=dict)
    """Cached JSON, by the form in which the API serves it."""

    @property
    def key(self) -> Key:
        """The key of the object."""
        meta = self.object["metadata"]
        return Key(meta.get("namespace", ""), meta["name"])

    def encode(self, face: str, convert: Callable[[JsonObject], JsonObject]) -> bytes:
        """Return the converted object as JSON, encoded once for each form *face*."""
        found = self._encoded.get(face)
        if found is None:
            found = self._encoded[face] = msgspec.json.encode(convert(self.object))
        return found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Change:
    """One change of an object; after a deletion, `new` is its last state."""

    version: int
    new: Stored
    old: Stored | None
    is_deletion: bool = False


Listener = Callable[[str, Change], None]
"""Called with the storage's name after each change, synchronously."""


class _Collection:
    """The objects of one storage, sorted by key, and their recent changes."""

    def __init__(self) -> None:
        self.objects: dict[Key, Stored] = {}
        self.keys: list[Key] = []
        self.log: list[Change] = []
        self.wakes: set[Callable[[], None]] = set()

    def put(self, key: Key, stored: Stored) -> None:
        if key not in self.objects:
            bisect.insort(self.keys, key)
        self.objects[key] = stored

    def drop(self, key: Key) -> None:
        del self.objects[key]
        del self.keys[bisect.bisect_left(self.keys, key)]


class ObjectStore:
    """Stores objects by storage (`pods`, `leases.coordination.k8s.io`), namespace and name."""

    def __init__(self, *, window: int = WINDOW) -> None:
        self.version = 1
        self.listeners: list[Listener] = []
        self._window = window
        self._collections: dict[str, _Collection] = {}
        self._oldest: dict[str, int] = {}
        self._compacted = 0

    def _collection(self, storage: str) -> _Collection:
        return self._collections.setdefault(storage, _Collection())

    @property
    def storages(self) -> tuple[str, ...]:
        """The names of all storages that hold objects."""
        return tuple(name for name, collection in self._collections.items() if collection.objects)

    # --- reading ------------------------------------------------------------------

    def get(self, storage: str, key: Key) -> Stored | None:
        """Return the object, if there is one."""
        return self._collection(storage).objects.get(key)

    def items(self, storage: str, namespace: str = "") -> list[Stored]:
        """Return all objects in order of namespace and name, or those of one namespace."""
        collection = self._collection(storage)
        keys = collection.keys
        if namespace:
            first = bisect.bisect_left(keys, Key(namespace, ""))
            last = bisect.bisect_left(keys, Key(namespace + "\0", ""))
            keys = keys[first:last]
        return [collection.objects[key] for key in keys]

    def items_at(self, storage: str, version: int, namespace: str = "") -> list[Stored]:
        """Return the objects as they were at *version*; raises StatusError if it is too old."""
        past = {item.key: item for item in self.items(storage, namespace)}
        for change in reversed(self.changes_since(storage, version)):
            key = change.new.key
            if namespace and key.namespace != namespace:
                continue
            if change.old is None:
                del past[key]
            else:
                past[key] = change.old
        return [past[key] for key in sorted(past)]

    def changes_since(self, storage: str, version: int) -> list[Change]:
        """Return the changes after *version*; raises StatusError if it is too old."""
        if version < max(self._compacted, self._oldest.get(storage, 0)):
            raise expired(f"too old resource version: {version} ({self.version})")
        log = self._collection(storage).log
        return log[bisect.bisect_right(log, version, key=lambda change: change.version) :]

    # --- writing ------------------------------------------------------------------

    def put(self, storage: str, obj: JsonObject) -> Stored:
        """Store *obj* as the newest version of the object with its key."""
        meta = obj["metadata"]
        key = Key(meta.get("namespace") or "", meta["name"])
        collection = self._collection(storage)
        old, new = collection.objects.get(key), self._stamp(obj)
        collection.put(key, new)
        self._log(storage, Change(version=new.version, new=new, old=old))
        return new

    def remove(self, storage: str, key: Key) -> Stored:
        """Remove the object with the key; its last state gets a version of its own."""
        collection = self._collection(storage)
        old = collection.objects[key]
        new = self._stamp(old.object)
        collection.drop(key)
        self._log(storage, Change(version=new.version, new=new, old=old, is_deletion=True))
        return new

    def _stamp(self, obj: JsonObject) -> Stored:
        self.version += 1
        meta = {**obj["metadata"], "resourceVersion": str(self.version)}
        return Stored(object={**obj, "metadata": meta}, version=self.version)

    def _log(self, storage: str, change: Change) -> None:
        collection = self._collection(storage)
        collection.log.append(change)
        if (
            len(collection.log) > self._window * 5 // 4
        ):  # not at each change: shifting a list is slow
            cut = len(collection.log) - self._window
            self._oldest[storage] = collection.log[cut - 1].version
            del collection.log[:cut]
        for listener in tuple(self.listeners):
            listener(storage, change)
        self.wake(storage)

    # --- history ------------------------------------------------------------------

    def compact(self, version: int | None = None) -> None:
        """Forget the changes up to *version*, or all so far."""
        self._compacted = self.version if version is None else version
        for collection in self._collections.values():
            collection.log = [
                change for change in collection.log if change.version > self._compacted
            ]

    def wake(self, storage: str) -> None:
        """Wake all subscribers of a storage."""
        for wake in tuple(self._collection(storage).wakes):
            wake()

    def subscribe(self, storage: str, wake: Callable[[], None]) -> Callable[[], None]:
        """Call *wake* after each change of a storage; return the function that ends this."""
        wakes = self._collection(storage).wakes
        wakes.add(wake)
        return lambda: wakes.discard(wake)
