"""The controllers of the playground: they run ReplicaSets, Deployments and Jobs.

They do what a small cluster needs, so that workloads resolve, scale and roll out. Quotas,
pausing and progress deadlines are not supported.
"""

import asyncio
import itertools
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from probewatch.clock import Clock
from probewatch.playground.json_object import JsonObject
from probewatch.playground.kubelet.pod_status import TERMINAL_PHASES
from probewatch.playground.kubelet.pod_view import render_time
from probewatch.playground.objects.registry import STATUS, Deletion, Registry
from probewatch.playground.objects.status import StatusError
from probewatch.playground.objects.store import Change, Key, Stored
from probewatch.playground.objects.types import ResourceType

_log = logging.getLogger(__name__)

OWNER_GROUPS = {"ReplicaSet": "apps", "Deployment": "apps", "Job": "batch"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ControllerClient:
    """The access of controllers to the objects of the cluster."""

    registry: Registry
    numbers: Iterator[int] = field(default_factory=itertools.count)
    """Make the names of Events unique that are recorded at the same time."""

    def type_of(self, plural: str, group: str = "") -> ResourceType:
        """Return a built-in resource by its plural name and group."""
        return self.registry.types.builtin(plural, group)

    def owned(self, type_: ResourceType, owner: JsonObject) -> list[JsonObject]:
        """Return the objects whose controller is *owner*."""
        meta = owner["metadata"]
        items = self.registry.items(type_, meta["namespace"])
        return [item.object for item in items if controller_uid(item.object) == meta["uid"]]

    def create(self, type_: ResourceType, owner: JsonObject, obj: JsonObject) -> JsonObject:
        """Create an object whose controller is *owner*."""
        meta, own = owner["metadata"], obj["metadata"]
        reference = {
            "apiVersion": owner["apiVersion"],
            "kind": owner["kind"],
            "name": meta["name"],
            "uid": meta["uid"],
            "controller": True,
            "blockOwnerDeletion": True,
        }
        placed = {**own, "namespace": meta["namespace"], "ownerReferences": [reference]}
        return self.registry.create(type_, {**obj, "metadata": placed}).object

    def delete(self, type_: ResourceType, obj: JsonObject) -> None:
        """Delete an object; it does not matter if it is gone already."""
        meta = obj["metadata"]
        try:
            self.registry.delete(type_, meta["namespace"], meta["name"], Deletion(uid=meta["uid"]))
        except StatusError as error:
            _log.debug("Not deleted", extra={"why": str(error)})

    def change(
        self, type_: ResourceType, obj: JsonObject, make: Callable[[JsonObject], JsonObject]
    ) -> None:
        """Change an object."""
        meta = obj["metadata"]
        self.registry.change(type_, meta["namespace"], meta["name"], make)

    def set_status(self, type_: ResourceType, obj: JsonObject, status: JsonObject) -> None:
        """Write the status of an object, unless it is the same already."""
        meta = obj["metadata"]
        self.registry.change(
            type_, meta["namespace"], meta["name"], lambda old: {**old, "status": status}, STATUS
        )

    def record_event(self, obj: JsonObject, component: str, reason: str, message: str) -> None:
        """Record a `Normal` Event about a workload."""
        meta, now = obj["metadata"], self.registry.clock.now()
        at = render_time(now)
        event = {
            "metadata": {
                "name": f"{meta['name']}.{int(now * 1e9) + next(self.numbers):x}",
                "namespace": meta["namespace"],
            },
            "involvedObject": {
                "kind": obj["kind"],
                "namespace": meta["namespace"],
                "name": meta["name"],
                "uid": meta["uid"],
                "apiVersion": obj["apiVersion"],
                "resourceVersion": meta["resourceVersion"],
            },
            "reason": reason,
            "message": message,
            "source": {"component": component},
            "firstTimestamp": at,
            "lastTimestamp": at,
            "count": 1,
            "type": "Normal",
            "eventTime": None,
            "reportingComponent": component,
            "reportingInstance": "",
        }
        self.registry.create(self.type_of("events"), event)


Reconcile = Callable[[ControllerClient, JsonObject], None]
"""Brings the cluster one step nearer to the desired state in an object."""


class Workloads:
    """Runs the controllers: reconciles the workloads that a change affects, soon after it."""

    def __init__(
        self, registry: Registry, reconcilers: Mapping[tuple[str, str], Reconcile], clock: Clock
    ) -> None:
        self._client = ControllerClient(registry=registry)
        self._clock = clock
        self._reconcilers = {
            registry.types.builtin(plural, group).store: (registry.types.builtin(plural, group), do)
            for (plural, group), do in reconcilers.items()
        }
        self._dirty: set[tuple[str, Key]] = set()
        self._wake = asyncio.Event()
        registry.store.listeners.append(self._notice)

    def _notice(self, storage: str, change: Change) -> None:
        if storage in self._reconcilers and not change.is_deletion:
            self._mark(storage, change.new.key)
        for version in (change.old, change.new):
            self._mark_owner(version)

    def _mark_owner(self, stored: Stored | None) -> None:
        if stored is None:
            return
        for reference in stored.object["metadata"].get("ownerReferences") or ():
            group = OWNER_GROUPS.get(reference.get("kind", ""))
            if group and reference.get("controller"):
                storage = f"{reference['kind'].lower()}s.{group}"
                self._mark(storage, Key(stored.key.namespace, reference["name"]))

    def _mark(self, storage: str, key: Key) -> None:
        self._dirty.add((storage, key))
        self._wake.set()

    async def run(self) -> None:
        """Reconcile until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            for place in sorted(self._dirty):
                self._dirty.discard(place)
                self._reconcile(*place)
            await self._clock.sleep(0)

    def _reconcile(self, storage: str, key: Key) -> None:
        type_, reconcile = self._reconcilers[storage]
        found = self._client.registry.find(type_, *key)
        if found is None or "deletionTimestamp" in found.object["metadata"]:
            return
        obj = {"apiVersion": type_.group_version, "kind": type_.kind, **found.object}
        try:
            reconcile(self._client, obj)
        except StatusError as error:
            _log.warning("A workload is stuck", extra={"workload": key.name, "why": str(error)})


def controller_uid(obj: JsonObject) -> str:
    """Return the uid of the controller of *obj*; empty without one."""
    owners = obj["metadata"].get("ownerReferences") or ()
    return next((str(item["uid"]) for item in owners if item.get("controller")), "")


def is_active(pod: JsonObject) -> bool:
    """Whether a pod counts as a replica: it has neither terminated nor been deleted."""
    is_deleted = "deletionTimestamp" in pod["metadata"]
    return not is_deleted and pod.get("status", {}).get("phase") not in TERMINAL_PHASES


def is_ready(pod: JsonObject) -> bool:
    """Whether the pod's Ready condition is True."""
    conditions = pod.get("status", {}).get("conditions") or ()
    return any(item["type"] == "Ready" and item["status"] == "True" for item in conditions)
