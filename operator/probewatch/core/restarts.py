"""Restarts: found from the rise of `restartCount`, and nothing else.

The count belongs to an *instance*. The termination that explains the restart
N → N+1 is that of instance N, which the API shows either as `state.terminated`
or, once something else is in `state`, as `lastState.terminated`. So each
container keeps the death of its current instance as soon as it is visible, and
hands it to the restart when the count rises.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from probewatch.core.evidence import EvidenceKind
from probewatch.core.model import Container, ContainerStatus, Pod, Termination
from probewatch.core.sighting import UNKNOWN_SIGHTING, Sighting


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
    counted_from: int = 0
    """The count at which counting began in this epoch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What changed of the pod together with a restart."""

    image: bool = False
    resources: bool = False
    sandbox: bool = False
    """Pod IP or `PodReadyToStartContainers` tell of a new sandbox."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedRestart:
    """One restart that was counted and waits for, or has, its verdict."""

    container: Container
    restart_count: int
    epoch: int = 0
    termination: Termination | None = None
    path: Path = Path.UNSEEN
    was_started: bool = False
    waiting_reason: str = ""
    next_start: float | None = None
    """`running.startedAt` of the next instance, when it was seen running."""
    observed_at: float = 0.0
    change: Change = Change()
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
    """What tells one termination from another: its container id, else its times."""
    if termination is None:
        return ""
    return termination.container_id or f"{termination.started_at}/{termination.finished_at}"


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
    if status.last is None or identity(status.last) == mark.dead_id:
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
    if last is None or identity(last) == mark.dead_id:
        return None, Path.UNSEEN
    same = bool(mark.instance_id) and last.container_id == mark.instance_id
    if not same and status.running_since is None:
        return None, Path.UNSEEN
    return last, _direct_path(mark, relisted=relisted)


def after_rise(
    mark: Watermark, status: ContainerStatus, death: Termination | None, *, epoch: int
) -> Watermark:
    """The watermark of the new instance."""
    fresh = first_watermark(status)
    own = fresh.death if identity(fresh.death) != identity(death) else None
    path = Path.TERMINATED_SEEN if status.terminated else Path.IN_PLACE
    return replace(
        fresh,
        epoch=epoch,
        counted_from=mark.counted_from,
        death=own,
        path=path if own else Path.UNSEEN,
        dead_id=identity(death) or identity(status.last) or mark.dead_id,
    )


def sandbox_changed(before: Pod, after: Pod) -> bool:
    """Whether the pod got a new sandbox between two versions."""
    if before.pod_ip and after.pod_ip and before.pod_ip != after.pod_ip:
        return not after.spec.host_network
    old = before.conditions.get("PodReadyToStartContainers")
    new = after.conditions.get("PodReadyToStartContainers")
    if old is None or new is None:
        return False
    return bool(old.last_transition) and old.last_transition != new.last_transition
