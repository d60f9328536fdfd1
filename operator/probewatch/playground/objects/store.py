"""The objects of the cluster, each with a version, and the recent history of all changes.

One counter numbers the changes of everything, as etcd's revision does. Objects are kept as
they go out, and are never changed in place: whoever reads one may keep it, and must not write
into it.
"""

import bisect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from probewatch.playground.objects.status import expired

JsonObject = dict[str, Any]

WINDOW = 20_000
"""So many changes of one resource can be watched from afterwards."""


class Key(NamedTuple):
    """Where an object stands within its resource; `namespace` is empty for cluster-wide ones."""

    namespace: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stored:
    """One version of one object."""

    object: JsonObject
    version: int
    _encoded: dict[str, bytes] = field(default_factory=dict)
    """As JSON, by the face of the API that it is shown through."""

    @property
    def key(self) -> Key:
        """Where it stands."""
        meta = self.object["metadata"]
        return Key(meta.get("namespace", ""), meta["name"])

    def encode(self, face: str, convert: Callable[[JsonObject], JsonObject]) -> bytes:
        """Return it as JSON, made once for each *face*."""
        found = self._encoded.get(face)
        if found is None:
            found = self._encoded[face] = msgspec.json.encode(convert(self.object))
        return found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Change:
    """What happened at one version: `new` is the last state where the object was deleted."""

    version: int
    new: Stored
    old: Stored | None
    is_deletion: bool = False


Listener = Callable[[str, Change], None]
"""Called with the storage's name after each change, before anybody else can act."""


class _Shelf:
    """The objects of one resource, in order, and their recent changes."""

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
    """Keeps objects by storage (`pods`, `leases.coordination.k8s.io`), namespace and name."""

    def __init__(self, *, window: int = WINDOW) -> None:
        self.version = 1
        self.listeners: list[Listener] = []
        self._window = window
        self._shelves: dict[str, _Shelf] = {}
        self._oldest: dict[str, int] = {}
        self._compacted = 0

    def _shelf(self, storage: str) -> _Shelf:
        return self._shelves.setdefault(storage, _Shelf())

    @property
    def storages(self) -> tuple[str, ...]:
        """The names of all storages that hold something."""
        return tuple(name for name, shelf in self._shelves.items() if shelf.objects)

    # --- reading ------------------------------------------------------------------

    def get(self, storage: str, key: Key) -> Stored | None:
        """Return the object, if there is one."""
        return self._shelf(storage).objects.get(key)

    def items(self, storage: str, namespace: str = "") -> list[Stored]:
        """Return all objects in order of namespace and name, or those of one namespace."""
        shelf = self._shelf(storage)
        keys = shelf.keys
        if namespace:
            first = bisect.bisect_left(keys, Key(namespace, ""))
            last = bisect.bisect_left(keys, Key(namespace + "\0", ""))
            keys = keys[first:last]
        return [shelf.objects[key] for key in keys]

    def items_at(self, storage: str, version: int, namespace: str = "") -> list[Stored]:
        """Return the objects as they were at *version*.

        Raises: StatusError, if that is no longer known.
        """
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
        """Return what happened after *version*.

        Raises: StatusError, if that is no longer known.
        """
        if version < max(self._compacted, self._oldest.get(storage, 0)):
            raise expired(f"too old resource version: {version} ({self.version})")
        log = self._shelf(storage).log
        return log[bisect.bisect_right(log, version, key=lambda change: change.version) :]

    # --- writing ------------------------------------------------------------------

    def put(self, storage: str, obj: JsonObject) -> Stored:
        """Keep *obj* as the newest version of what stands at its place."""
        meta = obj["metadata"]
        key = Key(meta.get("namespace") or "", meta["name"])
        shelf = self._shelf(storage)
        old, new = shelf.objects.get(key), self._stamp(obj)
        shelf.put(key, new)
        self._log(storage, Change(version=new.version, new=new, old=old))
        return new

    def remove(self, storage: str, key: Key) -> Stored:
        """Remove what stands at *key*; its last state gets a version of its own."""
        shelf = self._shelf(storage)
        old = shelf.objects[key]
        new = self._stamp(old.object)
        shelf.drop(key)
        self._log(storage, Change(version=new.version, new=new, old=old, is_deletion=True))
        return new

    def _stamp(self, obj: JsonObject) -> Stored:
        self.version += 1
        meta = {**obj["metadata"], "resourceVersion": str(self.version)}
        return Stored(object={**obj, "metadata": meta}, version=self.version)

    def _log(self, storage: str, change: Change) -> None:
        shelf = self._shelf(storage)
        shelf.log.append(change)
        if len(shelf.log) > self._window * 5 // 4:  # in strides: shifting a list costs
            cut = len(shelf.log) - self._window
            self._oldest[storage] = shelf.log[cut - 1].version
            del shelf.log[:cut]
        for listener in tuple(self.listeners):
            listener(storage, change)
        self.wake(storage)

    # --- history ------------------------------------------------------------------

    def compact(self, version: int | None = None) -> None:
        """Forget what happened up to *version*, or all that has happened."""
        self._compacted = self.version if version is None else version
        for shelf in self._shelves.values():
            shelf.log = [change for change in shelf.log if change.version > self._compacted]

    def wake(self, storage: str) -> None:
        """Let all who watch that storage look up."""
        for wake in tuple(self._shelf(storage).wakes):
            wake()

    def subscribe(self, storage: str, wake: Callable[[], None]) -> Callable[[], None]:
        """Call *wake* after each change of that storage; return what ends this."""
        wakes = self._shelf(storage).wakes
        wakes.add(wake)
        return lambda: wakes.discard(wake)
