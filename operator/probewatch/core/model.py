"""Pods as the core sees them: plain values, times in epoch seconds.

The times of a container (`started_at`, `finished_at`, `last_transition`) are the **node's** clock
with a resolution of one second: compared with each other, never with a time of arrival.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NewType

from probewatch.core.exits import lifetime_of
from probewatch.core.spec import PodSpec
from probewatch.core.values import quickly_made

PodUid = NewType("PodUid", str)
"""`metadata.uid`: the identity of a pod. A name can be used again, a uid can not."""


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Termination:
    """`state.terminated` or `lastState.terminated`; times are None where the API has 1970."""

    exit_code: int
    reason: str = ""
    signal: int = 0
    started_at: float | None = None
    finished_at: float | None = None
    container_id: str = ""

    @property
    def lifetime(self) -> float | None:
        """Seconds from start to end, as far as these can be right."""
        return lifetime_of(self.started_at, self.finished_at)


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerStatus:
    """What the kubelet says of one container now."""

    name: str
    restart_count: int = 0
    ready: bool = False
    started: bool | None = None
    container_id: str = ""
    running_since: float | None = None
    waiting_reason: str = ""
    terminated: Termination | None = None
    last: Termination | None = None
    """`lastState.terminated`: the second-newest instance only."""


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


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Pod:
    """One version of a pod."""

    uid: PodUid
    namespace: str
    name: str
    resource_version: int = 0
    evidence_uid: str = ""
    """The uid that kubelet Events carry: the mirror hash for static pods, else `uid`."""
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
    """Opted out by the annotation `probewatch.dev/ignore: "true"`."""

    def status(self, name: str) -> ContainerStatus | None:
        """The status of the container of this name, if the kubelet gave one."""
        return next((each for each in self.statuses if each.name == name), None)


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class PodRef:
    """Enough of a pod to say which one a finding is about."""

    uid: PodUid
    namespace: str
    name: str
    node: str = ""
    owner: OwnerRef | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """The controller that people know a pod by: Deployment, not ReplicaSet; a lone pod itself."""

    namespace: str
    kind: str
    name: str
    api_version: str = "v1"
    uid: str = ""

    @property
    def workload_type(self) -> str:
        """The kind in lower case, as in the kubernetes-mixin's label `workload_type`."""
        return self.kind.lower()
