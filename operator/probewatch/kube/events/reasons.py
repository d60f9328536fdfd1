"""The Events that probewatch writes, as tables.

`EVENTS` is the complete list, and docs/events.md is generated from it. `Warning` is for what
somebody should act on; what Kubernetes does as configured is `Normal`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from probewatch.core.causes import Cause, ReadinessReason


class Reason(StrEnum):
    """`reason` of an Event; stable, since programs and alerts rely on it."""

    LIVENESS_PROBE_RESTART = "LivenessProbeRestart"
    STARTUP_PROBE_RESTART = "StartupProbeRestart"
    CONTAINER_RESTARTED = "ContainerRestarted"
    READINESS_LOST = "ReadinessLost"
    READINESS_RESTORED = "ReadinessRestored"
    READINESS_FLAPPING = "ReadinessFlapping"
    RESTART_LOOP_DETECTED = "RestartLoopDetected"
    RESTART_LOOP_ENDED = "RestartLoopEnded"
    PROBE_MISCONFIGURED = "ProbeMisconfigured"


class EventType(StrEnum):
    """`type` of an Event; the API has these two."""

    NORMAL = "Normal"
    WARNING = "Warning"


class Action(StrEnum):
    """`action` of an Event: what the operator did to find it."""

    ATTRIBUTE_RESTART = "AttributeRestart"
    FOLLOW_READINESS = "FollowReadiness"
    DETECT_LOOP = "DetectLoop"
    JUDGE_PROBE = "JudgeProbe"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventKind:
    """One row of the table of Events."""

    reason: Reason
    type: EventType
    action: Action
    when: str
    """When such an Event is written: a sentence for the documentation."""


LIVENESS_RESTART = EventKind(
    reason=Reason.LIVENESS_PROBE_RESTART,
    type=EventType.WARNING,
    action=Action.ATTRIBUTE_RESTART,
    when="A container was restarted because its liveness probe failed.",
)
STARTUP_RESTART = EventKind(
    reason=Reason.STARTUP_PROBE_RESTART,
    type=EventType.WARNING,
    action=Action.ATTRIBUTE_RESTART,
    when="A container was restarted because its startup probe failed.",
)
TROUBLED_RESTART = EventKind(
    reason=Reason.CONTAINER_RESTARTED,
    type=EventType.WARNING,
    action=Action.ATTRIBUTE_RESTART,
    when="A container restarted for another reason, which the message names.",
)
PLANNED_RESTART = EventKind(
    reason=Reason.CONTAINER_RESTARTED,
    type=EventType.NORMAL,
    action=Action.ATTRIBUTE_RESTART,
    when="A planned restart: the container was changed or resized, a restart rule of its pod asked"
    " for it, or it exited with code 0.",
)
READINESS_LOST = EventKind(
    reason=Reason.READINESS_LOST,
    type=EventType.WARNING,
    action=Action.FOLLOW_READINESS,
    when="A ready pod became not ready and gets no traffic. Not written if the reason is a restart"
    " (which has its own Event), the end of the pod, or its first start.",
)
READINESS_RESTORED = EventKind(
    reason=Reason.READINESS_RESTORED,
    type=EventType.NORMAL,
    action=Action.FOLLOW_READINESS,
    when="A pod is ready again after it lost its readiness.",
)
READINESS_FLAPPING = EventKind(
    reason=Reason.READINESS_FLAPPING,
    type=EventType.WARNING,
    action=Action.FOLLOW_READINESS,
    when="A pod repeatedly loses and regains readiness without a restart.",
)
LOOP_DETECTED = EventKind(
    reason=Reason.RESTART_LOOP_DETECTED,
    type=EventType.WARNING,
    action=Action.DETECT_LOOP,
    when="A container restarts again and again. Written once for each loop.",
)
LOOP_ENDED = EventKind(
    reason=Reason.RESTART_LOOP_ENDED,
    type=EventType.NORMAL,
    action=Action.DETECT_LOOP,
    when="A container in a restart loop has not restarted for the policy's quiet time.",
)
MISCONFIGURED = EventKind(
    reason=Reason.PROBE_MISCONFIGURED,
    type=EventType.WARNING,
    action=Action.JUDGE_PROBE,
    when="A probe cannot serve its purpose. Written once for a workload, on one of its pods.",
)

EVENTS = (
    LIVENESS_RESTART,
    STARTUP_RESTART,
    TROUBLED_RESTART,
    PLANNED_RESTART,
    READINESS_LOST,
    READINESS_RESTORED,
    READINESS_FLAPPING,
    LOOP_DETECTED,
    LOOP_ENDED,
    MISCONFIGURED,
)

RESTART_KINDS: Mapping[Cause, EventKind] = {
    Cause.LIVENESS_PROBE: LIVENESS_RESTART,
    Cause.STARTUP_PROBE: STARTUP_RESTART,
    Cause.OOM_KILLED: TROUBLED_RESTART,
    Cause.ERROR: TROUBLED_RESTART,
    Cause.COMPLETED: PLANNED_RESTART,
    Cause.SIGNAL: TROUBLED_RESTART,
    Cause.START_ERROR: TROUBLED_RESTART,
    Cause.POST_START_HOOK: TROUBLED_RESTART,
    Cause.SPEC_CHANGE: PLANNED_RESTART,
    Cause.RESIZE: PLANNED_RESTART,
    Cause.RESTART_RULE: PLANNED_RESTART,
    Cause.NODE_REBOOT: TROUBLED_RESTART,
    Cause.SANDBOX_RECREATED: TROUBLED_RESTART,
    Cause.UNOBSERVED: TROUBLED_RESTART,
    Cause.UNKNOWN: TROUBLED_RESTART,
}

CAUSE_TEXTS: Mapping[Cause, str] = {
    Cause.LIVENESS_PROBE: "was restarted because its liveness probe failed",
    Cause.STARTUP_PROBE: "was restarted because its startup probe failed",
    Cause.OOM_KILLED: "was OOM-killed and restarted",
    Cause.ERROR: "exited by itself with an error and was restarted",
    Cause.COMPLETED: "exited by itself without an error and was restarted",
    Cause.SIGNAL: "was killed by a signal that the kubelet did not send, and restarted",
    Cause.START_ERROR: "could not be started and was retried",
    Cause.POST_START_HOOK: "was restarted because its postStart hook failed",
    Cause.SPEC_CHANGE: "was restarted because its definition changed",
    Cause.RESIZE: "was restarted because its resources were changed",
    Cause.RESTART_RULE: "was restarted by a restart rule",
    Cause.NODE_REBOOT: "was restarted because its node went down, or its container runtime lost it",
    Cause.SANDBOX_RECREATED: "was restarted because the sandbox of its pod was recreated",
    Cause.UNOBSERVED: "restarted, but the restart was not observed",
    Cause.UNKNOWN: "restarted, and the cause is not known",
}
"""What happened to the container; follows its name in a note."""

READINESS_TEXTS: Mapping[ReadinessReason, str] = {
    ReadinessReason.READINESS_PROBE: "its readiness probe failed",
    ReadinessReason.READINESS_GATE: "a readiness gate is not met",
    ReadinessReason.NODE_NOT_READY: "its node is not ready",
    ReadinessReason.KUBELET_RESTART: "the kubelet of its node restarted",
    ReadinessReason.UNKNOWN: "the reason is not known",
}
"""Why a pod lost its readiness; no Event is written for other reasons."""

FLAPPING_TEXTS: Mapping[ReadinessReason, str] = {
    ReadinessReason.READINESS_PROBE: "Look at the readiness probe's timeout and threshold.",
    ReadinessReason.READINESS_GATE: "Look at what sets its readiness gates.",
    ReadinessReason.NODE_NOT_READY: "Look at its node: it is the node that is not ready.",
    ReadinessReason.KUBELET_RESTART: "Look at why the kubelet of its node restarts.",
}
"""Where to look, by the reason of the readiness loss; there is no hint for other reasons."""
