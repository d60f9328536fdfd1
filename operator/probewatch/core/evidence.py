"""Evidence: the kubelet's Events as values.

One `Evidence` is one delivered version of one Event object. When the same thing happens again,
the kubelet updates that object with a higher `count`. Its spam filter may drop any number of
these updates, but client-go raises the count before the filter, so the difference between two
delivered versions tells how often it happened in between.
"""

from dataclasses import dataclass
from enum import StrEnum

from probewatch.core.values import quickly_made


class EvidenceKind(StrEnum):
    """What a kubelet Event says, told by its reason and message."""

    KILL_LIVENESS = "KillLiveness"
    KILL_STARTUP = "KillStartup"
    KILL_SPEC_CHANGE = "KillSpecChange"
    KILL_RESIZE = "KillResize"
    KILL_POST_START_HOOK = "KillPostStartHook"
    KILL_RESTART_ALL = "KillRestartAll"
    KILL_STOP = "KillStop"
    KILL_UNKNOWN_STATE = "KillUnknownState"
    KILL_OTHER = "KillOther"
    """For a reason that is not known here, as one of a kubelet to come."""
    PROBE_FAILED = "ProbeFailed"
    PROBE_ERRORED = "ProbeErrored"
    STARTED = "Started"
    CREATED = "Created"
    PULLED = "Pulled"
    BACK_OFF = "BackOff"
    START_FAILED = "StartFailed"
    POST_START_FAILED = "PostStartFailed"
    PRE_STOP_FAILED = "PreStopFailed"
    SANDBOX_CHANGED = "SandboxChanged"
    NODE_REBOOTED = "NodeRebooted"
    KUBELET_STARTED = "KubeletStarted"
    NODE_LOST_CONTAINERS = "NodeLostContainers"
    """Not an Event: concluded by us where several pods of a node lost their containers at once."""
    OTHER = "Other"

    @property
    def is_kill(self) -> bool:
        """Whether it is the kubelet's decision to kill a container (reason `Killing`)."""
        return self.value.startswith("Kill")

    @property
    def is_failure(self) -> bool:
        """Whether a run of a probe failed, or could not be carried out."""
        return self.value.startswith("Probe")


class FailureReason(StrEnum):
    """Why a probe failed, from a closed list (label `reason`)."""

    HTTP_1XX = "http_1xx"
    HTTP_3XX = "http_3xx"
    HTTP_4XX = "http_4xx"
    HTTP_5XX = "http_5xx"
    TIMEOUT = "timeout"
    REFUSED = "refused"
    RESET = "reset"
    UNREACHABLE = "unreachable"
    DNS = "dns"
    TLS = "tls"
    EXEC_EXIT = "exec_exit"
    GRPC_UNHEALTHY = "grpc_unhealthy"
    GRPC_ERROR = "grpc_error"
    ERRORED = "errored"
    OTHER = "other"


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One delivered version of one kubelet Event about a pod (or its node).

    `first_at` and `at` are the kubelet's `firstTimestamp` and `lastTimestamp`,
    epoch seconds on the node's clock.
    """

    kind: EvidenceKind
    at: float
    first_at: float
    count: int = 1
    container: str = ""
    """From `involvedObject.fieldPath`; empty for Events about the whole pod."""
    probe_type: str = ""
    """A `ProbeType` value for Events about a probe, else empty."""
    failure: FailureReason = FailureReason.OTHER
    combined: bool = False
    """Whether it is `(combined from similar events)`: its fieldPath names only the first one's."""
    name: str = ""
    """`metadata.name` of the Event object, which identifies a series of repeats."""
    involved_uid: str = ""
    namespace: str = ""
    node: str = ""
    """`source.host`."""
    action: str = ""
    """The part of the message that decided `kind`; from a closed list, never free text."""


def occurrence(evidence: Evidence) -> tuple[float, int]:
    """The key by which a list of Events is sorted by latest occurrence, as a watch delivers them.

    Times are known to the second; within one, a probe fails first, then its container is killed,
    and then the next one is started.
    """
    if evidence.kind.is_failure:
        return evidence.at, 0
    return evidence.at, 1 if evidence.kind.is_kill else 2
