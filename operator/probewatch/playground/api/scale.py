"""The scale subresource: the number of replicas of a workload as an object of its own."""

from dataclasses import replace

from probewatch.playground.api.answers import Answer, answer_json
from probewatch.playground.api.columns import render_selector
from probewatch.playground.api.requests import Request
from probewatch.playground.api.users import User
from probewatch.playground.api.writes import Writer, find_patch
from probewatch.playground.json_object import JsonObject
from probewatch.playground.objects.registry import Make, Registry
from probewatch.playground.objects.status import StatusError
from probewatch.playground.objects.store import Stored
from probewatch.playground.objects.types import ResourceType

SHARED_META = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")


class ScaleRequests:
    """Answers requests on `…/scale`."""

    def __init__(self, registry: Registry, writer: Writer) -> None:
        self._registry = registry
        self._writer = writer

    def answer(self, type_: ResourceType, request: Request, _user: User) -> Answer:
        """Return or change the number of replicas; raises StatusError."""
        if "scale" not in type_.subresources:
            raise StatusError(404, "NotFound", "the server could not find the requested resource")
        place = (request.namespace, request.name)
        if request.verb == "get":
            return answer_json(render_scale(self._registry.get(type_, *place).object))
        if request.verb == "update":
            new = request.json()
            return self._write(type_, request, lambda _old: new)
        if request.verb == "patch":
            return self._write(type_, request, find_patch(type_, request))
        text = "the server does not allow this method on the requested resource"
        raise StatusError(405, "MethodNotAllowed", text)

    def _write(self, type_: ResourceType, request: Request, make: Make) -> Answer:
        def change(obj: JsonObject) -> JsonObject:
            scale = make(render_scale(obj))
            version = (scale.get("metadata") or {}).get("resourceVersion")
            meta = {**obj["metadata"], **({"resourceVersion": version} if version else {})}
            replicas = (scale.get("spec") or {}).get("replicas") or 0
            return {**obj, "metadata": meta, "spec": {**obj["spec"], "replicas": replicas}}

        how = replace(self._writer.plan(type_, request), subresource="")
        stored: Stored = self._registry.change(type_, request.namespace, request.name, change, how)
        return answer_json(render_scale(stored.object))


def render_scale(obj: JsonObject) -> JsonObject:
    """Return the Scale object of a workload."""
    spec, meta = obj.get("spec") or {}, obj["metadata"]
    selector = render_selector(spec.get("selector"))
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: meta[key] for key in SHARED_META if key in meta},
        "spec": {"replicas": spec.get("replicas") or 0},
        "status": {
            "replicas": (obj.get("status") or {}).get("replicas") or 0,
            "selector": selector,
        },
    }
