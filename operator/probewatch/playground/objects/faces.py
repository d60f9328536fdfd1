"""Converts between the stored form of an object and its form in an API version.

Events have two forms, core/v1 and events.k8s.io/v1; custom resources one for each version.
"""

from collections.abc import Mapping
from typing import Any

from probewatch.playground.json_object import JsonObject
from probewatch.playground.objects.types import ResourceType

NEW_EVENT_NAMES = {
    "involvedObject": "regarding",
    "message": "note",
    "source": "deprecatedSource",
    "firstTimestamp": "deprecatedFirstTimestamp",
    "lastTimestamp": "deprecatedLastTimestamp",
    "count": "deprecatedCount",
    "reportingComponent": "reportingController",
}
"""Fields of a core/v1 Event, and what events.k8s.io/v1 calls them."""
CORE_EVENT_NAMES = {new: old for old, new in NEW_EVENT_NAMES.items()}

ALWAYS_SHOWN: Mapping[str, Any] = {
    "involvedObject": {},
    "source": {},
    "firstTimestamp": None,
    "lastTimestamp": None,
    "eventTime": None,
    "reportingComponent": "",
    "reportingInstance": "",
}
"""Fields of Events that the server writes even if they are empty."""


def _renamed(obj: JsonObject, names: Mapping[str, str]) -> JsonObject:
    return {names.get(key, key): value for key, value in obj.items()}


def to_stored(type_: ResourceType, obj: JsonObject) -> JsonObject:
    """Return the stored form of *obj*, which was written through the resource *type_*."""
    if type_.store == "events":
        core = _renamed(obj, CORE_EVENT_NAMES) if type_.group else obj
        return {**_head(type_.kind, "v1"), **ALWAYS_SHOWN, **_body(core)}
    return {**_head(type_.kind, type_.group_version), **_body(obj)}


def _head(kind: str, version: str) -> JsonObject:
    return {"kind": kind, "apiVersion": version}


def _body(obj: JsonObject) -> JsonObject:
    return {key: value for key, value in obj.items() if key not in {"kind", "apiVersion"}}


def to_shown(type_: ResourceType, obj: JsonObject) -> JsonObject:
    """Return the form of the stored *obj* in which the resource *type_* serves it."""
    if type_.group == "events.k8s.io":
        return {**_renamed(obj, NEW_EVENT_NAMES), "apiVersion": type_.group_version}
    if obj.get("apiVersion") == type_.group_version:
        return obj
    return {**obj, "apiVersion": type_.group_version}
