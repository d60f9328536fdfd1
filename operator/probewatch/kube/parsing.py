"""Parses decoded objects into values of the core. Pure; never raises for what a server accepts.

A missing field gets the API's default, and an invalid value is treated as absent. Strings, labels
and owners that many pods have in common are held in memory once.
"""

from collections.abc import Mapping
from sys import intern

import msgspec

from probewatch.core import model
from probewatch.kube import objects
from probewatch.kube.labels import Labels, read_strings
from probewatch.kube.objects import BROKEN
from probewatch.kube.owners import find_controlling
from probewatch.kube.sharing import Shared, digest
from probewatch.kube.times import parse_time

IGNORE = "probewatch.dev/ignore"
MIRROR = "kubernetes.io/config.mirror"

WORKLOADS_KEPT = 16_384
"""How many owners, and how many sets of labels, are shared."""

CONDITIONS = frozenset(
    {
        "Ready",
        "ContainersReady",
        "PodReadyToStartContainers",
        "AllContainersRestarting",
        "PodResizePending",
    }
)
"""The condition types that the core uses."""


def short(text: str | None) -> str:
    """Return an API enum value such as a reason, interned; cut off, in case it is no such value."""
    return intern(text[:64]) if text else ""


def parse_version(text: str | None) -> int:
    """Return a resourceVersion as a number; 0 if it is not one."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 20 else 0  # noqa: PLR2004  # digits of a 64-bit number


def parse_node(raw: objects.PodSpec | None) -> str:
    """Return the node's name; empty for a pod that is not scheduled."""
    return intern(raw.node_name) if raw and raw.node_name else ""


def parse_annotations(raw: msgspec.Raw) -> Mapping[str, str]:
    """Return the annotations if one that we read is among them; most pods have none."""
    body = bytes(raw)
    try:
        return read_strings(body) if has_notes(body) else _NOTHING
    except BROKEN:
        return _NOTHING


def has_notes(body: bytes) -> bool:
    """Whether the JSON of annotations may contain one that we read."""
    return b"probewatch.dev" in body or b"config.mirror" in body


def is_ignored(notes: Mapping[str, str]) -> bool:
    """Whether the pod opted out."""
    return notes.get(IGNORE, "").lower() == "true"


def parse_labels(raw: msgspec.Raw) -> Mapping[str, str]:
    """Return the labels; pods with equal labels share one object."""
    body = bytes(raw)
    return _labels.get(body, lambda: Labels(body)) if body else _NOTHING


def parse_owner(raw: msgspec.Raw) -> model.OwnerRef | None:
    """Return the controlling owner; pods with the same owner share one object."""
    body = bytes(raw)
    return _owners.get(digest(body), lambda: (_owner(body),))[0] if body else None


_NOTHING: Mapping[str, str] = {}
_labels: Shared[bytes, Mapping[str, str]] = Shared(WORKLOADS_KEPT)
_owners: Shared[bytes, tuple[model.OwnerRef | None]] = Shared(WORKLOADS_KEPT)
_decode_owners = msgspec.json.Decoder(list[objects.OwnerReference] | None).decode


def _owner(body: bytes) -> model.OwnerRef | None:
    try:
        references = _decode_owners(body)
    except BROKEN:
        return None
    ref = find_controlling(references or ())
    if ref is None:
        return None
    return model.OwnerRef(
        api_version=intern(ref.api_version or ""),
        kind=intern(ref.kind or ""),
        name=ref.name or "",
        uid=ref.uid or "",
    )


def parse_statuses(raw: objects.PodStatus) -> tuple[model.ContainerStatus, ...]:
    """Return the container statuses, those of init containers first.

    A status without a restartCount is left out: as 0, it would look like a reset of the count.
    """
    both = (*(raw.init_container_statuses or ()), *(raw.container_statuses or ()))
    return tuple(_status(each) for each in both if has_count(each))


def has_count(raw: objects.ContainerStatus) -> bool:
    """Whether the status has a valid restartCount."""
    return raw.restart_count is not None and raw.restart_count >= 0


def _status(raw: objects.ContainerStatus) -> model.ContainerStatus:
    state, last = raw.state or objects.State(), raw.last_state or objects.State()
    return model.ContainerStatus(
        name=intern(raw.name),
        restart_count=raw.restart_count or 0,
        ready=bool(raw.ready),
        started=raw.started,
        container_id=raw.container_id or "",
        running_since=parse_time(state.running.started_at) if state.running else None,
        waiting_reason=short(state.waiting.reason) if state.waiting else "",
        terminated=_termination(state.terminated),
        last=_termination(last.terminated),
    )


def _termination(raw: objects.Terminated | None) -> model.Termination | None:
    if raw is None:
        return None
    return model.Termination(
        exit_code=raw.exit_code,
        reason=short(raw.reason),
        signal=raw.signal or 0,
        started_at=parse_time(raw.started_at),
        finished_at=parse_time(raw.finished_at),
        container_id=raw.container_id or "",
    )


_STATUS = {"True": True, "False": False}


def keep_judged(status: objects.PodStatus) -> objects.PodStatus:
    """Drop the conditions that the core does not use, in place; return the status."""
    if status.conditions:
        status.conditions = [each for each in status.conditions if each.type in CONDITIONS]
    return status


def parse_conditions(raw: list[objects.Condition] | None) -> Mapping[str, model.Condition]:
    """Return the conditions that the core uses, by type."""
    return {
        intern(each.type): model.Condition(
            status=_STATUS.get(each.status or ""),
            reason=short(each.reason),
            last_transition=parse_time(each.last_transition_time),
        )
        for each in raw or ()
        if each.type in CONDITIONS
    }
