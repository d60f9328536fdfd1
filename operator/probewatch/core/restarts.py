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
from probewatch.core.model import Container, ContainerStatus, Termination
from probewatch.core.sighting import UNKNOWN_SIGHTING, Sighting
from probewatch.core.values import replace


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
    """Identity of the last termination that a restart was counted for."""
    image: str | None = None
    """What the current instance was started as: a difference explains why it was replaced."""
    resources: str = ""
    pod_ip: str = ""
    """The address of the sandbox that it runs in; empty on the host's network."""
    sandbox_since: float | None = None
    """When that sandbox became ready (condition `PodReadyToStartContainers`)."""
    counted_from: int = 0
    """The count at which counting began in this epoch."""


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
    """When the new one became ready, if that is known."""
    restarting_all: bool = False
    """The kubelet was restarting all containers of the pod by a rule."""
    lost: bool = False
    """Another container of the pod was lost by the runtime at the same time."""


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
    observed_at: float = 0.0
    change: Change = Change()
    jump: Jump = SINGLE
    stands_for: int = 1
    """How many restarts are told as this one, the last of them."""
    all_restarted: bool = False
    """Whether all running containers of the pod restarted with it."""
    repaired: EvidenceKind | None = None
    """The kill that a later count proved to have happened for it."""
    latest: float | None = None
    """It died no later than this, where `termination` is not known."""
    seen: Sighting = UNKNOWN_SIGHTING

    @property
    def died_at(self) -> float | None:
        """When the instance ended, or an upper bound of it (node clock)."""
        return self.termination.finished_at if self.termination else self.latest


def identity(termination: Termination | None) -> str:
    """What tells one termination from another: its container id, else its times, else nothing."""
    if termination is None:
        return ""
    if termination.container_id or termination.finished_at is None:
        return termination.container_id
    return f"{termination.started_at}/{termination.finished_at}"


LOST_EXIT = 255
"""containerd's exit code for a task it lost, with reason `Unknown`."""


def is_lost(death: Termination) -> bool:
    """Whether the runtime lost the container, so that nobody saw its end."""
    unknown = death.exit_code == LOST_EXIT and death.reason == "Unknown"
    return unknown or death.reason == "ContainerStatusUnknown"


def first_watermark(status: ContainerStatus) -> Watermark:
    """Where counting begins for a container seen for the first time."""
    running = status.running_since is not None
    death = status.terminated or (None if running else status.last)
    return Watermark(
        name=status.name,
        count=status.restart_count,
        counted_from=status.restart_count,
        instance_id=status.container_id,
        running=running,
        running_since=status.running_since,
        started=bool(status.started),
        waiting_reason=status.waiting_reason,
        death=death if status.terminated or status.waiting_reason else None,
        path=Path.TERMINATED_SEEN if status.terminated else Path.UNSEEN,
        dead_id=identity(status.last) if running else "",
    )


def advance(mark: Watermark, status: ContainerStatus, *, relisted: bool) -> Watermark:
    """Follow one container whose count did not change."""
    running = status.running_since is not None
    death, path = _death_of_current(mark, status, relisted=relisted)
    return replace(
        mark,
        instance_id=status.container_id or mark.instance_id,
        running=running,
        running_since=status.running_since or mark.running_since,
        started=bool(status.started) if running else mark.started,
        waiting_reason=_waiting_reason(mark, status),
        death=death,
        path=path,
    )


HOOK_FAILED = "PostStartHookError"

AT_ONCE = 15.0
"""From the end of a killed container to the start of the next one: the check of an image, or its
download, lies between."""


def _waiting_reason(mark: Watermark, status: ContainerStatus) -> str:
    """A failed hook stays the reason when the back-off after it takes its place."""
    kept = mark.waiting_reason == HOOK_FAILED and status.running_since is None
    return HOOK_FAILED if kept else status.waiting_reason


def _death_of_current(
    mark: Watermark, status: ContainerStatus, *, relisted: bool
) -> tuple[Termination | None, Path]:
    if status.terminated is not None:
        return status.terminated, Path.TERMINATED_SEEN
    if mark.death is not None or status.running_since is not None:
        return mark.death, mark.path
    if identity(status.last) in {"", mark.dead_id}:
        return None, mark.path
    return status.last, _direct_path(mark, relisted=relisted)


def _direct_path(mark: Watermark, *, relisted: bool) -> Path:
    return Path.IN_PLACE if mark.running and not relisted else Path.UNSEEN


def death_for_rise(
    mark: Watermark, status: ContainerStatus, *, relisted: bool
) -> tuple[Termination | None, Path]:
    """The termination of the instance that the rise by one replaced."""
    if mark.death is not None:
        return mark.death, mark.path
    last = status.last
    if last is None or (identity(last) and identity(last) == mark.dead_id):
        return None, Path.UNSEEN
    same = bool(mark.instance_id) and last.container_id == mark.instance_id
    if not same and status.running_since is None:
        return None, Path.UNSEEN
    return last, _direct_path(mark, relisted=relisted or _was_noticed_late(last, status))


def _was_noticed_late(death: Termination, status: ContainerStatus) -> bool:
    """Whether the kubelet was away when it died: one that kills goes on to start at once."""
    end, start = death.finished_at, status.running_since
    return end is not None and start is not None and start - end > AT_ONCE


def after_rise(
    mark: Watermark, status: ContainerStatus, death: Termination | None, *, epoch: int
) -> Watermark:
    """The watermark of the new instance."""
    fresh = first_watermark(status)
    own = fresh.death if identity(fresh.death) != identity(death) else None
    # It came and went between two versions: only if it is shown dead is it known how it ended.
    path = Path.TERMINATED_SEEN if status.terminated else Path.UNSEEN
    return replace(
        fresh,
        epoch=epoch,
        counted_from=mark.counted_from,
        death=own,
        path=path if own else Path.UNSEEN,
        dead_id=identity(death) or identity(status.last) or mark.dead_id,
    )
