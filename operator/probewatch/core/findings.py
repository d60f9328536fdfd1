"""Findings: what goes out. Sinks turn them into Events, metrics and records.

Every finding names its pod; a finding is made once. Text in findings is ours
or a name from the API: never the output of a probe.
"""

from dataclasses import dataclass

from probewatch.core.causes import Cause, Confidence, Pattern, Readiness, ReadinessReason
from probewatch.core.evidence import FailureReason
from probewatch.core.model import PodRef
from probewatch.core.sighting import UNKNOWN_SIGHTING, Sighting
from probewatch.core.spec import ContainerKind, PodSpec, ProbeType
from probewatch.core.startups import StartupSucceeded
from probewatch.core.values import quickly_made


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class PodTracked:
    """A pod with probes is followed now, and *siblings*: others of its controller and spec."""

    pod: PodRef
    spec: PodSpec
    siblings: tuple[PodRef, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PodForgotten:
    """The pod is gone or opted out; its state is dropped."""

    pod: PodRef


@dataclass(frozen=True, slots=True, kw_only=True)
class CountingBegan:
    """Restarts count from here on: there were some before us, or the kubelet's count fell."""

    pod: PodRef
    container: str
    restart_count: int
    epoch: int
    resource_version: int = 0


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Restart:
    """One restart of one container with its verdict. Counted exactly once."""

    pod: PodRef
    container: str
    container_kind: ContainerKind
    restart_count: int
    """*After* it; with pod uid, container and epoch it is the restart's identity."""
    epoch: int
    """Rises when the kubelet's count fell: it may be reset to 0."""
    cause: Cause
    confidence: Confidence
    rule: str
    exit_code: int | None = None
    started_at: float | None = None
    finished_at: float | None = None
    observed_at: float = 0.0
    """When the rise of the count was received."""
    evidence: tuple[str, ...] = ()
    """The facts the verdict rests on, one short sentence each, strongest first."""
    pattern: Pattern = Pattern.NONE
    baseline: bool = False
    termination: str = ""
    """Identity of the termination that explains it, if there is one."""
    seen: Sighting = UNKNOWN_SIGHTING
    stands_for: int = 1
    """More than one where the count jumped by more than can be told one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartCorrected:
    """A published verdict became better known later. Not a new restart."""

    was: Restart
    now: Restart

    @property
    def pod(self) -> PodRef:
        """Which pod it is about."""
        return self.now.pod


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeKillWithoutRestart:
    """A probe made the kubelet kill a container that then was not restarted."""

    pod: PodRef
    container: str
    cause: Cause
    confidence: Confidence
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeFailures:
    """`count` further failures (or errors) of one probe that the kubelet reported."""

    pod: PodRef
    container: str
    probe_type: ProbeType
    reason: FailureReason
    count: int
    at: float


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class ReadinessChanged:
    """The pod's Ready condition changed, or did so unseen in between.

    `not_ready_seconds`, on the way back to Ready, is how long the pod was not; `time_to_ready`, on
    the first Ready of an instance, counts from the start of its last container.
    """

    pod: PodRef
    to: Readiness
    reason: ReadinessReason
    at: float
    container: str = ""
    not_ready_seconds: float | None = None
    time_to_ready: float | None = None
    since_creation: float | None = None
    """Seconds from the pod's creation to its first Ready: scheduling and image included."""
    hidden: bool = False
    """Not seen itself: told by a later `lastTransitionTime` with the same status."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlappingChanged:
    """Readiness began (or stopped) to come and go without restarts."""

    pod: PodRef
    flapping: bool
    transitions: int
    at: float
    reasons: tuple[tuple[ReadinessReason, int], ...] = ()
    """Why it was lost, and how often for each reason; the most frequent one first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopStarted:
    """A container restarts again and again."""

    pod: PodRef
    container: str
    cause: Cause
    restarts: int
    window: float
    at: float
    restart_count: int = 0
    """The restart that made it a loop; with pod, container and epoch the loop's identity."""
    epoch: int = 0
    resumed: bool = False
    """It was told before: by another process, or by this one before it was started anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopEnded:
    """No restart for the policy's quiet time, or the pod is gone; it has the loop's identity."""

    pod: PodRef
    container: str
    cause: Cause
    started_at: float
    at: float
    gone: bool = False
    restart_count: int = 0
    epoch: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """Something about a probe that the people who own it should change."""

    pod: PodRef
    container: str
    probe_type: ProbeType
    finding: str
    """UpperCamelCase, from the closed list in `advice_names.py`."""
    message: str
    at: float = 0.0


Finding = (
    PodTracked
    | PodForgotten
    | CountingBegan
    | Restart
    | RestartCorrected
    | ProbeKillWithoutRestart
    | ProbeFailures
    | StartupSucceeded
    | ReadinessChanged
    | FlappingChanged
    | LoopStarted
    | LoopEnded
    | Advice
)
