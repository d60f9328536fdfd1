"""The columns of `kubectl get events`."""

from probewatch.playground.api.columns import NAME, Column, dig, field, since
from probewatch.playground.json_object import JsonObject


def _first(event: JsonObject) -> str | None:
    return event.get("firstTimestamp") or event.get("eventTime")


def _last(event: JsonObject) -> str | None:
    observed = dig(event, "series", "lastObservedTime")
    return observed or event.get("lastTimestamp") or _first(event)


def _count(event: JsonObject, _now: float) -> int:
    return dig(event, "series", "count") or event.get("count") or 1


def _source(event: JsonObject, _now: float) -> str:
    component = dig(event, "source", "component") or event.get("reportingComponent") or ""
    host = dig(event, "source", "host") or event.get("reportingInstance") or ""
    return ", ".join(part for part in (component, host) if part)


def _object(event: JsonObject, _now: float) -> str:
    involved = event.get("involvedObject") or {}
    return f"{(involved.get('kind') or '').lower()}/{involved.get('name') or ''}"


EVENT_COLUMNS = (
    Column(name="Last Seen", cell=lambda event, now: since(_last(event), now)),
    Column(name="Type", cell=field("type")),
    Column(name="Reason", cell=field("reason")),
    Column(name="Object", cell=_object),
    Column(name="Subobject", cell=field("involvedObject", "fieldPath"), priority=1),
    Column(name="Source", cell=_source, priority=1),
    Column(name="Message", cell=lambda event, _now: (event.get("message") or "").strip()),
    Column(name="First Seen", cell=lambda event, now: since(_first(event), now), priority=1),
    Column(name="Count", cell=_count, priority=1),
    Column(name="Name", cell=NAME.cell, priority=1),
)
