"""A container as a kubelet keeps it: its instances, its back-off, what its probes found."""

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
    """What its death is rightly put down to."""
    doomed: bool = False
    """Whether it is being killed: nothing of its own happens any more."""
    started: bool = False
    ready: bool = False
    starts_ill: bool = False

    @property
    def alive(self) -> bool:
        return self.death is None


@dataclass(slots=True, kw_only=True)
class Box:
    """One container of the pod from start to start."""

    container: Container
    habit: Habit
    count: int = 0
    instance: Instance | None = None
    last: Termination | None = None
    """The end of the instance before."""
    waiting: str = "ContainerCreating"
    finished: bool = False
    verdict: ProbeType | None = None
    runs: dict[ProbeType, int] = field(default_factory=dict)
    """Failures in a row, by probe; a new instance inherits them."""
    image: str = ""
    changed: Cause | None = None
    delay: float = 0.0
    backed_off_at: float = 0.0
    serial: int = 0
    retry_at: float = -1.0
    asked_at: dict[ProbeType, float] = field(default_factory=dict)
    """When each probe was run last: no two runs are nearer than a period."""

    @property
    def name(self) -> str:
        return self.container.name

    @property
    def is_down(self) -> bool:
        return self.instance is None or not self.instance.alive

    def exited_at(self) -> float | None:
        """When the newest instance that is known to be dead ended."""
        current = self.instance.death if self.instance else None
        death = current or self.last
        return death.finished_at if death else None

    def is_in_backoff(self, since: float | None, now: float) -> bool:
        """Whether a start has to wait; *since* is the death that the kubelet looks at."""
        if since is None or now - self.backed_off_at > 2 * LONGEST_BACKOFF:
            return False
        return now - since < self.delay

    def back_off(self, since: float | None, now: float) -> None:
        """Make the next wait longer."""
        if since is None:
            return
        fresh = self.delay == 0.0 or now - self.backed_off_at > 2 * LONGEST_BACKOFF
        self.delay = INITIAL_BACKOFF if fresh else min(2 * self.delay, LONGEST_BACKOFF)
        self.backed_off_at = now

    def status(self) -> ContainerStatus:
        """What the kubelet writes of it now."""
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
