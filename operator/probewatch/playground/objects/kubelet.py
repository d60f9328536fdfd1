"""The kubelet's access to objects: writes statuses and Events, and removes stopped pods."""

from collections.abc import Callable

from probewatch.playground.json_object import JsonObject
from probewatch.playground.kubelet.specs import PodSpec
from probewatch.playground.objects.registry import STATUS, Deletion, Registry
from probewatch.playground.objects.status import StatusError
from probewatch.playground.objects.store import Key


class KubeletObjects:
    """Implements the kubelet's `PodKeeper` and `EventKeeper` on a registry."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._pods = registry.types.builtin("pods")
        self._events = registry.types.builtin("events")

    def write_status(self, pod: PodSpec, make: Callable[[JsonObject], JsonObject]) -> None:
        """Replace the status of a pod; does nothing if it is gone, even if another has its name."""
        if not self._is_there(pod):
            return

        def change(obj: JsonObject) -> JsonObject:
            return {**obj, "status": make(obj.get("status") or {})}

        self._registry.change(self._pods, pod.namespace, pod.name, change, STATUS)

    def remove(self, pod: PodSpec) -> None:
        """Remove a deleted pod that has stopped."""
        found = self._registry.store.get("pods", Key(pod.namespace, pod.name))
        if found is None or found.object["metadata"]["uid"] != pod.uid:
            return
        if "deletionTimestamp" in found.object["metadata"]:
            how = Deletion(grace=0, uid=pod.uid)
            self._registry.delete(self._pods, pod.namespace, pod.name, how)

    def keep(self, event: JsonObject) -> None:
        """Create the Event, or update the one with its name.

        As with a real kubelet, an Event that the server rejects is lost.
        """
        meta = event["metadata"]
        found = self._registry.find(self._events, meta["namespace"], meta["name"])
        try:
            if found is None:
                self._registry.create(self._events, event)
            else:
                self._registry.change(
                    self._events, meta["namespace"], meta["name"], lambda old: _renewed(old, event)
                )
        except StatusError:
            return

    def _is_there(self, pod: PodSpec) -> bool:
        found = self._registry.store.get("pods", Key(pod.namespace, pod.name))
        return found is not None and found.object["metadata"]["uid"] == pod.uid


def _renewed(old: JsonObject, event: JsonObject) -> JsonObject:
    return {**old, **event, "metadata": {**old["metadata"], **event["metadata"]}}
