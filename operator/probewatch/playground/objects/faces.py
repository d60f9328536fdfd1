"""The forms in which objects of one storage are shown: Events have two, custom ones many."""

from collections.abc import Mapping
from typing import Any

from probewatch.playground.objects.types import ResourceType

JsonObject = dict[str, Any]

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
"""Fields that the server writes even where they are empty."""


def _renamed(obj: JsonObject, names: Mapping[str, str]) -> JsonObject:
    return {names.get(key, key): value for key, value in obj.items()}


def to_stored(type_: ResourceType, obj: JsonObject) -> JsonObject:
    """Return the form in which *obj*, which came through *type_*, is kept."""
    if type_.store == "events":
        core = _renamed(obj, CORE_EVENT_NAMES) if type_.group else obj
        return {**_head(type_.kind, "v1"), **ALWAYS_SHOWN, **_body(core)}
    return {**_head(type_.kind, type_.group_version), **_body(obj)}


def _head(kind: str, version: str) -> JsonObject:
    return {"kind": kind, "apiVersion": version}


def _body(obj: JsonObject) -> JsonObject:
    return {key: value for key, value in obj.items() if key not in {"kind", "apiVersion"}}


def to_shown(type_: ResourceType, obj: JsonObject) -> JsonObject:
    """Return the form in which *obj*, which was kept, is shown through *type_*."""
    if type_.group == "events.k8s.io":
        return {**_renamed(obj, NEW_EVENT_NAMES), "apiVersion": type_.group_version}
    if obj.get("apiVersion") == type_.group_version:
        return obj
    return {**obj, "apiVersion": type_.group_version}
