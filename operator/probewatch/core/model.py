"""Pods as plain values, reduced to the fields that the core needs; times are epoch seconds.

`started_at`, `finished_at` and `last_transition` are read from the **node's** clock, with a
resolution of one second. They may be compared with each other, but not with times of arrival,
which are read from ours.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NewType

from probewatch.core.exits import lifetime_of
from probewatch.core.spec import PodSpec
from probewatch.core.values import quickly_made

PodUid = NewType("PodUid", str)
"""`metadata.uid`, the identity of a pod: a name can be reused, a uid cannot."""


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Termination:
    """`state.terminated` or `lastState.terminated`; a time is None where the API shows 1970."""

    exit_code: int | None
    """None if it is missing or cannot be read."""
    reason: str = ""
    signal: int = 0
    started_at: float | None = None
    finished_at: float | None = None
    container_id: str = ""

    @property
    def lifetime(self) -> float | None:
        """Seconds from start to end; None if a time is missing or the end is before the start."""
        return lifetime_of(self.started_at, self.finished_at)


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerStatus:
    """The `containerStatuses` entry of one container."""

    name: str
    restart_count: int = 0
    ready: bool = False
    started: bool | None = None
    container_id: str = ""
    running_since: float | None = None
    waiting_reason: str = ""
    terminated: Termination | None = None
    last: Termination | None = None
    """`lastState.terminated`: the termination of the second-newest instance."""


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One of the pod's conditions."""

    status: bool | None
    """`None` is the API's `Unknown`."""
    reason: str = ""
    last_transition: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerRef:
    """The controlling owner of a pod, one step up."""

    api_version: str
    kind: str
    name: str
    uid: str


def workload_owner(owner: OwnerRef | None) -> OwnerRef | None:
    """The owner, unless it is a node: that owns the mirror pods of static pods, each by itself."""
    return None if owner is None or owner.kind == "Node" else owner


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Pod:
    """One version of a pod."""

    uid: PodUid
    namespace: str
    name: str
    resource_version: int = 0
    evidence_uid: str = ""
    """The uid in the kubelet's Events: the mirror hash for static pods, else `uid`."""
    generation: int = 0
    created_at: float | None = None
    deletion_at: float | None = None
    """`deletionTimestamp`: set once the pod is being deleted."""
    node: str = ""
    pod_ip: str = ""
    phase: str = ""
    reason: str = ""
    """`status.reason`, such as `Evicted` or `NodeLost`."""
    owner: OwnerRef | None = None
    spec: PodSpec = field(default_factory=PodSpec)
    statuses: tuple[ContainerStatus, ...] = ()
    conditions: Mapping[str, Condition] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    ignored: bool = False
    """Whether the annotation `probewatch.dev/ignore: "true"` opts the pod out."""

    def status(self, name: str) -> ContainerStatus | None:
        """The status of the container of this name, if there is one."""
        return next((each for each in self.statuses if each.name == name), None)


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class PodRef:
    """The identity of the pod that a finding is about."""

    uid: PodUid
    namespace: str
    name: str
    node: str = ""
    owner: OwnerRef | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """The top-level controller of a pod: the Deployment, not its ReplicaSet.

    A pod without a controller is its own workload.
    """

    namespace: str
    kind: str
    name: str
    api_version: str = "v1"
    uid: str = ""

    @property
    def workload_type(self) -> str:
        """The kind in lower case, as in the kubernetes-mixin's label `workload_type`."""
        return self.kind.lower()
