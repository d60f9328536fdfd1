"""Pods as the core sees them: plain values, times in epoch seconds.

The times of a container (`started_at`, `finished_at`, `last_transition`) are the **node's** clock
with a resolution of one second: compared with each other, never with a time of arrival.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType

from probewatch.core.values import quickly_made

PodUid = NewType("PodUid", str)
"""`metadata.uid`: the identity of a pod. A name can be used again, a uid can not."""

DEFAULT_GRACE_SECONDS = 30.0
"""`terminationGracePeriodSeconds` where nothing else is said (API defaulting)."""

MINIMUM_GRACE_SECONDS = 2.0
"""The kubelet never gives less (kuberuntime `minimumGracePeriodInSeconds`)."""


class ProbeType(StrEnum):
    """The kubelet's spelling, as in its events and `prober_probe_total`."""

    LIVENESS = "Liveness"
    READINESS = "Readiness"
    STARTUP = "Startup"


class HandlerKind(StrEnum):
    """How a probe asks."""

    HTTP_GET = "httpGet"
    TCP_SOCKET = "tcpSocket"
    GRPC = "grpc"
    EXEC = "exec"
    NONE = "none"


class ContainerKind(StrEnum):
    """Which list of the pod a container is in, and whether it keeps running."""

    REGULAR = "Container"
    SIDECAR = "Sidecar"
    INIT = "InitContainer"


class RestartPolicy(StrEnum):
    """`restartPolicy` of a pod or of a container."""

    ALWAYS = "Always"
    ON_FAILURE = "OnFailure"
    NEVER = "Never"


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One probe with the API's defaults filled in; durations in seconds."""

    probe_type: ProbeType
    handler: HandlerKind = HandlerKind.NONE
    target: str = ""
    """Port and path, service or command, to tell whether two probes ask the same."""
    initial_delay: float = 0.0
    period: float = 10.0
    timeout: float = 1.0
    failure_threshold: int = 3
    success_threshold: int = 1
    grace: float | None = None
    """`terminationGracePeriodSeconds` of the probe itself, for kills it causes."""

    @property
    def interval(self) -> float:
        """Seconds between two runs at worst: a slow run swallows ticks."""
        return max(self.period, self.timeout)


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartRule:
    """One of a container's `restartPolicyRules` (KEP-5307, KEP-5532)."""

    action: str
    """`Restart` or `RestartAllContainers`."""
    operator: str
    """`In` or `NotIn`."""
    values: tuple[int, ...] = ()

    def matches(self, exit_code: int) -> bool:
        """Whether the rule applies to this exit code."""
        return (exit_code in self.values) is (self.operator == "In")


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """What the pod's spec says of one container."""

    name: str
    kind: ContainerKind = ContainerKind.REGULAR
    liveness: Probe | None = None
    readiness: Probe | None = None
    startup: Probe | None = None
    restart_policy: RestartPolicy | None = None
    """The container's own policy (sidecars, container restart rules), if any."""
    restart_rules: tuple[RestartRule, ...] = ()
    stop_signal: str | None = None
    has_pre_stop: bool = False
    has_post_start: bool = False
    image: str = ""
    resources: str = ""
    """Requests and limits that cannot be changed without a restart, to see an in-place resize."""

    @property
    def probes(self) -> tuple[Probe, ...]:
        """The probes it has, in the order liveness, readiness, startup."""
        return tuple(filter(None, (self.liveness, self.readiness, self.startup)))

    def probe(self, probe_type: ProbeType) -> Probe | None:
        """The probe of this type, if the container has one."""
        return next((probe for probe in self.probes if probe.probe_type is probe_type), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class PodSpec:
    """The part of a pod that does not change; pods of one workload share it."""

    containers: tuple[Container, ...] = ()
    """Init containers and sidecars first, as the kubelet starts them."""
    restart_policy: RestartPolicy = RestartPolicy.ALWAYS
    grace: float = DEFAULT_GRACE_SECONDS
    readiness_gates: tuple[str, ...] = ()
    host_network: bool = False

    @property
    def has_probes(self) -> bool:
        """Whether any container has a probe: only such pods are tracked."""
        return any(each.liveness or each.readiness or each.startup for each in self.containers)

    def container(self, name: str) -> Container | None:
        """The container of this name, if there is one."""
        return next((each for each in self.containers if each.name == name), None)


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
        """Seconds from start to end, if both are known."""
        if self.started_at is None or self.finished_at is None:
            return None
        return self.finished_at - self.started_at


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
