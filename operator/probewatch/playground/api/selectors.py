"""Label and field selectors."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from probewatch.playground.api.requests import Request
from probewatch.playground.json_object import JsonObject
from probewatch.playground.objects.status import bad_request
from probewatch.playground.objects.types import ResourceType

Labels = Mapping[str, str]

_SET = re.compile(r"\s*([^\s,!=()]+)\s+(in|notin)\s*\(([^()]*)\)\s*")
_EQUALITY = re.compile(r"\s*([^\s,!=()]+)\s*(==|=|!=)\s*([^\s,!=()]*)\s*")
_EXISTENCE = re.compile(r"\s*(!?)\s*([^\s,!=()]+)\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One requirement on a label or field."""

    key: str
    operator: str
    """`in`, `notin`, `exists` or `!`."""
    values: tuple[str, ...] = ()

    def holds(self, value: str | None) -> bool:
        """Whether a value, or None if it is missing, meets the requirement."""
        match self.operator:
            case "in":
                return value is not None and value in self.values
            case "notin":
                return value is None or value not in self.values
            case "exists":
                return value is not None
            case _:
                return value is None


def parse_labels(text: str) -> tuple[Requirement, ...]:
    """Return the requirements of a label selector; raises StatusError 400."""
    found, rest = [], text.strip()
    while rest:
        requirement, rest = _parse_requirement(rest, text)
        found.append(requirement)
        if rest and not rest.startswith(","):
            raise bad_request(f"unable to parse requirement: {text!r}: found {rest[:1]!r}")
        rest = rest[1:]
    return tuple(found)


def _parse_requirement(rest: str, text: str) -> tuple[Requirement, str]:
    if match := _SET.match(rest):
        values = tuple(value.strip() for value in match[3].split(","))
        requirement = Requirement(key=match[1], operator=match[2], values=values)
    elif match := _EQUALITY.match(rest):
        operator = "notin" if match[2] == "!=" else "in"
        requirement = Requirement(key=match[1], operator=operator, values=(match[3],))
    elif match := _EXISTENCE.match(rest):
        requirement = Requirement(key=match[2], operator=match[1] or "exists")
    else:
        raise bad_request(f"unable to parse requirement: {text!r}")
    return requirement, rest[match.end() :]


def parse_fields(text: str) -> tuple[Requirement, ...]:
    """Return the requirements of a field selector; raises StatusError 400."""
    found = []
    for part in filter(None, (item.strip() for item in text.split(","))):
        if "=" not in part:
            raise bad_request(f"invalid selector: {text!r}; can't understand {part!r}")
        key, operator, value = re.split(r"(!=|==|=)", part, maxsplit=1)
        kind = "notin" if operator == "!=" else "in"
        found.append(Requirement(key=key.strip(), operator=kind, values=(value.strip(),)))
    return tuple(found)


EVENT_FIELDS = (
    "involvedObject.kind", "involvedObject.namespace", "involvedObject.name",
    "involvedObject.uid", "involvedObject.apiVersion", "involvedObject.resourceVersion",
    "involvedObject.fieldPath", "reason", "reportingComponent", "source", "type",
)  # fmt: skip
NEW_EVENT_FIELDS = {
    **{name.replace("involvedObject", "regarding"): name for name in EVENT_FIELDS[:7]},
    "reason": "reason",
    "type": "type",
    "reportingController": "reportingComponent",
}
FIELDS: Mapping[str, tuple[str, ...]] = {
    "events": EVENT_FIELDS,
    "jobs.batch": ("status.successful",),
    "namespaces": ("status.phase",),
    "nodes": ("spec.unschedulable",),
    "pods": (
        "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName",
        "spec.hostNetwork", "status.phase", "status.podIP", "status.nominatedNodeName",
    ),
    "replicasets.apps": ("status.replicas",),
    "replicationcontrollers": ("status.replicas",),
    "secrets": ("type",),
}  # fmt: skip
"""The fields that field selectors support, besides name and namespace, by storage."""


def find_field(storage: str, obj: JsonObject, path: str) -> str:
    """Return the value of a field as field selectors compare it."""
    if storage == "events" and path == "source":
        component = (obj.get("source") or {}).get("component")
        return str(component or obj.get("reportingComponent") or "")
    value: Any = obj
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    if value is None:
        return "false" if path in {"spec.unschedulable", "spec.hostNetwork"} else ""
    return str(value).lower() if isinstance(value, bool) else str(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """Selects objects of one storage, by namespace, labels and fields."""

    namespace: str = ""
    labels: tuple[Requirement, ...] = ()
    fields: tuple[Requirement, ...] = ()
    storage: str = ""

    def __bool__(self) -> bool:
        """Whether it has any requirement besides the namespace."""
        return bool(self.labels or self.fields)

    def matches(self, obj: JsonObject) -> bool:
        """Whether the object, in its stored form, matches."""
        meta = obj["metadata"]
        if self.namespace and meta.get("namespace") != self.namespace:
            return False
        labels: Labels = meta.get("labels") or {}
        if not all(item.holds(labels.get(item.key)) for item in self.labels):
            return False
        return all(item.holds(find_field(self.storage, obj, item.key)) for item in self.fields)


def make_selector(type_: ResourceType, request: Request) -> Selector:
    """Return the selector of a list, a watch or a deletion; raises StatusError 400."""
    text = request.query.get("fieldSelector", "")
    if request.name:
        text = f"metadata.name={request.name}"
    fields = tuple(
        Requirement(key=_find_path(type_, item.key, request), operator=item.operator,
                    values=item.values)
        for item in parse_fields(text)
    )  # fmt: skip
    return Selector(
        namespace=request.namespace if type_.namespaced else "",
        labels=parse_labels(request.query.get("labelSelector", "")),
        fields=fields,
        storage=type_.store,
    )


def _find_path(type_: ResourceType, label: str, request: Request) -> str:
    if label == "metadata.name" or (label == "metadata.namespace" and type_.namespaced):
        return label
    if type_.group == "events.k8s.io":
        known: Mapping[str, str] = NEW_EVENT_FIELDS
    else:
        names = (*FIELDS.get(type_.store, ()), *type_.selectable)
        known = {name: name for name in names}
    if label not in known:
        place = f"{type_.group}/{type_.version}, Resource={type_.plural}"
        raise bad_request(
            f'Unable to find "{place}" that match label selector '
            f'"{request.query.get("labelSelector", "")}", field selector '
            f'"{request.query.get("fieldSelector", "")}": field label not supported: {label}'
        )
    return known[label]
