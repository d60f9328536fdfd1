"""What the kubelet remembers of a pod's containers: the current and the previous instance."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from probewatch.playground.kubelet.probes import Outcome
from probewatch.playground.kubelet.specs import ContainerSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit:
    """How an instance ended."""

    code: int
    """As the kubelet shows it: 128 + n after signal n."""
    reason: str
    """`Completed`, `Error`, `OOMKilled`, `StartError`."""
    finished: float
    message: str = ""


class Process(Protocol):
    """A started instance, as the runtime returns it."""

    @property
    def exit(self) -> Exit | None:
        """How it ended; None while it runs."""
        ...

    async def stop(self, grace: float) -> None:
        """Send SIGTERM, and SIGKILL after *grace* seconds; return when it is dead."""
        ...

    async def execute(self, command: tuple[str, ...], timeout_seconds: float) -> Outcome:
        """Run *command* in the container, as an exec probe or hook does."""
        ...

    async def lose(self) -> None:
        """End it as a node that goes down does: how it ended is unknown; return when it is dead."""
        ...

    def log(self) -> bytes:
        """Return the latest part of its output."""
        ...

    def follow(self) -> AsyncIterator[bytes]:
        """Yield its output from now on, until it ends."""
        ...


@dataclass(slots=True, kw_only=True)
class Instance:
    """One run of a container; `process` is None if it could not be started."""

    container_id: str
    image: str
    restart_count: int
    started: float
    process: Process | None = None
    failure: Exit | None = None
    """Why it could not be started."""
    sandbox: int = 0
    """The number of the pod's sandbox that it was created in, from 0."""

    @property
    def exit(self) -> Exit | None:
        """How it ended; None while it runs."""
        return self.process.exit if self.process else self.failure


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Why a container that should run does not: the `waiting` state of its status."""

    reason: str
    message: str = ""


@dataclass(slots=True, kw_only=True)
class Record:
    """All that the kubelet knows of one container of one pod."""

    spec: ContainerSpec
    current: Instance | None = None
    previous: Instance | None = None
    waiting: Waiting | None = None
    """Why the last attempt to start it failed; None after success."""

    def begin(self, instance: Instance) -> None:
        """Make *instance* the current one."""
        self.previous, self.current = self.current, instance

    def look(self, sandbox: int = 0) -> "Seen":
        """Return a snapshot, so that a whole sync decides on the same state."""
        current, previous = self.current, self.previous
        return Seen(
            spec=self.spec,
            instance=current,
            exit=current.exit if current else None,
            previous=previous,
            waiting=self.waiting,
            is_stale=current is not None and current.sandbox != sandbox,
        )

    @property
    def next_restart_count(self) -> int:
        """The count of the next instance: each that was created counts, started or not."""
        return self.current.restart_count + 1 if self.current else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A snapshot of a container, on which a whole sync is decided."""

    spec: ContainerSpec
    instance: Instance | None = None
    exit: Exit | None = None
    """How `instance` had ended at that moment, if it had."""
    previous: Instance | None = None
    waiting: Waiting | None = None
    is_stale: bool = False
    """`instance` was created in a sandbox that is gone, so that its work has to be done again."""

    @property
    def is_running(self) -> bool:
        """Whether the container was running."""
        return self.instance is not None and self.exit is None

    @property
    def newest_dead(self) -> tuple[Instance, Exit] | None:
        """The newest instance that was dead, with its exit: the back-off counts from that."""
        for instance, end in (
            (self.instance, self.exit),
            (self.previous, self.previous.exit if self.previous else None),
        ):
            if instance is not None and end is not None:
                return instance, end
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What the probes of a container say about its current instance."""

    started: bool = False
    ready: bool = False


@dataclass(slots=True, kw_only=True)
class PodMemory:
    """What a kubelet knows of a pod beside its object, and finds again after its own restart."""

    records: dict[str, Record]
    """Its containers by name, in the order in which they start."""
    start_time: str
    qos_class: str = "BestEffort"
    has_sandbox: bool = False
    sandbox: int = 0
    """The number of the current sandbox, from 0."""
    is_over: bool = False
    """Nothing will be started any more."""
    is_down: bool = False
    """All of its containers and its sandbox are gone."""

    def look(self) -> tuple[Seen, ...]:
        """Return a snapshot of all containers."""
        return tuple(record.look(self.sandbox) for record in self.records.values())
