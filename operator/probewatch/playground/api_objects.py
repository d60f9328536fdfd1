"""Requests on objects: get, list, watch, create, update, patch and delete."""

from collections.abc import Callable
from typing import Any

import msgspec

from probewatch.playground.api_answers import Answer, answer_json
from probewatch.playground.api_lists import list_page
from probewatch.playground.api_patches import (
    APPLY_PATCH,
    JSON_PATCH,
    MERGE_PATCH,
    STRATEGIC_PATCH,
    json_patch,
    merge_patch,
    strategic_merge,
)
from probewatch.playground.api_projections import MakeTable, Projection, choose_projection
from probewatch.playground.api_requests import Request, unsupported_media_type
from probewatch.playground.api_selectors import make_selector
from probewatch.playground.api_watch import plan_watch, watch
from probewatch.playground.objects import Stored
from probewatch.playground.objects_registry import Deletion, Registry, Write
from probewatch.playground.objects_status import bad_request
from probewatch.playground.objects_types import ResourceType

JsonObject = dict[str, Any]

RETURNED_WHEN_DELETED = {"pods", "serviceaccounts", "persistentvolumeclaims", "persistentvolumes"}
"""What is shown once more when it is deleted; for all else it is said that it succeeded."""


class ObjectRequests:
    """Answers requests on objects of any resource."""

    def __init__(
        self, registry: Registry, make_table: MakeTable, *, bookmark_seconds: float = 60.0
    ) -> None:
        self._registry = registry
        self._make_table = make_table
        self._bookmark_seconds = bookmark_seconds

    def answer(self, type_: ResourceType, request: Request) -> Answer:
        """Answer a request.

        Raises: StatusError.
        """
        match request.verb:
            case "get":
                found = self._registry.get(type_, request.namespace, request.name)
                return self._one(type_, request, found)
            case "list":
                return self._list(type_, request)
            case "watch":
                return self._watch(type_, request)
            case "create":
                return self._create(type_, request)
            case "update":
                return self._update(type_, request)
            case "patch":
                return self._patch(type_, request)
            case "delete":
                return self._delete(type_, request)
            case _:
                return self._delete_many(type_, request)

    def _project(self, type_: ResourceType, request: Request) -> Projection:
        return choose_projection(type_, request, self._make_table)

    def _one(
        self, type_: ResourceType, request: Request, stored: Stored, status: int = 200
    ) -> Answer:
        return Answer(status=status, body=self._project(type_, request).one(stored) + b"\n")

    # --- reading ------------------------------------------------------------------

    def _list(self, type_: ResourceType, request: Request) -> Answer:
        projection = self._project(type_, request)
        page = list_page(self._registry.store, make_selector(type_, request), request)
        return Answer(body=projection.many(page.items, page.metadata))

    def _watch(self, type_: ResourceType, request: Request) -> Answer:
        plan = plan_watch(
            request,
            make_selector(type_, request),
            self._project(type_, request),
            bookmark_seconds=self._bookmark_seconds,
        )
        return Answer(stream=watch(self._registry.store, plan))

    # --- writing ------------------------------------------------------------------

    def _create(self, type_: ResourceType, request: Request) -> Answer:
        obj = place_object(type_, request, request.json())
        stored = self._registry.create(type_, obj, make_write(request))
        return self._one(type_, request, stored, 201)

    def _update(self, type_: ResourceType, request: Request) -> Answer:
        obj = place_object(type_, request, request.json())
        was_there = self._registry.find(type_, request.namespace, request.name)
        stored = self._registry.update(type_, obj, make_write(request))
        return self._one(type_, request, stored, 200 if was_there else 201)

    def _patch(self, type_: ResourceType, request: Request) -> Answer:
        patch = find_patch(type_, request)
        stored = self._registry.change(
            type_, request.namespace, request.name, patch, make_write(request)
        )
        return self._one(type_, request, stored)

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


def make_write(request: Request) -> Write:
    """Return how the request wants to write."""
    dry_run = request.query.get("dryRun", "")
    if dry_run not in {"", "All"}:
        raise bad_request(f'dryRun: Unsupported value: "{dry_run}": supported values: "All"')
    return Write(subresource=request.subresource, dry_run=bool(dry_run))


def place_object(type_: ResourceType, request: Request, obj: JsonObject) -> JsonObject:
    """Return *obj* with the place that the request's path names.

    Raises: StatusError 400, if the object itself names another place or kind.
    """
    kind, version = obj.get("kind") or type_.kind, obj.get("apiVersion") or type_.group_version
    if (kind, version) != (type_.kind, type_.group_version):
        wanted = f"{type_.group_version}, Kind={type_.kind}"
        raise bad_request(
            f"{kind} in version {version!r} cannot be handled as {wanted}: the API version in the "
            "data does not match the expected API version"
        )
    meta = dict(obj.get("metadata") or {})
    if request.name and meta.setdefault("name", request.name) != request.name:
        text = f"the name of the object ({meta['name']}) does not match the name on the URL"
        raise bad_request(f"{text} ({request.name})")
    if type_.namespaced and (meta.get("namespace") or request.namespace) != request.namespace:
        raise bad_request(
            "the namespace of the provided object does not match the namespace sent on the request"
        )
    if type_.namespaced:
        meta["namespace"] = request.namespace
    return {**obj, "metadata": meta}


def find_patch(type_: ResourceType, request: Request) -> Callable[[JsonObject], JsonObject]:
    """Return what the patch in the request makes of an object.

    Raises: StatusError 400 or 415.
    """
    kinds = [JSON_PATCH, MERGE_PATCH, APPLY_PATCH]
    if not type_.custom:
        kinds.append(STRATEGIC_PATCH)
    if request.content_type not in kinds:
        raise unsupported_media_type(*kinds)
    patch = _decode_patch(request)
    if request.content_type == JSON_PATCH:
        if not isinstance(patch, list):
            raise bad_request("a JSON patch is a list of operations")
        return lambda obj: json_patch(obj, patch)
    if not isinstance(patch, dict):
        raise bad_request("a merge patch is an object")
    if request.content_type == MERGE_PATCH:
        return lambda obj: merge_patch(obj, patch)
    return lambda obj: strategic_merge(obj, patch)


def _decode_patch(request: Request) -> object:
    try:
        return msgspec.json.decode(request.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise bad_request(f"error decoding patch: {error}") from error


def parse_deletion(request: Request) -> Deletion:
    """Return how the request wants to delete.

    Raises: StatusError 400.
    """
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
