"""Restarts: detected only by a rise of `restartCount`.

The count belongs to an *instance* of the container. The restart N → N+1 is explained by the
termination of instance N, which the API shows as `state.terminated` or, once something else is
in `state`, as `lastState.terminated`. So the watermark of a container keeps the termination of
the current instance as soon as it is visible, and the restart takes it when the count rises.
"""

from dataclasses import dataclass
from enum import StrEnum

from probewatch.core.evidence import EvidenceKind
from probewatch.core.exits import LOST_EXIT
from probewatch.core.model import ContainerStatus, Termination
from probewatch.core.sighting import UNKNOWN_SIGHTING, Sighting
from probewatch.core.spec import Container
from probewatch.core.values import quickly_made


class Path(StrEnum):
    """How the death of an instance was seen, told by the order of the container's states.

    The kubelet generates the API status *before* it acts in a sync. So a container that died by
    itself is first shown as `terminated`, while one that the kubelet kills and replaces in one
    sync goes from running to its next instance (or to a back-off) without that. In the streams
    recorded from Kubernetes 1.36 this holds for all restarts.
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
    """The termination of the current instance, once visible."""
    path: Path = Path.UNSEEN
    """How `death` was seen."""
    dead_id: str = ""
    """Identity of the last termination that a restart was counted for (`known_by`)."""
    image: str | None = None
    """The image of the current instance: a later difference explains why it was replaced."""
    resources: str = ""
    pod_ip: str = ""
    """The IP of the sandbox that the instance runs in; empty with `hostNetwork`."""
    sandbox_since: float | None = None
    """When that sandbox became ready (condition `PodReadyToStartContainers`)."""
    counted_from: int = 0
    """The `restartCount` at which counting began in this epoch."""


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What differs between the instance that ended and the next one."""

    unknown: bool = False
    """Image, resources and sandbox of the instance are not known: no process of ours saw it run, or
    only an earlier one did."""
    image: bool = False
    resources: bool = False
    """Requests or limits that cannot be changed without a restart."""
    sandbox: bool = False
    """The pod IP or `PodReadyToStartContainers` shows that the sandbox is a new one."""
    same_sandbox: bool = False
    """`PodReadyToStartContainers` shows that the sandbox is still the same."""
    sandbox_since: float | None = None
    """When the current sandbox became ready, if known."""
    restarting_all: bool = False
    """The kubelet was restarting all containers of the pod because of a restart rule."""
    with_all: bool = False
    """The container had ended by itself, and was removed with all others by a restart rule."""
    lost: bool = False
    """The runtime lost a container of the pod."""
    oldest: float | None = None
    """When the oldest instance that runs in the pod was started (node clock), if one runs."""


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Jump:
    """By how much `restartCount` rose at once, and which of these restarts this one is."""

    size: int = 1
    unseen: int = 0
    """How many of these restarts have no known termination, not counting the newest."""
    place: int = 0
    """The place among the unseen, from 1; 0 for the oldest if its termination is known."""
    since: float | None = None
    """All unseen instances ended after this moment (node clock)."""


SINGLE = Jump()


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class CountedRestart:
    """One counted restart and all that was seen of it, to be judged."""

    container: Container
    restart_count: int
    epoch: int = 0
    termination: Termination | None = None
    path: Path = Path.UNSEEN
    was_started: bool | None = None
    """`started` of the instance that ended: whether its startup probe had succeeded, if known."""
    waiting_reason: str = ""
    next_start: float | None = None
    """`running.startedAt` of the next instance, if it was seen running."""
    next_done: float | None = None
    """When the next instance started, if it is an init container that has terminated already."""
    observed_at: float = 0.0
    """When the rise of the count was received (our clock)."""
    change: Change = Change()
    jump: Jump = SINGLE
    stands_for: int = 1
    """How many restarts are reported as this one, which is the last of them."""
    all_restarted: bool = False
    """Whether no other container of the pod kept running."""
    repaired: EvidenceKind | None = None
    """The kill that a later `Killing` count proved to have caused this restart."""
    termination_corrected: bool = False
    """Whether the status of its termination changed after the last verdict was published."""
    latest: float | None = None
    """Upper bound of the time of death (node clock), if `termination` is not known."""
    happened_at: float | None = None
    """When it happened (our clock), if that can be estimated."""
    after: float | None = None
    """Upper bound of the time of the restart before it (our clock)."""
    seen: Sighting = UNKNOWN_SIGHTING

    @property
    def next_begin(self) -> float | None:
        """When the next instance started, if it was seen."""
        return self.next_done if self.next_start is None else self.next_start

    @property
    def died_at(self) -> float | None:
        """When the instance ended, or an upper bound of that (node clock)."""
        return self.termination.finished_at if self.termination else self.latest


def newest_end(status: ContainerStatus) -> Termination | None:
    """The latest termination shown: of the newest instance, or else of the one before it."""
    return status.terminated or status.last


def identity(termination: Termination | None) -> str:
    """What tells one termination from another: its container ID, else its times, else nothing."""
    if termination is None:
        return ""
    if termination.container_id or termination.finished_at is None:
        return termination.container_id
    return f"{termination.started_at}/{termination.finished_at}"


LOST_TASK = (LOST_EXIT, "Unknown")
"""containerd's exit code and reason for a task that it lost."""

VANISHED = "ContainerStatusUnknown"
"""The kubelet's reason for a container that the runtime no longer knows."""


def is_lost(death: Termination) -> bool:
    """Whether the runtime lost the container, so that its real exit is unknown."""
    return (death.exit_code, death.reason) == LOST_TASK or death.reason == VANISHED
