"""Records: the contents of a workload's ProbeReport, as plain values.

Totals and watermarks are one value and are written together: restarts at or below a watermark
are in the totals, restarts above it are not. So a crash between two writes is repaired by
comparing with the pod again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from probewatch.core.causes import Cause, Confidence, Pattern, ReadinessReason
from probewatch.core.model import PodUid, Workload
from probewatch.core.values import quickly_made

EVIDENCE_KEPT = 3
"""Sentences of evidence that are kept of an incident, the strongest ones."""

TALLIES_KEPT = 400
"""Pairs of container and cause that are kept; normally there are far fewer, since the pods of one
workload share a spec."""

OTHER_CONTAINERS = "others"
"""Stands for further containers of a workload whose container names keep changing."""


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Restarts of one container by one cause."""

    counted: int = 0
    """By their first published cause. Never falls."""
    corrected: int = 0
    """Corrections to this cause, minus corrections from it."""
    unshown: int = 0
    """How many the counter leaves out: it began at 0 while the record could not be read."""

    @property
    def attributed(self) -> int:
        """By the cause that is known now, after corrections."""
        return max(0, self.counted + self.corrected)

    @property
    def shown(self) -> int:
        """The value from which the counter in /metrics continues."""
        return max(0, self.counted - self.unshown)


def place_of(
    tallies: Mapping[tuple[str, Cause], Tally], container: str, cause: Cause
) -> tuple[str, Cause]:
    """Return under which pair restarts of a container by a cause are counted.

    Pairs are added while there is room and never removed, so it is the same pair for a restart and
    for its later correction.
    """
    key = (container, cause)
    has_room = key in tallies or len(tallies) < TALLIES_KEPT
    return key if has_room else (OTHER_CONTAINERS, cause)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopMark:
    """An active restart loop."""

    pod: str
    cause: Cause
    since: float
    restart_count: int
    """The count at which it became a loop; with pod uid, container and epoch its identity."""
    epoch: int = 0


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """The watermark of one container: all restarts up to `count` are in the totals."""

    count: int
    epoch: int = 0
    """Rises when the kubelet's count falls."""
    resource_version: int = 0
    """The version of the pod that showed the count; older versions are ignored."""
    termination: str = ""
    """Identity of the last termination that a restart was counted for."""
    loop: LoopMark | None = None


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class PodMarks:
    """What is kept of one pod until it is deleted."""

    containers: Mapping[str, Mark] = field(default_factory=dict)
    ready_at: float | None = None
    """Time of the last readiness transition that is in the totals (node clock)."""


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One restart with its verdict and evidence."""

    pod: str
    uid: PodUid
    node: str
    container: str
    restart_count: int
    epoch: int
    cause: Cause
    confidence: Confidence
    rule: str
    observed_at: float
    exit_code: int | None = None
    started_at: float | None = None
    finished_at: float | None = None
    pattern: Pattern = Pattern.NONE
    evidence: tuple[str, ...] = ()
    seen_count: int = 0
    """The count in the version that showed it: more than its own if the count jumped."""
    first_cause: Cause | None = None
    """The cause that was published first, if it was corrected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadinessTotals:
    """Losses of readiness by reason, and the time that the pods were not ready."""

    losses: Mapping[ReadinessReason, int] = field(default_factory=dict)
    not_ready_seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Everything that is kept of one workload, or of some of its pods."""

    workload: Workload = field(compare=False)
    part: int = 0
    """Number of the record, from 0: a workload with very many pods has several."""
    tallies: Mapping[tuple[str, Cause], Tally] = field(default_factory=dict)
    readiness: ReadinessTotals = field(default_factory=ReadinessTotals)
    pods: Mapping[PodUid, PodMarks] = field(default_factory=dict)
    incidents: tuple[Incident, ...] = ()
    """Oldest first."""

    def mark(self, uid: PodUid, container: str) -> Mark | None:
        """The watermark of a container, if there is one."""
        pod = self.pods.get(uid)
        return pod.containers.get(container) if pod else None

    @property
    def restarts(self) -> int:
        """The number of all counted restarts."""
        return sum(tally.counted for tally in self.tallies.values())

    @property
    def top_cause(self) -> Cause | None:
        """The cause of most restarts, after corrections; of equal ones, the first by name."""
        by_cause: dict[Cause, int] = {}
        for (_, cause), tally in self.tallies.items():
            by_cause[cause] = by_cause.get(cause, 0) + tally.attributed
        found = sorted((-count, cause) for cause, count in by_cause.items() if count)
        return found[0][1] if found else None

    @property
    def last_restart(self) -> Incident | None:
        """The latest incident that is kept."""
        return self.incidents[-1] if self.incidents else None

    def loops(self) -> tuple[tuple[PodUid, str, LoopMark], ...]:
        """The active loops, the longest first."""
        found = [
            (uid, name, mark.loop)
            for uid, pod in self.pods.items()
            for name, mark in pod.containers.items()
            if mark.loop is not None
        ]
        return tuple(sorted(found, key=lambda each: (each[2].since, each[0], each[1])))
