"""What the kubelet remembers of the containers of a pod: their instances, dead and alive."""

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
    """A started instance, as the runtime hands it out."""

    @property
    def exit(self) -> Exit | None:
        """How it ended; None while it runs."""
        ...

    async def stop(self, grace: float) -> None:
        """Ask it to end, and end it after *grace* seconds; return when it is dead."""
        ...

    async def execute(self, command: tuple[str, ...], timeout_seconds: float) -> Outcome:
        """Run *command* beside it."""
        ...

    async def lose(self) -> None:
        """Let it end as with its node: unasked, and nobody knows how; return when it is dead."""
        ...

    def log(self) -> bytes:
        """Return the end of what it has written."""
        ...

    def follow(self) -> AsyncIterator[bytes]:
        """Yield what it writes from now on, until it ends."""
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
    """What ended it before it ran."""
    sandbox: int = 0
    """The pod's sandbox that it was made in: the first, the second, …"""

    @property
    def exit(self) -> Exit | None:
        """How it ended; None while it runs."""
        return self.process.exit if self.process else self.failure


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Why a container that should run does not."""

    reason: str
    message: str = ""


@dataclass(slots=True, kw_only=True)
class Record:
    """All that is known of one container of one pod."""

    spec: ContainerSpec
    current: Instance | None = None
    previous: Instance | None = None
    waiting: Waiting | None = None
    """What the last attempt to start it led to; None after success."""

    def begin(self, instance: Instance) -> None:
        """Put a new instance in the place of the current one."""
        self.previous, self.current = self.current, instance

    def look(self, sandbox: int = 0) -> "Seen":
        """Return what is the case now, so that a sync decides on one and the same state."""
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
        """The count of the next instance: every one that was made counts, started or not."""
        return self.current.restart_count + 1 if self.current else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A container at one moment: the state that a whole sync is decided on."""

    spec: ContainerSpec
    instance: Instance | None = None
    exit: Exit | None = None
    """How `instance` ended, as far as it was known at that moment."""
    previous: Instance | None = None
    waiting: Waiting | None = None
    is_stale: bool = False
    """`instance` was made in a sandbox that is gone: what it did has to be done again."""

    @property
    def is_running(self) -> bool:
        """Whether it was running."""
        return self.instance is not None and self.exit is None

    @property
    def newest_dead(self) -> tuple[Instance, Exit] | None:
        """The newest instance that was dead, with its end: what the back-off is counted from."""
        for instance, end in (
            (self.instance, self.exit),
            (self.previous, self.previous.exit if self.previous else None),
        ):
            if instance is not None and end is not None:
                return instance, end
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What the probes say about an instance."""

    started: bool = False
    ready: bool = False


@dataclass(slots=True, kw_only=True)
class PodMemory:
    """What is known of a pod beside its object; a kubelet finds it again after a restart."""

    records: dict[str, Record]
    """Its containers by name, in the order in which they start."""
    start_time: str
    qos_class: str = "BestEffort"
    has_sandbox: bool = False
    sandbox: int = 0
    """How many sandboxes there have been before this one."""
    is_over: bool = False
    """Nothing will be started any more."""
    is_down: bool = False
    """It has been taken down."""

    def look(self) -> tuple[Seen, ...]:
        """Return all containers as they are now."""
        return tuple(record.look(self.sandbox) for record in self.records.values())
