"""Field managers: who owns which fields of an object, stored in `metadata.managedFields`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from probewatch.playground.api.fields import (
    FindKeys,
    Path,
    decode_fields,
    encode_fields,
    flatten,
)
from probewatch.playground.api.requests import Request
from probewatch.playground.json_object import JsonObject

APPLY, UPDATE = "Apply", "Update"
LONGEST_NAME = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Manager:
    """A field manager, with the operation, version and subresource that it writes with."""

    name: str
    operation: str
    version: str
    subresource: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The fields that a manager owns, and when it last changed them."""

    manager: Manager
    fields: frozenset[Path]
    time: str


def manager_of(request: Request, operation: str, version: str) -> Manager:
    """Return the manager of a write: the option `fieldManager`, else the program's name."""
    agent = request.headers.get("User-Agent", "").partition("/")[0]
    name = request.query.get("fieldManager") or agent or "unknown"
    return Manager(
        name=name[:LONGEST_NAME],
        operation=operation,
        version=version,
        subresource=request.subresource if request.subresource in {"status", "scale"} else "",
    )


def read_entries(obj: JsonObject) -> tuple[Entry, ...]:
    """Return the managed fields of an object."""
    return tuple(
        Entry(
            manager=Manager(
                name=raw.get("manager") or "",
                operation=raw.get("operation") or UPDATE,
                version=raw.get("apiVersion") or "",
                subresource=raw.get("subresource") or "",
            ),
            fields=frozenset(decode_fields(raw.get("fieldsV1") or {})),
            time=raw.get("time") or "",
        )
        for raw in obj["metadata"].get("managedFields") or ()
    )


def render_entries(entries: Iterable[Entry]) -> list[JsonObject]:
    """Return managed fields as they are in an object's metadata."""
    found = []
    for entry in entries:
        raw = {
            "manager": entry.manager.name,
            "operation": entry.manager.operation,
            "apiVersion": entry.manager.version,
            "time": entry.time,
            "fieldsType": "FieldsV1",
            "fieldsV1": encode_fields(entry.fields),
        }
        if entry.manager.subresource:
            raw["subresource"] = entry.manager.subresource
        found.append(raw)
    return found


def with_entries(obj: JsonObject, entries: Iterable[Entry]) -> JsonObject:
    """Return *obj* with these managed fields; managers that own nothing are left out."""
    rendered = render_entries(entry for entry in entries if entry.fields)
    return {**obj, "metadata": {**obj["metadata"], "managedFields": rendered}}


def note_update(
    old: JsonObject | None, new: JsonObject, manager: Manager, find_keys: FindKeys, *, now: str
) -> JsonObject:
    """Return *new* with the fields that differ from *old* owned by *manager* alone."""
    before = flatten(old, find_keys) if old else {}
    after = flatten(new, find_keys)
    if manager.subresource == "status":
        before, after = _status_only(before), _status_only(after)
    missing = object()
    changed = {path for path, value in after.items() if before.get(path, missing) != value}
    gone = before.keys() - after.keys()
    entries = read_entries(old) if old else ()
    if not changed and not gone:
        return with_entries(new, entries)
    kept = [_without(entry, changed | gone) for entry in entries if entry.manager != manager]
    own = own_fields(entries, manager)
    mine = Entry(manager=manager, fields=frozenset((own - gone) | changed), time=now)
    return with_entries(new, [*kept, mine])


def _status_only(fields: dict[Path, Any]) -> dict[Path, Any]:
    return {path: value for path, value in fields.items() if path[0] == "f:status"}


def own_fields(entries: Sequence[Entry], manager: Manager) -> frozenset[Path]:
    """Return the fields that the manager owns."""
    found = (entry.fields for entry in entries if entry.manager == manager)
    return next(found, frozenset())


def _without(entry: Entry, paths: set[Path]) -> Entry:
    return replace(entry, fields=entry.fields - paths)
