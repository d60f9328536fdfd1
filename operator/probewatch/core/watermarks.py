"""Watermarks: how the last counted state of a container follows its status.

`lastState` is the second-newest instance only, and what the kubelet writes there itself has
neither id nor times. So it is taken for the end of an instance only where it cannot be that of
an earlier one.
"""

from probewatch.core.model import ContainerStatus, Termination
from probewatch.core.restarts import VANISHED, Path, Watermark, identity, newest_end
from probewatch.core.values import replace

RESTARTING_ALL = "RestartingAllContainers"
"""Why a container waits, and how it ended, while all containers are restarted by a rule."""

OWN_WORDS = frozenset({RESTARTING_ALL, VANISHED})
"""How an end is put that the kubelet itself declares: it has neither id nor times."""

HELD_BACK = "CrashLoopBackOff"
"""Why a container waits whose next start the kubelet puts off."""

HOOK_FAILED = "PostStartHookError"

AT_ONCE = 15.0
"""From the end of a killed container to the start of the next one: the check of an image, or its
download, lies between."""


def known_by(end: Termination | None) -> str:
    """What an end is known again by: its identity, or the kubelet's own words.

    Two in the same words cannot be told apart. From 1.36 on the words of before stay where nothing
    is known of the end that follows (kubelet_pods.go, convertToAPIContainerStatuses).
    """
    if end is not None and end.reason in OWN_WORDS:
        return end.reason
    return identity(end)


def is_counted(mark: Watermark, end: Termination) -> bool:
    """Whether a restart was counted for this end, as far as it can be told from others."""
    return known_by(end) == mark.dead_id != ""


def first_watermark(status: ContainerStatus) -> Watermark:
    """Where counting begins for a container seen for the first time."""
    end = newest_end(status)
    # What waits without a reason was created just now, and shows the end of the one before.
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


def advance(mark: Watermark, status: ContainerStatus, *, relisted: bool) -> Watermark:
    """Follow one container whose count did not change."""
    running = status.running_since is not None
    death, path = _death_of_current(mark, status, relisted=relisted)
    # What is shown beside one that runs is the end of one before it, be it with the same count.
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
    """Why it waits, or waited before.

    A failed hook stays the reason when the back-off after it takes its place. And of what one
    kubelet held back the next one shows the end again, or that it is to be created.
    """
    before = mark.waiting_reason if status.running_since is None else ""
    return before if before in {HOOK_FAILED, HELD_BACK} else status.waiting_reason


def _death_of_current(
    mark: Watermark, status: ContainerStatus, *, relisted: bool
) -> tuple[Termination | None, Path]:
    if status.terminated is not None and not is_counted(mark, status.terminated):
        known = identity(mark.death) == identity(status.terminated) != ""
        # A kubelet that was restarted shows the end of which it said before that it is over.
        return status.terminated, mark.path if known else Path.TERMINATED_SEEN
    if status.running_since is not None:
        return None, Path.UNSEEN
    if mark.death is not None:
        return latest_words(mark.death, status), mark.path
    if identity(status.last) in {"", mark.dead_id}:
        return None, mark.path
    return status.last, _direct_path(mark, relisted=relisted)


def latest_words(death: Termination, status: ContainerStatus) -> Termination:
    """What is said by now of this end: a runtime may learn of it after it has told of it.

    containerd notes that the kernel killed a container for memory when its event comes, be it
    after the exit, which was `Error` until then. CRI-O may know an exit code only when it is asked
    again.
    Source: containerd internal/cri/server/events.go (TaskOOM).
    """
    for said in (status.terminated, status.last):
        if said is not None and said.container_id and said.container_id == death.container_id:
            return said
    return death


def _direct_path(mark: Watermark, *, relisted: bool) -> Path:
    return Path.IN_PLACE if mark.running and not relisted else Path.UNSEEN


def is_declared(status: ContainerStatus) -> bool:
    """Whether the kubelet itself raised the count, of a container that it found no more.

    It does so before the next instance is there. Else a status that waits shows the end of the
    instance before.
    """
    said = newest_end(status)
    return said is not None and said.reason in OWN_WORDS and status.running_since is None


def is_removed_with_all(death: Termination | None, status: ContainerStatus) -> bool:
    """Whether it was removed with all others after it had ended in its own way."""
    last = status.last
    return death is not None and last is not None and last.reason == RESTARTING_ALL


def death_for_rise(
    mark: Watermark, status: ContainerStatus, *, relisted: bool
) -> tuple[Termination | None, Path]:
    """The termination of the instance that the rise by one replaced."""
    if mark.death is not None:
        return latest_words(mark.death, status), mark.path
    if _is_declared_now(mark, status):
        return newest_end(status), Path.UNSEEN
    last = status.last
    if last is None or is_counted(mark, last):
        return None, Path.UNSEEN
    same = bool(mark.instance_id) and last.container_id == mark.instance_id
    if not same and status.running_since is None:
        return None, Path.UNSEEN
    return last, _direct_path(mark, relisted=relisted or _was_noticed_late(last, status))


def _is_declared_now(mark: Watermark, status: ContainerStatus) -> bool:
    """Whether the kubelet declared this end, and not the one before it in the same words."""
    said = newest_end(status)
    if said is None or said.reason not in OWN_WORDS:
        return False
    now = status.terminated is not None or status.waiting_reason == said.reason
    return now or not is_counted(mark, said)


def _was_noticed_late(death: Termination, status: ContainerStatus) -> bool:
    """Whether the kubelet was away when it died: one that kills goes on to start at once."""
    end, start = death.finished_at, status.running_since
    return end is not None and start is not None and start - end > AT_ONCE


def after_rise(
    mark: Watermark, status: ContainerStatus, death: Termination | None, *, epoch: int
) -> Watermark:
    """The watermark of the new instance."""
    fresh = first_watermark(status)
    # It came and went between two versions: only if it is shown dead is it known how it ended.
    own = fresh.death if identity(fresh.death) != identity(death) else None
    return replace(
        fresh,
        epoch=epoch,
        counted_from=mark.counted_from,
        death=own,
        dead_id=fresh.dead_id or known_by(death) or mark.dead_id,
        resources=mark.resources,
    )
