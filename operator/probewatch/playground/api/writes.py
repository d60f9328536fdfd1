"""Requests that write: create, update, patch and apply."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import yaml

from probewatch.kube.objects import BROKEN
from probewatch.playground.api.apply import apply
from probewatch.playground.api.fields import FindKeys, builtin_keys, schema_keys
from probewatch.playground.api.managers import APPLY, UPDATE, manager_of, note_update
from probewatch.playground.api.patches import (
    APPLY_PATCH,
    JSON_PATCH,
    MERGE_PATCH,
    STRATEGIC_PATCH,
    json_patch,
    merge_patch,
    strategic_merge,
)
from probewatch.playground.api.requests import Request, unsupported_media_type
from probewatch.playground.api.validation import Versions, validate_fields
from probewatch.playground.json_object import JsonObject
from probewatch.playground.kubelet.pod_view import render_time
from probewatch.playground.objects.registry import Make, Registry, Write
from probewatch.playground.objects.status import bad_request
from probewatch.playground.objects.store import Stored
from probewatch.playground.objects.types import ResourceType

LARGEST_OBJECT = 3 * 2**19
"""Bytes: the limit of etcd for one request, 1.5 MiB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The result of a write."""

    stored: Stored
    is_new: bool = False
    warnings: tuple[str, ...] = ()


class Writer:
    """Executes the requests that write objects."""

    def __init__(self, registry: Registry, versions: Callable[[], Versions]) -> None:
        self._registry = registry
        self._versions = versions
        """Returns the versions of custom resources, for their schemas."""

    def write(self, type_: ResourceType, request: Request) -> Outcome:
        """Execute a create, update, patch or apply; raises StatusError."""
        if request.verb == "create":
            return self._create(type_, request)
        if request.verb == "update":
            return self._update(type_, request)
        if request.content_type == APPLY_PATCH:
            return self._apply(type_, request)
        return self._patch(type_, request)

    def _create(self, type_: ResourceType, request: Request) -> Outcome:
        obj, warnings = self._read(type_, request)
        stored = self._registry.create(type_, obj, self.plan(type_, request))
        return Outcome(stored=stored, is_new=True, warnings=tuple(warnings))

    def _read(self, type_: ResourceType, request: Request) -> tuple[JsonObject, list[str]]:
        obj = place_object(type_, request, request.json())
        return validate_fields(type_, request, obj, self._versions())

    def _update(self, type_: ResourceType, request: Request) -> Outcome:
        obj, warnings = self._read(type_, request)
        was_there = self._registry.find(type_, request.namespace, request.name)
        stored = self._registry.update(type_, obj, self.plan(type_, request))
        return Outcome(stored=stored, is_new=not was_there, warnings=tuple(warnings))

    def _patch(self, type_: ResourceType, request: Request) -> Outcome:
        patch, warnings = find_patch(type_, request), list[str]()

        def make(old: JsonObject) -> JsonObject:
            new, found = validate_fields(type_, request, patch(old), self._versions())
            warnings.extend(found)
            return new

        how = self.plan(type_, request)
        stored = self._registry.change(type_, request.namespace, request.name, make, how)
        return Outcome(stored=stored, warnings=tuple(warnings))

    def _apply(self, type_: ResourceType, request: Request) -> Outcome:
        if not request.query.get("fieldManager"):
            text = "fieldManager: Required value: is required for apply patch"
            raise bad_request(f'PatchOptions.meta.k8s.io "" is invalid: {text}')
        wanted = place_object(type_, request, read_yaml(request.body))
        wanted, warnings = validate_fields(type_, request, wanted, self._versions())
        manager = manager_of(request, APPLY, type_.group_version)
        now = render_time(self._registry.clock.now())

        def make(live: JsonObject | None) -> JsonObject:
            keys, force = self._keys(type_), request.flag("force")
            return apply(live, wanted, manager, keys, force=force, now=now)

        place, how = (request.namespace, request.name), make_write(request)
        # Applying a subresource creates nothing: without the object it fails as not found.
        if request.subresource or self._registry.find(type_, *place):
            stored = self._registry.change(type_, *place, make, how)
            return Outcome(stored=stored, warnings=tuple(warnings))
        stored = self._registry.create(type_, make(None), how)
        return Outcome(stored=stored, is_new=True, warnings=tuple(warnings))

    # --- field management -----------------------------------------------------------

    def plan(self, type_: ResourceType, request: Request) -> Write:
        """Return the options of a write, with its field management; raises StatusError 400."""
        manager = manager_of(request, UPDATE, type_.group_version)
        now, keys = render_time(self._registry.clock.now()), self._keys(type_)

        def sign(old: JsonObject | None, new: JsonObject) -> JsonObject:
            return note_update(old, new, manager, keys, now=now)

        return make_write(request, sign)

    def _keys(self, type_: ResourceType) -> FindKeys:
        if not type_.custom:
            return builtin_keys
        return schema_keys(self._versions()[type_.store, type_.version].schema)


def make_write(
    request: Request, sign: Callable[[JsonObject | None, JsonObject], JsonObject] | None = None
) -> Write:
    """Return the options of a write; raises StatusError 400."""
    dry_run = request.query.get("dryRun", "")
    if dry_run not in {"", "All"}:
        raise bad_request(f'dryRun: Unsupported value: "{dry_run}": supported values: "All"')
    return Write(
        subresource=request.subresource, dry_run=bool(dry_run), sign=sign, largest=LARGEST_OBJECT
    )


def place_object(type_: ResourceType, request: Request, obj: JsonObject) -> JsonObject:
    """Return *obj* with the name and namespace in the request's path.

    Raises StatusError 400 if the object itself has others, or another kind.
    """
    kind, version = obj.get("kind") or type_.kind, obj.get("apiVersion") or type_.group_version
    if (kind, version) != (type_.kind, type_.group_version):
        wanted = f"{type_.group_version}, Kind={type_.kind}"
        raise bad_request(
            f"the API version in the data ({version}, Kind={kind}) does not match the expected API "
            f"version ({wanted})"
        )
    given = obj.get("metadata") or {}
    if not isinstance(given, dict):
        raise bad_request(
            "json: cannot unmarshal into Go struct field .metadata of type ObjectMeta"
        )
    meta = dict(given)
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


PATCHES: Mapping[str, Callable[[Any, Any], Any]] = {
    JSON_PATCH: json_patch,
    MERGE_PATCH: merge_patch,
    STRATEGIC_PATCH: strategic_merge,
}


def find_patch(type_: ResourceType, request: Request) -> Make:
    """Return the function that applies the request's patch; raises StatusError 400 or 415."""
    kinds = [kind for kind in PATCHES if not (type_.custom and kind == STRATEGIC_PATCH)]
    if request.content_type not in kinds:
        raise unsupported_media_type(*kinds, APPLY_PATCH)
    try:
        patch = msgspec.json.decode(request.body)
    except BROKEN as error:
        raise bad_request(f"error decoding patch: {error}") from error
    if not isinstance(patch, list if request.content_type == JSON_PATCH else dict):
        raise bad_request("error decoding patch: it is of the wrong form")
    return lambda obj: PATCHES[request.content_type](obj, patch)


def read_yaml(body: bytes) -> JsonObject:
    """Return the object in a YAML or JSON body; raises StatusError 400."""
    try:
        found = yaml.safe_load(body)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise bad_request(f"error decoding YAML: {error}") from error
    if not isinstance(found, dict):
        raise bad_request("error decoding YAML: it must be an object")
    return found
