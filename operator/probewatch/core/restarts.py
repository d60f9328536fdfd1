"""Restarts: found from the rise of `restartCount`, and nothing else.

The count belongs to an *instance*. The termination that explains the restart
N → N+1 is that of instance N, which the API shows either as `state.terminated`
or, once something else is in `state`, as `lastState.terminated`. So each
container keeps the death of its current instance as soon as it is visible, and
hands it to the restart when the count rises.
"""

from dataclasses import dataclass
from enum import StrEnum

from probewatch.core.evidence import EvidenceKind
from probewatch.core.model import ContainerStatus, Termination
from probewatch.core.sighting import UNKNOWN_SIGHTING, Sighting
from probewatch.core.spec import Container
from probewatch.core.values import quickly_made


class Path(StrEnum):
    """How the death of an instance was seen: what the order of states tells.

    The kubelet generates the API status *before* it acts. A container that died
    by itself is therefore first shown as `terminated`; one that the kubelet kills
    and replaces in one synchronization goes from running to the next instance (or
    to a back-off) without that. In the recorded streams of Kubernetes 1.36 this
    holds for all restarts.
    """

    TERMINATED_SEEN = "TerminatedSeen"
    IN_PLACE = "InPlace"
    UNSEEN = "Unseen"


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Watermark:
    """The last counted state of one container."""

    name: str
    count: int
    epoch: int = 0
    instance_id: str = ""
    running: bool = False
    running_since: float | None = None
    started: bool = False
    waiting_reason: str = ""
    death: Termination | None = None
    """Termination of the current instance, once visible."""
    path: Path = Path.UNSEEN
    """How `death` was seen."""
    dead_id: str = ""
    """What the last termination is known by that a restart was counted for."""
    image: str | None = None
    """What the current instance was started as: a difference explains why it was replaced."""
    resources: str = ""
    pod_ip: str = ""
    """The address of the sandbox that it runs in; empty on the host's network."""
    sandbox_since: float | None = None
    """When that sandbox became ready (condition `PodReadyToStartContainers`)."""
    counted_from: int = 0
    """The count at which counting began in this epoch."""


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What was another thing for the next instance than for the one before it."""

    image: bool = False
    resources: bool = False
    """Those that cannot be changed without a restart."""
    sandbox: bool = False
    """Pod IP or `PodReadyToStartContainers` tell of a new sandbox."""
    same_sandbox: bool = False
    """`PodReadyToStartContainers` tells that the sandbox is the one of before."""
    sandbox_since: float | None = None
    """When the sandbox that it has now became ready, if that is known."""
    restarting_all: bool = False
    """The kubelet was restarting all containers of the pod by a rule."""
    with_all: bool = False
    """It had ended in its own way, and was removed with all others to be restarted by a rule."""
    lost: bool = False
    """Another container of the pod was lost by the runtime at the same time."""


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Jump:
    """By how much the count rose at once, and which of these restarts this is."""

    size: int = 1
    unseen: int = 0
    """How many of them nobody saw the end of, the newest left out."""
    place: int = 0
    """The place among the unseen, from 1; 0 or less for one whose end was seen."""
    since: float | None = None
    """All unseen ones ended after this moment (node clock)."""


SINGLE = Jump()


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class CountedRestart:
    """One restart that was counted and waits for, or has, its verdict."""

    container: Container
    restart_count: int
    epoch: int = 0
    termination: Termination | None = None
    path: Path = Path.UNSEEN
    was_started: bool | None = None
    """Whether it had passed its startup probe, where that is known."""
    waiting_reason: str = ""
    next_start: float | None = None
    """`running.startedAt` of the next instance, when it was seen running."""
    next_done: float | None = None
    """When the next instance began, of an init container that has done its work by now."""
    observed_at: float = 0.0
    change: Change = Change()
    jump: Jump = SINGLE
    stands_for: int = 1
    """How many restarts are told as this one, the last of them."""
    all_restarted: bool = False
    """Whether all running containers of the pod restarted with it."""
    repaired: EvidenceKind | None = None
    """The kill that a later count proved to have happened for it."""
    reworded: bool = False
    """Whether the runtime changed its words on how it ended, after it was counted."""
    latest: float | None = None
    """It died no later than this, where `termination` is not known."""
    happened_at: float | None = None
    """When it happened, by our clock; None where nothing says it."""
    after: float | None = None
    """No restart before it was later than this, by our clock."""
    seen: Sighting = UNKNOWN_SIGHTING

    @property
    def next_begin(self) -> float | None:
        """When the next instance began, as far as it was seen."""
        return self.next_done if self.next_start is None else self.next_start

    @property
    def died_at(self) -> float | None:
        """When the instance ended, or an upper bound of it (node clock)."""
        return self.termination.finished_at if self.termination else self.latest


def newest_end(status: ContainerStatus) -> Termination | None:
    """The latest end that is shown: of the newest instance, or else of the one before it."""
    return status.terminated or status.last


def identity(termination: Termination | None) -> str:
    """What tells one termination from another: its container id, else its times, else nothing."""
    if termination is None:
        return ""
    if termination.container_id or termination.finished_at is None:
        return termination.container_id
    return f"{termination.started_at}/{termination.finished_at}"


LOST_EXIT = 255
LOST_TASK = (LOST_EXIT, "Unknown")
"""containerd's exit code and reason for a task that it lost."""

VANISHED = "ContainerStatusUnknown"
"""How a container ended that the runtime knows no more."""


def is_lost(death: Termination) -> bool:
    """Whether the runtime lost the container, so that nobody saw its end."""
    return (death.exit_code, death.reason) == LOST_TASK or death.reason == VANISHED
