"""Snapshots: a version of a pod in less than a kilobyte, with its most used fields unpacked.

Almost all pods are healthy almost all the time, and then only their place and whether they changed
is of interest. So the status is kept packed, and becomes values of the core only when something
happens to the pod.
"""

from collections.abc import Mapping
from sys import intern
from typing import ClassVar

import msgspec

from probewatch.core.losses import has_done_its_part
from probewatch.core.model import OwnerRef, Pod, PodRef, PodUid
from probewatch.core.restart_policy import OVER
from probewatch.core.spec import PodSpec
from probewatch.kube import objects, parsing
from probewatch.kube.pods.status_templates import Form
from probewatch.kube.spec_parsing import parse_spec
from probewatch.kube.times import parse_time
from probewatch.packing import Packer

COMPLETED, TERMINATING, READY, NOT_READY = "Completed", "Terminating", "Ready", "NotReady"

_STATUSES = Packer(objects.PodStatus)
_NO_STATUS = objects.PodStatus()


class Header(msgspec.Struct, gc=False):
    """The fields of a pod that are available without unpacking it."""

    uid: PodUid
    namespace: str
    name: str
    node: str
    owner: OwnerRef | None
    labels: Mapping[str, str]
    spec: PodSpec
    evidence_uid: str
    version: int
    """The newest resourceVersion seen, even if nothing else had changed in it."""
    mark: int
    """Hash of that version's JSON, see `RawPod.mark`; 0 if it is unknown."""
    group: str
    """`Ready`, `NotReady`, `Terminating` or `Completed`."""

    @property
    def ref(self) -> PodRef:
        """The reference to this pod."""
        return PodRef(
            uid=self.uid,
            namespace=self.namespace,
            name=self.name,
            node=self.node,
            owner=self.owner,
        )


class Snapshot(Header, gc=False):
    """One version of a pod; its status is packed when the snapshot is stored."""

    loose: objects.PodStatus | None
    """The status while it is not packed; None also if it was read by a sibling's template."""
    generation: int
    created_at: float | None
    deletion_at: float | None
    ignored: bool
    is_fresh: bool
    """Whether no container was ever restarted."""
    from_zero: bool = False
    """Whether the pod is known to have been watched since its start."""
    packed: bytes = b""
    form: Form | None = None
    """The form into which the values in `packed` are filled; None if `packed` is msgpack."""

    pending: ClassVar = 0
    """The number of restarts that wait for a verdict: none, since nothing happened to the pod."""

    @property
    def not_ready_since(self) -> float | None:
        """Since when the pod is not ready, by the node's clock; None if it is, or need not be."""
        if self.group != NOT_READY or (self._has_ended() and has_done_its_part(self.open())):
            return None
        ready = parsing.parse_conditions(self.status().conditions).get("Ready")
        return (ready and ready.last_transition) or self.created_at

    def _has_ended(self) -> bool:
        """Whether a container is terminated: only then does the pod need to be unpacked to tell."""
        states = (each.state for each in self.status().container_statuses or ())
        return any(state is not None and state.terminated is not None for state in states)

    def shows_the_same(self, other: Header) -> bool:
        """Whether another version of the pod has the same content, as far as it is used."""
        return (
            isinstance(other, Snapshot)
            and self._says_the_same(other)
            and self.spec is other.spec
            and self.node == other.node
            and self.generation == other.generation
            and self.deletion_at == other.deletion_at
            and self.ignored == other.ignored
            and self.labels == other.labels
            and self.owner == other.owner
        )

    def take_status(self, status: objects.PodStatus) -> None:
        """Replace the status by a decoded one, which must not be used afterwards."""
        kept = parsing.keep_judged(status).conditions or ()
        is_ready = any(each.type == "Ready" and each.status == "True" for each in kept)
        is_terminating = self.deletion_at is not None
        self.group = find_group(status.phase, is_terminating=is_terminating, is_ready=is_ready)
        self.is_fresh = _is_fresh(status)
        self.loose, self.packed, self.form = status, b"", None

    def pack(self) -> bytes:
        """Pack the status, if it is not packed yet, and return the bytes."""
        if self.loose is not None:
            self.packed, self.loose = _STATUSES.pack(self.loose), None
        return self.packed

    def _says_the_same(self, other: "Snapshot") -> bool:
        if self.form is other.form:
            return self.pack() == other.pack()
        return self.status() == other.status()

    def status(self) -> objects.PodStatus:
        """Return the status, as far as the core uses it."""
        if self.loose is not None:
            return self.loose
        return self.form.fill(self.packed) if self.form else _STATUSES.unpack(self.packed)

    def open(self) -> Pod:
        """Return the pod as a value of the core."""
        status = self.status()
        return Pod(
            uid=self.uid,
            evidence_uid=self.evidence_uid,
            namespace=self.namespace,
            name=self.name,
            resource_version=self.version,
            generation=self.generation,
            created_at=self.created_at,
            deletion_at=self.deletion_at,
            node=self.node,
            pod_ip=status.pod_ip or "",
            phase=parsing.short(status.phase),
            reason=parsing.short(status.reason),
            owner=self.owner,
            spec=self.spec,
            statuses=parsing.parse_statuses(status),
            conditions=parsing.parse_conditions(status.conditions),
            labels=self.labels,
            ignored=self.ignored,
        )


def take_snapshot(raw: objects.Pod, mark: int = 0) -> Snapshot:
    """Return the snapshot of a decoded pod, which must not be used afterwards."""
    meta = raw.metadata
    notes = parsing.parse_annotations(meta.annotations)
    found = Snapshot(
        PodUid(meta.uid),
        intern(meta.namespace or ""),
        meta.name,
        parsing.parse_node(raw.spec),
        parsing.parse_owner(meta.owner_references),
        parsing.parse_labels(meta.labels),
        parse_spec(raw.spec),
        notes.get(parsing.MIRROR, meta.uid),
        parsing.parse_version(meta.resource_version),
        mark,
        NOT_READY,
        None,
        meta.generation or 0,
        parse_time(meta.creation_timestamp),
        parse_time(meta.deletion_timestamp),
        parsing.is_ignored(notes),
        is_fresh=True,
    )
    found.take_status(raw.status or _NO_STATUS)
    return found


def parse_pod(raw: objects.Pod) -> Pod:
    """Return a decoded pod as a value of the core; *raw* must not be used afterwards."""
    return take_snapshot(raw).open()


def find_group(phase: str | None, *, is_terminating: bool, is_ready: bool | None) -> str:
    """Return the state of a pod, which is one of four."""
    if phase in OVER:
        return COMPLETED
    if is_terminating:
        return TERMINATING
    return READY if is_ready else NOT_READY


def _is_fresh(status: objects.PodStatus) -> bool:
    for each in status.container_statuses or ():
        if each.restart_count != 0:
            return False
    return all(each.restart_count == 0 for each in status.init_container_statuses or ())
