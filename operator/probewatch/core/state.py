"""State: what is remembered of one pod between observations."""

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
    """A published verdict that later evidence may still improve."""

    restart: CountedRestart
    published: Restart
    until: float


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A restart whose verdict waits for late evidence."""

    restart: CountedRestart
    deadline: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopState:
    """Recent restarts of one container, and whether they are a loop."""

    recent: tuple[tuple[float, Cause], ...] = ()
    """When each was observed, and its cause; oldest first."""
    started_at: float | None = None
    cause: Cause = Cause.UNKNOWN
    restart_count: int = 0
    """The restart that made it a loop."""
    epoch: int = 0
    first: float = 0.0
    """The first of the restarts that made it a loop; the gaps before it say nothing of this one."""
    ended_at: float | None = None
    """When the loop before was over."""
    resumed_at: float | None = None
    """When it was taken up by who cannot say how it went until then."""
    gap: float = 0.0
    """Seconds from one of these to the next, on the average."""
    behind: float = 0.0
    """Seconds by which the clock of the node was behind ours, as far as a record tells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerMemory:
    """What only containers that had something to remember need."""

    book: Book = field(default_factory=Book)
    pending: tuple[Pending, ...] = ()
    settled: tuple[Settled, ...] = ()
    past: tuple[Past, ...] = ()
    used: frozenset[tuple[str, int]] = frozenset()
    loop: LoopState = field(default_factory=LoopState)
    advised: frozenset[str] = frozenset()
    readings: tuple[Reading, ...] = ()


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class ReadinessState:
    """The last known side of the Ready condition, and recent losses."""

    ready: bool | None = None
    changed_at: float | None = None
    reason: ReadinessReason = ReadinessReason.STARTUP
    losses: tuple[tuple[float, ReadinessReason], ...] = ()
    """When it was lost lately, and why; oldest first."""
    flapping: bool = False
    ever_ready: bool = False
    unclear: bool = False
    """Whether the condition was `Unknown` since that side was last known."""
    unready_before: float | None = None
    """Since when it is not ready, where it was `Unknown` between that and `changed_at`."""

    @property
    def unready_since(self) -> float | None:
        """Since when it is not ready, if it is not."""
        return self.changed_at if self.unready_before is None else self.unready_before


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class PodState:
    """All that is remembered of one pod."""

    pod: Pod
    tracked: bool = False
    marks: tuple[Watermark, ...] = ()
    memories: tuple[tuple[str, ContainerMemory], ...] = ()
    pod_book: Book = field(default_factory=Book)
    readiness: ReadinessState = field(default_factory=ReadinessState)
    from_zero: frozenset[str] = frozenset()
    """Containers followed since their count was 0."""
    starting: Starting = ()
    """Instances whose startup probe did not succeed so far."""
    endings: frozenset[str] = frozenset()
    """Endings for good (name and count) that were told, or were there from the start."""
    lead: float | None = None
    """By how much our clock was ahead of the newest time that a version told as it came.

    The first one may have come long after that: then it is too much, and no version seems late.
    """

    @property
    def ref(self) -> PodRef:
        """Which pod this is."""
        pod = self.pod
        return PodRef(
            uid=pod.uid, namespace=pod.namespace, name=pod.name, node=pod.node, owner=pod.owner
        )

    def mark(self, name: str) -> Watermark | None:
        """The watermark of this container, if it was ever seen."""
        for mark in self.marks:
            if mark.name == name:
                return mark
        return None

    def memory(self, name: str) -> ContainerMemory:
        """What is remembered of this container; nothing, to begin with."""
        for key, memory in self.memories:
            if key == name:
                return memory
        return NOTHING


NOTHING = ContainerMemory()


def with_memory(
    memories: tuple[tuple[str, ContainerMemory], ...], name: str, memory: ContainerMemory
) -> tuple[tuple[str, ContainerMemory], ...]:
    """The memories with that of one container put in place."""
    return (*(entry for entry in memories if entry[0] != name), (name, memory))
