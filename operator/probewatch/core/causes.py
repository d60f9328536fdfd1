"""Causes, and the other closed lists; the values are used in metrics, Events and records."""

from enum import StrEnum


class Cause(StrEnum):
    """Why a container restarted (label `cause`)."""

    LIVENESS_PROBE = "LivenessProbe"
    STARTUP_PROBE = "StartupProbe"
    OOM_KILLED = "OOMKilled"
    ERROR = "Error"
    COMPLETED = "Completed"
    SIGNAL = "Signal"
    START_ERROR = "StartError"
    POST_START_HOOK = "PostStartHook"
    SPEC_CHANGE = "SpecChange"
    RESIZE = "Resize"
    RESTART_RULE = "RestartRule"
    NODE_REBOOT = "NodeReboot"
    SANDBOX_RECREATED = "SandboxRecreated"
    UNOBSERVED = "Unobserved"
    UNKNOWN = "Unknown"


OWN_ENDS = frozenset({Cause.ERROR, Cause.COMPLETED, Cause.SIGNAL, Cause.RESTART_RULE})
"""Causes that are not a kill by the kubelet."""

KUBELET_KILLS = frozenset(
    {
        *(Cause.LIVENESS_PROBE, Cause.STARTUP_PROBE, Cause.POST_START_HOOK),
        *(Cause.SPEC_CHANGE, Cause.RESIZE),
    }
)
"""Causes for which the kubelet sends SIGTERM to one container."""


class Confidence(StrEnum):
    """How sure a verdict is."""

    CONFIRMED = "Confirmed"
    HIGH = "High"
    MEDIUM = "Medium"
    LOW = "Low"


class ReadinessReason(StrEnum):
    """Why the pod's readiness changed (label `reason`)."""

    READINESS_PROBE = "ReadinessProbe"
    CONTAINER_RESTART = "ContainerRestart"
    STARTUP = "Startup"
    READINESS_GATE = "ReadinessGate"
    NODE_NOT_READY = "NodeNotReady"
    KUBELET_RESTART = "KubeletRestart"
    TERMINATING = "Terminating"
    COMPLETED = "Completed"
    HIDDEN = "Hidden"
    UNKNOWN = "Unknown"


class Readiness(StrEnum):
    """The two sides of a readiness transition (label `to`)."""

    READY = "Ready"
    NOT_READY = "NotReady"


class Pattern(StrEnum):
    """Whether many pods of a workload or node restarted at the same time."""

    NONE = ""
    WORKLOAD_WIDE = "WorkloadWide"
    NODE_WIDE = "NodeWide"
