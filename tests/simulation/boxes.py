"""A container as its kubelet sees it: its instances, its back-off and its probe results."""

from dataclasses import dataclass, field, replace

from probewatch.core.causes import Cause
from probewatch.core.model import ContainerStatus, Termination
from probewatch.core.spec import Container, ProbeType
from tests.simulation.fates import Fate, Habit

INITIAL_BACKOFF, LONGEST_BACKOFF = 10.0, 300.0

Causes = frozenset[Cause]


@dataclass(slots=True, kw_only=True)
class Instance:
    """One run of a container."""

    id: str
    started_at: float
    fate: Fate
    death: Termination | None = None
    causes: Causes = frozenset()
    """The causes that are right for its death."""
    doomed: bool = False
    """Whether it is being killed, so that it does nothing by itself any more."""
    started: bool = False
    ready: bool = False
    starts_ill: bool = False

    @property
    def alive(self) -> bool:
        return self.death is None


@dataclass(slots=True, kw_only=True)
class Box:
    """One container of the pod, over all its instances."""

    container: Container
    habit: Habit
    count: int = 0
    instance: Instance | None = None
    last: Termination | None = None
    """How the previous instance ended."""
    waiting: str = "ContainerCreating"
    finished: bool = False
    verdict: ProbeType | None = None
    runs: dict[ProbeType, int] = field(default_factory=dict)
    """Consecutive failures, by probe; a new instance inherits them."""
    image: str = ""
    changed: Cause | None = None
    delay: float = 0.0
    backed_off_at: float = 0.0
    serial: int = 0
    retry_at: float = -1.0
    asked_at: dict[ProbeType, float] = field(default_factory=dict)
    """When each probe last ran: two runs are at least a period apart."""

    @property
    def name(self) -> str:
        return self.container.name

    @property
    def is_down(self) -> bool:
        return self.instance is None or not self.instance.alive

    def exited_at(self) -> float | None:
        """When the newest instance that is known to have ended did so."""
        current = self.instance.death if self.instance else None
        death = current or self.last
        return death.finished_at if death else None

    def is_in_backoff(self, since: float | None, now: float) -> bool:
        """Whether a start has to wait; *since* is the end that the kubelet looks at."""
        if since is None or now - self.backed_off_at > 2 * LONGEST_BACKOFF:
            return False
        return now - since < self.delay

    def back_off(self, since: float | None, now: float) -> None:
        """Double the delay before the next start."""
        if since is None:
            return
        fresh = self.delay == 0.0 or now - self.backed_off_at > 2 * LONGEST_BACKOFF
        self.delay = INITIAL_BACKOFF if fresh else min(2 * self.delay, LONGEST_BACKOFF)
        self.backed_off_at = now

    def status(self) -> ContainerStatus:
        """The container status that the kubelet writes now."""
        blank = ContainerStatus(name=self.name, restart_count=self.count, last=self.last)
        instance = self.instance
        if instance is None:
            return replace(blank, waiting_reason=self.waiting)
        if instance.alive:
            return replace(
                blank,
                container_id=instance.id,
                running_since=instance.started_at,
                started=instance.started,
                ready=instance.ready,
            )
        if self.waiting:
            return replace(
                blank, container_id=instance.id, waiting_reason=self.waiting, last=instance.death
            )
        return replace(blank, container_id=instance.id, terminated=instance.death)
