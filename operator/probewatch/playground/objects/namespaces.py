"""Namespaces: those that every cluster has, and the deletion of one with its objects."""

from probewatch.playground.objects.registry import Deletion, Registry
from probewatch.playground.objects.store import Change, Key

ALWAYS_THERE = ("default", "kube-node-lease", "kube-public", "kube-system")
STORAGE = "namespaces"


class NamespaceKeeper:
    """Sets up new namespaces, and empties those that are being deleted, at once."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._emptying: set[str] = set()
        registry.store.listeners.append(self._notice)
        type_ = registry.types.builtin(STORAGE)
        for name in ALWAYS_THERE:
            if registry.find(type_, "", name) is None:
                registry.create(type_, {"metadata": {"name": name}})

    def _notice(self, storage: str, change: Change) -> None:
        if storage == STORAGE:
            self._notice_namespace(change)
        elif change.is_deletion:
            self._finish(change.new.key.namespace)

    def _notice_namespace(self, change: Change) -> None:
        name, meta = change.new.key.name, change.new.object["metadata"]
        if change.is_deletion:
            return
        if change.old is None:
            self._fill(name)
        elif "deletionTimestamp" in meta and name not in self._emptying:
            self._emptying.add(name)
            self._empty(name)
            self._emptying.discard(name)
            self._finish(name)

    def _fill(self, name: str) -> None:
        """Create the service account `default`, which pods use unless they name another."""
        accounts = self._registry.types.builtin("serviceaccounts")
        self._registry.create(accounts, {"metadata": {"name": "default", "namespace": name}})

    def _empty(self, name: str) -> None:
        for storage in self._registry.store.storages:
            type_ = self._registry.types.by_storage(storage)
            if type_ is None or not type_.namespaced:
                continue
            for stored in self._registry.store.items(storage, name):
                if self._registry.store.get(storage, stored.key):
                    self._registry.delete(type_, *stored.key, Deletion())

    def _finish(self, name: str) -> None:
        """Remove a namespace that is being deleted and is empty."""
        store = self._registry.store
        found = store.get(STORAGE, Key("", name))
        if found is None or name in self._emptying:
            return
        if "deletionTimestamp" not in found.object["metadata"]:
            return
        if any(store.items(storage, name) for storage in store.storages):
            return
        if not found.object["metadata"].get("finalizers"):
            store.remove(STORAGE, found.key)
