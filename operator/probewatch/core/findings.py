"""Findings: the output of the core. Sinks turn them into Events, metrics and records.

Every finding names its pod, and is made once. Texts in findings are our own, or names from the
API: never the output of a probe.
"""

from dataclasses import dataclass

from probewatch.core.causes import Cause, Confidence, Pattern, Readiness, ReadinessReason
from probewatch.core.evidence import FailureReason
from probewatch.core.model import PodRef
from probewatch.core.sighting import UNKNOWN_SIGHTING, Sighting
from probewatch.core.spec import PodSpec, ProbeType
from probewatch.core.startups import StartupSucceeded
from probewatch.core.values import quickly_made


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class PodTracked:
    """A pod with probes is tracked from now on.

    So are its *siblings*: pods of the same controller with the same spec.
    """

    pod: PodRef
    spec: PodSpec
    siblings: tuple[PodRef, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PodForgotten:
    """The pod was deleted or opted out; its state is dropped."""

    pod: PodRef


@dataclass(frozen=True, slots=True, kw_only=True)
class CountingBegan:
    """Counting of a container's restarts begins at a count above 0, or in a new epoch.

    The container had restarted before it was watched, or the kubelet's count fell.
    """

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
    restart_count: int
    """The count *after* it; with pod uid, container and epoch the identity of the restart."""
    epoch: int
    """Rises when the kubelet's count falls: it may be reset to 0."""
    cause: Cause
    confidence: Confidence
    rule: str
    exit_code: int | None = None
    started_at: float | None = None
    finished_at: float | None = None
    observed_at: float = 0.0
    """When the rise of the count was received."""
    evidence: tuple[str, ...] = ()
    """The facts on which the verdict rests, one short sentence each, strongest first."""
    pattern: Pattern = Pattern.NONE
    baseline: bool = False
    termination: str = ""
    """Identity of the termination that explains it, if there is one."""
    seen: Sighting = UNKNOWN_SIGHTING
    stands_for: int = 1
    """How many restarts it reports: more than one only in a very large jump of the count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartCorrected:
    """A published verdict is replaced by a better one. Not a new restart."""

    was: Restart
    now: Restart

    @property
    def pod(self) -> PodRef:
        """Which pod it is about."""
        return self.now.pod


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeKillWithoutRestart:
    """A probe made the kubelet kill a container that was not restarted afterwards."""

    pod: PodRef
    container: str
    cause: Cause
    confidence: Confidence
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeFailures:
    """The kubelet reported `count` more failures (or errors) of one probe."""

    pod: PodRef
    container: str
    probe_type: ProbeType
    reason: FailureReason
    count: int
    at: float


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class ReadinessChanged:
    """The pod's Ready condition changed, seen or *hidden*.

    `not_ready_seconds` is set when the pod becomes Ready: how long it was not. `time_to_ready` is
    set at the first Ready after a start or restart: seconds since the last container started.
    """

    pod: PodRef
    to: Readiness
    reason: ReadinessReason
    at: float
    container: str = ""
    not_ready_seconds: float | None = None
    time_to_ready: float | None = None
    hidden: bool = False
    """Not seen itself, but concluded from a newer `lastTransitionTime` with the same status."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlappingChanged:
    """Readiness started (or stopped) flapping: being lost again and again without restarts."""

    pod: PodRef
    flapping: bool
    transitions: int
    at: float
    reasons: tuple[tuple[ReadinessReason, int], ...] = ()
    """How often it was lost for each reason; the most frequent one first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopStarted:
    """A container is in a restart loop."""

    pod: PodRef
    container: str
    cause: Cause
    restarts: int
    window: float
    at: float
    restart_count: int = 0
    """The count at which it became a loop; with pod, container and epoch the loop's identity."""
    epoch: int = 0
    resumed: bool = False
    """Whether the loop was reported before, for example by a previous process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopEnded:
    """A restart loop is over: its quiet time passed, or the pod is gone.

    Pod, container, `restart_count` and `epoch` are those of its `LoopStarted`.
    """

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
    """Something about a probe that its owners should change."""

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
