"""The validation of Events, which differs by the API group that an Event is written through.

The rules are those of Kubernetes (pkg/apis/core/validation/events.go): lengths are counted
in bytes, and apply only to an Event that has an `eventTime`.
"""

from probewatch.playground.json_object import JsonObject
from probewatch.playground.objects.names import LABEL_LENGTH, QUALIFIED, SUBDOMAIN
from probewatch.playground.objects.status import Cause

INSTANCE_LIMIT = ACTION_LIMIT = REASON_LIMIT = 128
NOTE_LIMIT = 1024
CLUSTER_NAMESPACES = {"default", "kube-system"}
"""Namespaces in which Events about cluster-scoped objects are stored."""
FROZEN = (
    "involvedObject", "reason", "message", "source", "firstTimestamp", "lastTimestamp", "count",
    "type", "eventTime", "action", "related", "reportingComponent", "reportingInstance",
)  # fmt: skip
NAMES = {"reportingComponent": "reportingController"}
"""The server's names for fields in its messages, where they are not those of core/v1."""


def check_event(event: JsonObject, _old: JsonObject | None) -> list[Cause]:
    """Return what is wrong with an Event, written through either group."""
    namespace = event["metadata"].get("namespace") or ""
    involved = (event.get("involvedObject") or {}).get("namespace") or ""
    text = f'Invalid value: "{involved}": does not match event.namespace'
    mismatch = [("involvedObject.namespace", text)]
    if not event.get("eventTime"):
        fits = namespace == involved if involved else namespace == "default"
        return [] if fits else mismatch
    causes: list[Cause] = [] if involved or namespace in CLUSTER_NAMESPACES else mismatch
    return causes + _check_reporter(event) + _check_texts(event)


def _check_reporter(event: JsonObject) -> list[Cause]:
    controller = event.get("reportingComponent") or ""
    causes: list[Cause] = []
    if not controller:
        causes.append(("reportingController", "Required value"))
    prefix, slash, name = controller.rpartition("/")
    fits = QUALIFIED.fullmatch(name) and len(name) <= LABEL_LENGTH
    if not fits or (slash and not SUBDOMAIN.fullmatch(prefix)):
        text = f'Invalid value: "{controller}": name part must be a qualified name'
        causes.append(("reportingController", text))
    return causes + _check_length(event, "reportingInstance", INSTANCE_LIMIT, required=True)


def _check_texts(event: JsonObject) -> list[Cause]:
    return [
        *_check_length(event, "action", ACTION_LIMIT, required=True),
        *_check_length(event, "reason", REASON_LIMIT, required=True),
        *_check_length(event, "message", NOTE_LIMIT, required=False),
    ]


def _check_length(event: JsonObject, field: str, limit: int, *, required: bool) -> list[Cause]:
    text = event.get(field) or ""
    if not text:
        return [(field, "Required value")] if required else []
    if len(text.encode(errors="surrogatepass")) > limit:
        return [(field, f'Invalid value: "": can have at most {limit} characters')]
    return []


def check_new_event(event: JsonObject, old: JsonObject | None) -> list[Cause]:
    """Return what is wrong with an Event written through events.k8s.io/v1."""
    causes = check_event(event, old)
    if old is not None:
        changed = event.get("series") != old.get("series")
        return causes + (_check_series(event) if changed else []) + _check_frozen(event, old)
    causes += _check_series(event)
    if not event.get("eventTime"):
        causes.append(("eventTime", "Required value"))
    if event.get("type") not in {"Normal", "Warning"}:
        text = f'Invalid value: "": has invalid value: {event.get("type") or ""}'
        causes.append(("type", text))
    for field in ("firstTimestamp", "lastTimestamp", "count", "source"):
        if event.get(field):
            causes.append((field, 'Invalid value: "": needs to be unset'))
    return causes


def _check_series(event: JsonObject) -> list[Cause]:
    series = event.get("series")
    if not series:
        return []
    causes: list[Cause] = []
    if (series.get("count") or 0) < 2:  # noqa: PLR2004  # one is no series
        causes.append(("series.count", 'Invalid value: "": should be at least 2'))
    if not series.get("lastObservedTime"):
        causes.append(("series.lastObservedTime", "Required value"))
    return causes


def _check_frozen(event: JsonObject, old: JsonObject) -> list[Cause]:
    return [
        (NAMES.get(field, field), f"Invalid value: {event.get(field)}: field is immutable")
        for field in FROZEN
        if (event.get(field) or None) != (old.get(field) or None)
    ]
