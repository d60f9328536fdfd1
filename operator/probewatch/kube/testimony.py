"""Parses kubelet Events into evidence. Pure; never raises."""

from sys import intern

from probewatch.core.evidence import Evidence, EvidenceKind
from probewatch.kube import event_objects
from probewatch.kube.messages import classify
from probewatch.kube.times import parse_time

OF_NODES = {"Rebooted": EvidenceKind.NODE_REBOOTED, "Starting": EvidenceKind.KUBELET_STARTED}
"""Evidence about the node itself, by the Event's reason."""

LONGEST_NAME = 253
LONGEST_CONTAINER = 63
"""No object, and no container, has a longer name; this bounds the memory for Events."""


def parse_evidence(raw: event_objects.Event) -> Evidence | None:
    """Return the evidence in a kubelet Event; None for all other Events."""
    about, source = raw.involved_object, raw.source
    component = (source.component if source else None) or raw.reporting_component
    if about is None or component != "kubelet":
        return None
    if about.kind == "Node":
        return _node_evidence(raw, about)
    return _pod_evidence(raw, about) if about.kind == "Pod" else None


def _node_evidence(
    raw: event_objects.Event, about: event_objects.InvolvedObject
) -> Evidence | None:
    kind, last = OF_NODES.get(raw.reason or ""), _last_time(raw)
    names = (about.uid or "", about.name or "", raw.metadata.name)
    if kind is None or last is None or max(map(len, names)) > LONGEST_NAME:
        return None
    return Evidence(
        kind=kind,
        at=last,
        first_at=_first_time(raw) or last,
        count=_count(raw),
        name=raw.metadata.name,
        involved_uid=about.uid or "",
        node=about.name or "",
    )


def _pod_evidence(raw: event_objects.Event, about: event_objects.InvolvedObject) -> Evidence | None:
    meaning, last = classify(raw.reason or "", raw.message or ""), _last_time(raw)
    if meaning.kind is EvidenceKind.OTHER or last is None or not about.uid:
        return None
    node = (raw.source.host or "") if raw.source else ""
    names = (about.uid, about.name or "", raw.metadata.name, node)
    # Its writer has a right in the Event's own namespace only: involvedObject's is not trusted.
    namespace = raw.metadata.namespace
    if not namespace or max(map(len, names)) > LONGEST_NAME:
        return None
    return Evidence(
        kind=meaning.kind,
        probe_type=meaning.probe_type,
        failure=meaning.failure,
        combined=meaning.combined,
        at=last,
        first_at=_first_time(raw) or last,
        count=_count(raw),
        container=_container_of(about.field_path),
        name=raw.metadata.name,
        involved_uid=about.uid,
        namespace=namespace,
        node=node,
    )


def _last_time(raw: event_objects.Event) -> float | None:
    series = parse_time(raw.series.last_observed_time) if raw.series else None
    return series or parse_time(raw.last_timestamp) or parse_time(raw.event_time)


def _first_time(raw: event_objects.Event) -> float | None:
    """Return the first occurrence; a series in events.k8s.io/v1 begins with its `eventTime`."""
    return parse_time(raw.first_timestamp) or parse_time(raw.event_time)


def _count(raw: event_objects.Event) -> int:
    series = raw.series.count if raw.series else None
    return max(series or raw.count or 1, 1)


def _container_of(path: str | None) -> str:
    """Return the container's name in a fieldPath like `spec.containers{name}`; else empty."""
    head, brace, rest = (path or "").partition("{")
    known = head in {"spec.containers", "spec.initContainers", "spec.ephemeralContainers"}
    name = rest.removesuffix("}")
    is_one = known and brace and rest.endswith("}") and len(name) <= LONGEST_CONTAINER
    return intern(name) if is_one else ""
