"""Drafts: an Event to be written, still without its time and its writer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from probewatch.core.model import PodRef, Workload
from probewatch.kube.events.reasons import EventKind
from probewatch.kube.sanitize import sanitize
from probewatch.kube.times import render_micro_time

CONTROLLER = "probewatch.dev/operator"
"""`reportingController`: what kubectl shows under `From`."""

NOTE_LIMIT = 1024
"""Bytes, as the API server counts them."""

INSTANCE_LIMIT = 128
"""Bytes of `reportingInstance`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventDraft:
    """An Event to be written, still without its time and its writer."""

    kind: EventKind
    pod: PodRef
    workload: Workload
    name: str
    tell: Callable[[], str]
    """Returns the note; called only if the Event is written, which few are in a flood of them."""
    field_path: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def note(self) -> str:
        """The text for people, sanitized and within the API's limit."""
        return sanitize(self.tell(), limit=NOTE_LIMIT)


def render_event(draft: EventDraft, *, instance: str, now: float) -> dict[str, object]:
    """Return the body to post; *now* in epoch seconds, *instance* names the writer."""
    pod, workload = draft.pod, draft.workload
    return {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"name": draft.name, "namespace": pod.namespace, "labels": dict(draft.labels)},
        "eventTime": render_micro_time(now),
        "reportingController": CONTROLLER,
        "reportingInstance": sanitize(instance, limit=INSTANCE_LIMIT),
        "action": draft.kind.action,
        "reason": draft.kind.reason,
        "type": draft.kind.type,
        "note": draft.note,
        "regarding": {
            "apiVersion": "v1",
            "kind": "Pod",
            "namespace": pod.namespace,
            "name": pod.name,
            "uid": pod.uid,
            **({"fieldPath": draft.field_path} if draft.field_path else {}),
        },
        "related": {
            "apiVersion": workload.api_version,
            "kind": workload.kind,
            "namespace": workload.namespace,
            "name": workload.name,
            **({"uid": workload.uid} if workload.uid else {}),
        },
    }
