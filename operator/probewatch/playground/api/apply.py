"""Server-side apply: merges a manager's configuration with the fields that others have set."""

from collections.abc import Sequence
from dataclasses import replace

from probewatch.playground.api.fields import (
    FindKeys,
    Path,
    flatten,
    name_item,
    render_path,
)
from probewatch.playground.api.managers import (
    Entry,
    Manager,
    own_fields,
    read_entries,
    with_entries,
)
from probewatch.playground.json_object import Json, JsonObject
from probewatch.playground.objects.status import StatusError, bad_request


def apply(
    live: JsonObject | None,
    wanted: JsonObject,
    manager: Manager,
    find_keys: FindKeys,
    *,
    force: bool,
    now: str,
) -> JsonObject:
    """Return the object after *manager* has applied the configuration *wanted*.

    Fields that it applied before, no longer applies and nobody else owns are removed.
    Raises StatusError 409 if others own fields with other values, unless *force* is set.
    """
    if (wanted.get("metadata") or {}).get("managedFields"):
        raise bad_request("metadata.managedFields must be nil")
    fields = flatten(wanted, find_keys)
    entries = read_entries(live) if live else ()
    others = [entry for entry in entries if entry.manager != manager]
    if live:
        others = _take_fields(others, _differing(live, fields, find_keys), force=force)
    merged = merge(live, wanted, (), find_keys) if live else wanted
    dropped = own_fields(entries, manager) - fields.keys()
    dropped -= {path for entry in others for path in entry.fields}
    for path in sorted(dropped, key=len):  # a list element is removed before its keys
        merged = remove_field(merged, path, (), find_keys)
    mine = Entry(manager=manager, fields=frozenset(fields), time=now)
    return with_entries(merged, [*others, mine])


def _differing(live: JsonObject, fields: dict[Path, Json], find_keys: FindKeys) -> set[Path]:
    """Return the fields whose values would change."""
    present = flatten(live, find_keys)
    return {path for path, value in fields.items() if path in present and present[path] != value}


def _take_fields(others: Sequence[Entry], differing: set[Path], *, force: bool) -> list[Entry]:
    """Return what *others* own after they have lost the *differing* fields.

    Raises StatusError 409 if they own any of these, unless *force* is set.
    """
    conflicts = [(entry, path) for entry in others for path in sorted(entry.fields & differing)]
    if conflicts and not force:
        raise _conflict(conflicts)
    return [replace(entry, fields=entry.fields - differing) for entry in others]


def _conflict(conflicts: Sequence[tuple[Entry, Path]]) -> StatusError:
    causes, by_manager = [], dict[str, list[str]]()
    for entry, path in conflicts:
        manager = entry.manager
        who = f'"{manager.name}"'
        who += f' with subresource "{manager.subresource}"' if manager.subresource else ""
        who, field = f"{who} using {manager.version}", render_path(path)
        text = f"conflict with {who}"
        causes.append({"reason": "FieldManagerConflict", "message": text, "field": field})
        by_manager.setdefault(who, []).append(field)
    if len(conflicts) == 1:
        message = f"Apply failed with 1 conflict: {causes[0]['message']}: {causes[0]['field']}"
    else:
        texts = [
            "\n- ".join((f"conflicts with {who}:", *fields)) for who, fields in by_manager.items()
        ]
        message = "\n".join(
            (f"Apply failed with {len(conflicts)} conflicts: {texts[0]}", *texts[1:])
        )
    return StatusError(409, "Conflict", message, details={"causes": causes})


def merge(live: Json, wanted: Json, path: Path, find_keys: FindKeys) -> Json:
    """Return *live* with *wanted* merged into it."""
    if isinstance(live, dict) and isinstance(wanted, dict):
        merged = dict(live)
        for key, value in wanted.items():
            merged[key] = merge(live.get(key), value, (*path, f"f:{key}"), find_keys)
        return merged
    if isinstance(live, list) and isinstance(wanted, list):
        keys = find_keys(path, [*live, *wanted])
        if keys is not None:
            return _merge_items(live, wanted, path, keys, find_keys)
    return wanted


def _merge_items(
    live: list[Json], wanted: list[Json], path: Path, keys: tuple[str, ...], find_keys: FindKeys
) -> list[Json]:
    found = {name_item(item, keys): item for item in live}
    for item in wanted:
        name = name_item(item, keys)
        found[name] = merge(found.get(name), item, (*path, name), find_keys)
    return list(found.values())


def remove_field(value: Json, path: Path, above: Path, find_keys: FindKeys) -> Json:
    """Return *value* without the field at *path*, nor the parents that become empty."""
    head, *rest = path
    here = (*above, head)
    if head.startswith("f:"):
        key = head[2:]
        if not isinstance(value, dict) or key not in value:
            return value
        inner = remove_field(value[key], tuple(rest), here, find_keys) if rest else None
        if inner in (None, {}, []):
            return {name: item for name, item in value.items() if name != key}
        return {**value, key: inner}
    if not isinstance(value, list):
        return value
    keys = find_keys(above, value) or ()
    changed = []
    for item in value:
        if name_item(item, keys) != head:
            changed.append(item)
        elif rest:
            changed.append(remove_field(item, tuple(rest), here, find_keys))
    return changed
