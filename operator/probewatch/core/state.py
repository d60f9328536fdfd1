"""State: what is kept in memory about one pod between two observations."""

from dataclasses import dataclass, field

from probewatch.core.book import Book
from probewatch.core.causes import Cause, ReadinessReason
from probewatch.core.counters import Reading
from probewatch.core.findings import Restart
from probewatch.core.model import Pod, PodRef
from probewatch.core.past import Past
from probewatch.core.restarts import CountedRestart, Watermark
from probewatch.core.startups import Starting
from probewatch.core.values import quickly_made


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A published verdict that later evidence may still improve, *until* a time."""

    restart: CountedRestart
    published: Restart
    until: float


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A restart whose verdict waits for late evidence, at most until *deadline*."""

    restart: CountedRestart
    deadline: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopState:
    """The recent restarts of one container, and the loop that they form, if any."""

    recent: tuple[tuple[float, Cause], ...] = ()
    """When each restart happened (our clock), and its cause; oldest first."""
    started_at: float | None = None
    """When the current loop was detected; None if there is none."""
    cause: Cause = Cause.UNKNOWN
    restart_count: int = 0
    """The `restartCount` at which the loop was detected."""
    epoch: int = 0
    first: float = 0.0
    """When the first restart of the loop happened; gaps before it are not part of the loop."""
    ended_at: float | None = None
    """When the previous loop ended."""
    resumed_at: float | None = None
    """When watching the loop resumed after a time in which its restarts were not seen."""
    gap: float = 0.0
    """Average seconds between restarts of a loop that was loaded from a record."""
    behind: float = 0.0
    """Seconds by which the node's clock was behind ours, as estimated from a record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerMemory:
    """The part of a container's state that is only kept once it has Events or restarts."""

    book: Book = field(default_factory=Book)
    pending: tuple[Pending, ...] = ()
    settled: tuple[Settled, ...] = ()
    past: tuple[Past, ...] = ()
    used: frozenset[tuple[str, int]] = frozenset()
    """`Killing` Events (series, count) that already explain an earlier restart."""
    loop: LoopState = field(default_factory=LoopState)
    advised: frozenset[str] = frozenset()
    """Advice that was already given, as `finding/probe type`."""
    readings: tuple[Reading, ...] = ()


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class ReadinessState:
    """The last known status of the Ready condition, and its recent losses."""

    ready: bool | None = None
    changed_at: float | None = None
    reason: ReadinessReason = ReadinessReason.STARTUP
    losses: tuple[tuple[float, ReadinessReason], ...] = ()
    """The time and reason of each recent loss of readiness; oldest first."""
    flapping: bool = False
    ever_ready: bool = False
    unclear: bool = False
    """Whether the condition is, or has since become, `Unknown`."""
    unready_before: float | None = None
    """Since when it was not ready, if the condition was `Unknown` before `changed_at`."""

    @property
    def unready_since(self) -> float | None:
        """Since when the pod is not ready; only meaningful while it is not."""
        return self.changed_at if self.unready_before is None else self.unready_before


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class PodState:
    """Everything that is kept in memory about one pod."""

    pod: Pod
    marks: tuple[Watermark, ...] = ()
    memories: tuple[tuple[str, ContainerMemory], ...] = ()
    pod_book: Book = field(default_factory=Book)
    readiness: ReadinessState = field(default_factory=ReadinessState)
    from_zero: frozenset[str] = frozenset()
    """Containers that were observed while their `restartCount` was 0."""
    starting: Starting = ()
    """Instances whose startup probe has not succeeded yet."""
    endings: frozenset[str] = frozenset()
    """Final terminations (`name/count`) that were reported, or were there at first sight."""
    lead: float | None = None
    """Seconds from the newest node time in a version of the pod to the arrival of that version.

    Too large where the first version arrived long after that time: then none looks late.
    """

    @property
    def ref(self) -> PodRef:
        """The identity of the pod, for findings."""
        pod = self.pod
        return PodRef(
            uid=pod.uid, namespace=pod.namespace, name=pod.name, node=pod.node, owner=pod.owner
        )

    def mark(self, name: str) -> Watermark | None:
        """The watermark of this container, if it was seen."""
        for mark in self.marks:
            if mark.name == name:
                return mark
        return None

    def memory(self, name: str) -> ContainerMemory:
        """The memory of this container; `NOTHING` if it has none."""
        for key, memory in self.memories:
            if key == name:
                return memory
        return NOTHING


NOTHING = ContainerMemory()


def with_memory(
    memories: tuple[tuple[str, ContainerMemory], ...], name: str, memory: ContainerMemory
) -> tuple[tuple[str, ContainerMemory], ...]:
    """The memories with that of one container replaced or added."""
    return (*(entry for entry in memories if entry[0] != name), (name, memory))
