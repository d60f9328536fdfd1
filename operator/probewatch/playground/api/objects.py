"""Requests on objects: get, list, watch, create, update, patch and delete."""

from probewatch.playground.api.answers import Answer, answer_json
from probewatch.playground.api.lists import list_page
from probewatch.playground.api.projections import MakeTable, Projection, choose_projection
from probewatch.playground.api.requests import Request
from probewatch.playground.api.selectors import make_selector
from probewatch.playground.api.validation import render_warnings
from probewatch.playground.api.watch import plan_watch, watch
from probewatch.playground.api.writes import Writer
from probewatch.playground.objects.registry import Deletion, Registry
from probewatch.playground.objects.status import bad_request
from probewatch.playground.objects.store import Stored
from probewatch.playground.objects.types import ResourceType

RETURNED_WHEN_DELETED = {"pods", "serviceaccounts", "persistentvolumeclaims", "persistentvolumes"}
"""Resources whose deletion returns the object; that of all others returns a Status."""


class ObjectRequests:
    """Answers requests on objects of any resource."""

    def __init__(
        self,
        registry: Registry,
        make_table: MakeTable,
        *,
        writer: Writer,
        bookmark_seconds: float = 60.0,
    ) -> None:
        self._writer = writer
        self._registry = registry
        self._make_table = make_table
        self._bookmark_seconds = bookmark_seconds

    def answer(self, type_: ResourceType, request: Request) -> Answer:
        """Answer a request; raises StatusError."""
        match request.verb:
            case "get":
                found = self._registry.get(type_, request.namespace, request.name)
                return self._one(type_, request, found)
            case "list":
                return self._list(type_, request)
            case "watch":
                return self._watch(type_, request)
            case "create" | "update" | "patch":
                return self._write(type_, request)
            case "delete":
                return self._delete(type_, request)
            case _:
                return self._delete_many(type_, request)

    def _project(self, type_: ResourceType, request: Request) -> Projection:
        return choose_projection(type_, request, self._make_table)

    def _one(self, type_: ResourceType, request: Request, stored: Stored) -> Answer:
        return Answer(body=self._project(type_, request).one(stored) + b"\n")

    def _write(self, type_: ResourceType, request: Request) -> Answer:
        projection = self._project(type_, request)  # may raise, so before anything is written
        outcome = self._writer.write(type_, request)
        return Answer(
            status=201 if outcome.is_new else 200,
            body=projection.one(outcome.stored) + b"\n",
            headers=render_warnings(outcome.warnings),
        )

    # --- reading ------------------------------------------------------------------

    def _list(self, type_: ResourceType, request: Request) -> Answer:
        projection = self._project(type_, request)
        page = list_page(self._registry.store, make_selector(type_, request), request)
        return Answer(body=projection.many(page.items, page.metadata))

    def _watch(self, type_: ResourceType, request: Request) -> Answer:
        place = (type_.group, type_.version, type_.plural)
        plan = plan_watch(
            request,
            make_selector(type_, request),
            self._project(type_, request),
            bookmark_seconds=self._bookmark_seconds,
            is_served=lambda: self._registry.types.find(*place) is not None,
        )
        return Answer(stream=watch(self._registry.store, plan))

    # --- deleting -----------------------------------------------------------------

    def _delete(self, type_: ResourceType, request: Request) -> Answer:
        how = parse_deletion(request)
        stored, is_gone = self._registry.delete(type_, request.namespace, request.name, how)
        if not is_gone or (not type_.group and type_.plural in RETURNED_WHEN_DELETED):
            return self._one(type_, request, stored)
        details = {
            "name": request.name,
            "group": type_.group,
            "kind": type_.plural,
            "uid": stored.object["metadata"]["uid"],
        }
        details = {key: value for key, value in details.items() if value}
        head = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
        return answer_json({**head, "details": details})

    def _delete_many(self, type_: ResourceType, request: Request) -> Answer:
        how = parse_deletion(request)
        page = list_page(self._registry.store, make_selector(type_, request), request)
        for stored in page.items:
            if self._registry.store.get(type_.store, stored.key):
                self._registry.delete(type_, *stored.key, how)
        return Answer(body=self._project(type_, request).many(page.items, page.metadata))


def parse_deletion(request: Request) -> Deletion:
    """Return the options of a deletion; raises StatusError 400."""
    options = request.json() if request.body.strip() else {}
    grace = request.number("gracePeriodSeconds")
    grace = options.get("gracePeriodSeconds") if grace is None else grace
    propagation = options.get("propagationPolicy") or request.query.get("propagationPolicy")
    if options.get("orphanDependents") or request.flag("orphanDependents"):
        propagation = "Orphan"
    if propagation not in {None, "", "Background", "Foreground", "Orphan"}:
        raise bad_request(f'propagationPolicy: Unsupported value: "{propagation}"')
    conditions = options.get("preconditions") or {}
    return Deletion(
        grace=grace,
        uid=conditions.get("uid") or "",
        version=conditions.get("resourceVersion") or "",
        propagation=propagation or "Background",
        dry_run=bool(options.get("dryRun") or request.query.get("dryRun")),
    )
