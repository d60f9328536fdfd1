"""Specs: the parts of a pod's spec that the core needs. Durations are in seconds."""

from dataclasses import dataclass
from enum import StrEnum

from probewatch.core.values import quickly_made

DEFAULT_GRACE_SECONDS = 30.0
"""The API's default of `terminationGracePeriodSeconds`."""

MINIMUM_GRACE_SECONDS = 2.0
"""The shortest grace period that the kubelet uses (kuberuntime `minimumGracePeriodInSeconds`)."""

FIRST_TICK = 10.0
"""Seconds within which a started container is in the status, so that it can be probed."""


class ProbeType(StrEnum):
    """The types of probes, spelled as in the kubelet's Events and `prober_probe_total`."""

    LIVENESS = "Liveness"
    READINESS = "Readiness"
    STARTUP = "Startup"


class HandlerKind(StrEnum):
    """The handler of a probe: how it checks the container."""

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
    """Port and path, service or command, to tell whether two probes check the same."""
    initial_delay: float = 0.0
    period: float = 10.0
    timeout: float = 1.0
    failure_threshold: int = 3
    grace: float | None = None
    """`terminationGracePeriodSeconds` of the probe itself, for kills it causes."""

    def grace_in(self, pod: float) -> float:
        """The grace period of a kill by this probe, given that of the *pod*."""
        return pod if self.grace is None else self.grace

    @property
    def interval(self) -> float:
        """The most seconds between two runs: a run that is slower than the period skips ticks."""
        return max(self.period, self.timeout)

    @property
    def start_budget(self) -> float:
        """Seconds after its start in which a container is surely not killed by this probe."""
        return self.initial_delay + (self.failure_threshold - 1) * self.period

    @property
    def slowest_detection(self) -> float:
        """The most seconds from the start of a hang until the probe counts as failed."""
        return self.period + (self.failure_threshold - 1) * self.interval + self.timeout

    @property
    def first_run_within(self) -> float:
        """The most seconds from the start of a container to the end of the first run."""
        return self.initial_delay + self.interval + FIRST_TICK


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartRule:
    """One of a container's `restartPolicyRules` (KEP-5307, KEP-5532)."""

    action: str
    """`Restart` or `RestartAllContainers`."""
    operator: str
    """`In` or `NotIn`."""
    values: tuple[int, ...] = ()

    def matches(self, exit_code: int | None) -> bool:
        """Whether the rule applies to this exit code."""
        known = exit_code is not None
        return known and (exit_code in self.values) is (self.operator == "In")


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """One container of the pod's spec."""

    name: str
    kind: ContainerKind = ContainerKind.REGULAR
    liveness: Probe | None = None
    readiness: Probe | None = None
    startup: Probe | None = None
    restart_policy: RestartPolicy | None = None
    """The container's own policy (sidecars, container restart rules), if any."""
    restart_rules: tuple[RestartRule, ...] = ()
    stop_signal: int = 0
    """The number of the signal that the pod declares for stopping it; 0 if it declares none."""
    has_pre_stop: bool = False
    has_post_start: bool = False
    image: str = ""
    resources: str = ""
    """Requests and limits whose change needs a restart, to recognize an in-place resize."""

    @property
    def probes(self) -> tuple[Probe, ...]:
        """The probes it has, in the order liveness, readiness, startup."""
        return tuple(filter(None, (self.liveness, self.readiness, self.startup)))

    @property
    def killers(self) -> tuple[Probe, ...]:
        """The probes for which the kubelet kills it, in the order liveness, startup."""
        return tuple(filter(None, (self.liveness, self.startup)))

    def probe(self, probe_type: ProbeType) -> Probe | None:
        """The probe of this type, if the container has one."""
        for probe in self.probes:
            if probe.probe_type is probe_type:
                return probe
        return None


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class PodSpec:
    """The spec of a pod; pods of one workload share it."""

    containers: tuple[Container, ...] = ()
    """Init containers and sidecars first, as the kubelet starts them."""
    restart_policy: RestartPolicy = RestartPolicy.ALWAYS
    grace: float = DEFAULT_GRACE_SECONDS
    readiness_gates: tuple[str, ...] = ()
    host_network: bool = False
    windows: bool = False
    """Whether the pod declares that it runs on Windows; not every pod there does."""

    @property
    def has_probes(self) -> bool:
        """Whether any container has a probe; only such pods are tracked."""
        for each in self.containers:  # noqa: SIM110  # asked of every pod: no generator
            if each.liveness or each.readiness or each.startup:
                return True
        return False

    def grace_of(self, probe: Probe | None = None) -> float:
        """The requested grace period of a kill by *probe*, or of any other kill."""
        return self.grace if probe is None else probe.grace_in(self.grace)

    def container(self, name: str) -> Container | None:
        """The container of this name, if there is one."""
        for each in self.containers:  # asked a dozen times for each restart: no generator
            if each.name == name:
                return each
        return None
