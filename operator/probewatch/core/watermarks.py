"""Watermarks: how the last counted state of a container is updated from its status.

`lastState` only shows the second-newest instance, and a termination that the kubelet itself puts
there has neither ID nor times. So it is taken for the end of an instance only if it cannot belong
to an earlier one.
"""

from probewatch.core.model import ContainerStatus, Termination
from probewatch.core.restarts import VANISHED, Path, Watermark, identity, newest_end
from probewatch.core.values import replace

RESTARTING_ALL = "RestartingAllContainers"
"""Reason of a waiting or terminated container while a restart rule restarts all containers."""

DECLARED_REASONS = frozenset({RESTARTING_ALL, VANISHED})
"""Reasons of terminations that the kubelet declares itself, without container ID and times."""

HELD_BACK = "CrashLoopBackOff"
"""Reason of a waiting container whose next start the kubelet delays."""

HOOK_FAILED = "PostStartHookError"

AT_ONCE = 15.0
"""Seconds from the end of a killed container to the start of the next one; the image is checked,
or pulled, in between."""


def known_by(end: Termination | None) -> str:
    """What a termination is recognized by: its identity, or the reason if the kubelet declared it.

    Two declared ones with the same reason cannot be told apart. From 1.36 on the kubelet keeps
    showing the previous one if nothing is known of the end that follows.
    Source: kubelet_pods.go (convertToAPIContainerStatuses).
    """
    if end is not None and end.reason in DECLARED_REASONS:
        return end.reason
    return identity(end)


def is_counted(mark: Watermark, end: Termination) -> bool:
    """Whether a restart was already counted for this termination, as far as it is recognized."""
    return known_by(end) == mark.dead_id != ""


def first_watermark(status: ContainerStatus) -> Watermark:
    """Where counting begins for a container seen for the first time."""
    end = newest_end(status)
    # Waiting without a reason means just created: the end shown is that of the instance before.
    over = bool(status.terminated or status.waiting_reason) and not is_declared(status)
    return Watermark(
        name=status.name,
        count=status.restart_count,
        counted_from=status.restart_count,
        instance_id=status.container_id,
        running=status.running_since is not None,
        running_since=status.running_since,
        started=bool(status.started),
        waiting_reason=status.waiting_reason,
        death=end if over else None,
        path=Path.TERMINATED_SEEN if status.terminated else Path.UNSEEN,
        dead_id="" if over else known_by(end),
    )


def advance(mark: Watermark, status: ContainerStatus, *, gap: bool) -> Watermark:
    """Return the watermark of a container whose `restartCount` did not change."""
    running = status.running_since is not None
    death, path = _death_of_current(mark, status, gap=gap)
    # `lastState` of a running container is that of an instance before it, even at the same count.
    ended = known_by(status.last) if running else ""
    return replace(
        mark,
        instance_id=status.container_id or mark.instance_id,
        running=running,
        running_since=status.running_since or mark.running_since,
        started=bool(status.started) if running else mark.started,
        waiting_reason=_waiting_reason(mark, status),
        death=death,
        path=path,
        dead_id=ended or mark.dead_id,
    )


def _waiting_reason(mark: Watermark, status: ContainerStatus) -> str:
    """Why the container waits, or waited earlier in the same wait.

    A failed hook is kept when `CrashLoopBackOff` replaces it. A back-off is kept because a
    restarted kubelet shows the termination again, or `ContainerCreating`.
    """
    before = mark.waiting_reason if status.running_since is None else ""
    return before if before in {HOOK_FAILED, HELD_BACK} else status.waiting_reason


def _death_of_current(
    mark: Watermark, status: ContainerStatus, *, gap: bool
) -> tuple[Termination | None, Path]:
    if status.terminated is not None and not is_counted(mark, status.terminated):
        known = identity(mark.death) == identity(status.terminated) != ""
        # A restarted kubelet shows a termination again that was in `lastState` before.
        return status.terminated, mark.path if known else Path.TERMINATED_SEEN
    if status.running_since is not None:
        return None, Path.UNSEEN
    if mark.death is not None:
        return latest_termination(mark.death, status), mark.path
    if identity(status.last) in {"", mark.dead_id}:
        return None, mark.path
    return status.last, _direct_path(mark, gap=gap)


def latest_termination(death: Termination, status: ContainerStatus) -> Termination:
    """The same termination as the status shows it now: runtimes may correct it afterwards.

    containerd sets `OOMKilled` when the OOM event arrives, which may be after the exit was
    reported as `Error`. CRI-O may know the exit code only when it is asked again.
    Source: containerd internal/cri/server/events.go (TaskOOM).
    """
    for said in (status.terminated, status.last):
        if said is not None and said.container_id and said.container_id == death.container_id:
            return said
    return death


def _direct_path(mark: Watermark, *, gap: bool) -> Path:
    return Path.IN_PLACE if mark.running and not gap else Path.UNSEEN


def is_declared(status: ContainerStatus) -> bool:
    """Whether the kubelet itself declared the newest termination, and nothing was started since.

    It does so for a container that it no longer finds, and raises the count with it, before the
    next instance exists.
    """
    said = newest_end(status)
    return said is not None and said.reason in DECLARED_REASONS and status.running_since is None


def is_taken_back(mark: Watermark, status: ContainerStatus) -> bool:
    """Whether the kubelet takes back a count that it had raised without a new instance.

    Up to 1.35 it raises the count for a container in the runtime's state unknown, and shows the
    runtime's own count again until the next instance exists.
    Source: kubelet_pods.go (convertToAPIContainerStatuses).
    """
    declared = mark.running_since is None and mark.death is None and mark.count > mark.counted_from
    waits = status.running_since is None and status.terminated is None
    return declared and waits and status.restart_count == mark.count - 1


def is_removed_with_all(death: Termination | None, status: ContainerStatus) -> bool:
    """Whether a container that had ended by itself was then removed to restart all of the pod."""
    last = status.last
    return death is not None and last is not None and last.reason == RESTARTING_ALL


def death_for_rise(
    mark: Watermark, status: ContainerStatus, *, gap: bool
) -> tuple[Termination | None, Path]:
    """The termination of the replaced instance, after a rise by one, and how it was seen."""
    if mark.death is not None:
        return latest_termination(mark.death, status), mark.path
    if _is_declared_now(mark, status):
        return newest_end(status), Path.UNSEEN
    last = status.last
    if last is None or is_counted(mark, last):
        return None, Path.UNSEEN
    same = bool(mark.instance_id) and last.container_id == mark.instance_id
    if not same and status.running_since is None and not _is_followed(last, status):
        return None, Path.UNSEEN
    return last, _direct_path(mark, gap=gap or _was_noticed_late(last, status))


def _is_followed(last: Termination, status: ContainerStatus) -> bool:
    """Whether the instance shown next to it, which has ended as well, came after this one."""
    end = status.terminated
    if end is None or end.started_at is None or last.finished_at is None:
        return False
    is_newest = end.container_id == status.container_id not in {"", last.container_id}
    return is_newest and last.finished_at <= end.started_at


def _is_declared_now(mark: Watermark, status: ContainerStatus) -> bool:
    """Whether the kubelet declared this termination now, and not an earlier one alike."""
    said = newest_end(status)
    if said is None or said.reason not in DECLARED_REASONS:
        return False
    now = status.terminated is not None or status.waiting_reason == said.reason
    return now or not is_counted(mark, said)


def _was_noticed_late(death: Termination, status: ContainerStatus) -> bool:
    """Whether the kubelet was down when it died: one that kills starts the next one at once."""
    end, start = death.finished_at, status.running_since
    if start is None and status.terminated is not None:
        start = status.terminated.started_at
    return end is not None and start is not None and start - end > AT_ONCE


def after_rise(
    mark: Watermark, status: ContainerStatus, death: Termination | None, *, epoch: int
) -> Watermark:
    """The watermark of the new instance."""
    fresh = first_watermark(status)
    # The new instance may have ended already, between two versions of the pod.
    own = fresh.death if identity(fresh.death) != identity(death) else None
    return replace(
        fresh,
        epoch=epoch,
        counted_from=mark.counted_from,
        death=own,
        dead_id=fresh.dead_id or known_by(death) or mark.dead_id,
        resources=mark.resources,
    )
