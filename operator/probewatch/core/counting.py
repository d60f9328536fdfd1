"""Counting: from two versions of a pod to the restarts between them."""

from dataclasses import dataclass

from probewatch.core.findings import CountingBegan
from probewatch.core.model import Container, ContainerStatus, Pod, Termination
from probewatch.core.restarts import (
    Change,
    CountedRestart,
    Jump,
    Path,
    Watermark,
    advance,
    after_rise,
    at_home,
    death_for_rise,
    first_watermark,
    identity,
    is_lost,
    ready_sandbox,
)
from probewatch.core.sighting import Sighting
from probewatch.core.state import PodState
from probewatch.core.values import replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """The new watermarks and the restarts that led to them, oldest first."""

    marks: tuple[Watermark, ...]
    restarts: tuple[CountedRestart, ...]
    from_zero: frozenset[str]
    begun: tuple[CountingBegan, ...] = ()
    """Where counting begins, or begins again."""


def count(state: PodState, pod: Pod, *, relisted: bool, now: float) -> Counted:
    """Compare the watermarks with a newer version of the pod."""
    marks: list[Watermark] = []
    restarts: list[CountedRestart] = []
    begun: list[CountingBegan] = []
    seen: set[str] = set()
    for status in pod.statuses:
        if status.name in seen:
            continue  # a duplicated status is a broken object, not a second container
        seen.add(status.name)
        mark, found = _follow(state, pod, status, relisted=relisted, now=now)
        mark = at_home(mark, pod)
        marks.append(mark)
        restarts.extend(found)
        if _begins(state.mark(status.name), mark):
            begun.append(_began(state, pod, mark))
    marks.extend(mark for mark in state.marks if mark.name not in seen)
    zero = {status.name for status in pod.statuses if status.restart_count == 0}
    zero -= {mark.name for mark in state.marks}
    return Counted(
        marks=tuple(marks),
        restarts=tuple(restarts),
        from_zero=state.from_zero | zero,
        begun=tuple(begun),
    )


def _begins(before: Watermark | None, mark: Watermark) -> bool:
    """Whether counting began here with something to keep in mind."""
    if before is None:
        return mark.counted_from > 0
    return mark.epoch > before.epoch


def _began(state: PodState, pod: Pod, mark: Watermark) -> CountingBegan:
    return CountingBegan(
        pod=state.ref,
        container=mark.name,
        restart_count=mark.count,
        epoch=mark.epoch,
        resource_version=pod.resource_version,
    )


def _follow(
    state: PodState, pod: Pod, status: ContainerStatus, *, relisted: bool, now: float
) -> tuple[Watermark, tuple[CountedRestart, ...]]:
    mark = state.mark(status.name)
    if mark is None and state.pod.statuses:
        return first_watermark(status), ()
    if mark is None:
        # The pod was seen before any of its containers had a status: it began at 0.
        mark = Watermark(name=status.name, count=0)
    if status.restart_count < mark.count:
        fallen = first_watermark(status)
        return replace(fallen, epoch=mark.epoch + 1), ()
    if status.restart_count == mark.count:
        return advance(mark, status, relisted=relisted), ()
    return _rise(state, pod, mark, status, relisted=relisted, now=now)


def _rise(
    state: PodState,
    pod: Pod,
    mark: Watermark,
    status: ContainerStatus,
    *,
    relisted: bool,
    now: float,
) -> tuple[Watermark, tuple[CountedRestart, ...]]:
    jump = status.restart_count - mark.count
    death, path = death_for_rise(mark, status, relisted=relisted or jump > 1)
    first = mark.death if jump > 1 else None
    if jump > 1:
        death, path = _death_after_jump(mark, status)
    newest = CountedRestart(
        container=_container(pod, status.name),
        restart_count=status.restart_count,
        epoch=mark.epoch,
        termination=death,
        path=path,
        was_started=mark.started if jump == 1 else None,
        waiting_reason=mark.waiting_reason,
        next_start=status.running_since,
        observed_at=now,
        change=_change(state, pod, mark),
        all_restarted=_all_restarted(state, pod, mark),
        jump=Jump(size=jump, place=jump),
        seen=Sighting(
            resource_version=pod.resource_version,
            restart_count=status.restart_count,
            counted_from=mark.counted_from,
        ),
    )
    older = _older(newest, mark, first, jump)
    return after_rise(mark, status, death, epoch=mark.epoch), (*older, newest)


def _death_after_jump(mark: Watermark, status: ContainerStatus) -> tuple[Termination | None, Path]:
    last = status.last
    if last is None or status.running_since is None:
        return None, Path.UNSEEN
    known = mark.death is not None and last.container_id == mark.death.container_id
    return (None, Path.UNSEEN) if known else (last, Path.UNSEEN)


def _older(
    newest: CountedRestart, mark: Watermark, first: Termination | None, jump: int
) -> tuple[CountedRestart, ...]:
    """The restarts of a jump before the newest: only the first can be known."""
    latest = newest.termination.started_at if newest.termination else None
    blank = replace(newest, termination=None, path=Path.UNSEEN, next_start=None, latest=latest)
    since = first.finished_at if first else mark.running_since
    unseen = jump - 1 - (first is not None)
    older = []
    for step in range(1, jump):
        known = first if step == 1 else None
        place = step - (first is not None)
        older.append(
            replace(
                blank,
                restart_count=mark.count + step,
                jump=Jump(size=jump, unseen=unseen, place=place, since=since),
                termination=known,
                path=mark.path if known else Path.UNSEEN,
            )
        )
    return tuple(older)


def _container(pod: Pod, name: str) -> Container:
    return pod.spec.container(name) or Container(name=name)


def _change(state: PodState, pod: Pod, mark: Watermark) -> Change:
    old, new = mark.spec, pod.spec.container(mark.name)
    since = ready_sandbox(pod)
    return Change(
        image=old is not None and new is not None and old.image != new.image,
        resources=old is not None and new is not None and old.resources != new.resources,
        sandbox=_is_new_sandbox(mark, pod),
        same_sandbox=since is not None and since == mark.sandbox_since,
        sandbox_since=since if since != mark.sandbox_since else None,
        restarting_all=_is_restarting_all(state.pod) or _is_restarting_all(pod),
        lost=any(_was_lost(state, status) for status in pod.statuses),
    )


def _is_new_sandbox(mark: Watermark, pod: Pod) -> bool:
    since = ready_sandbox(pod)
    if since is not None and mark.sandbox_since is not None:
        return since > mark.sandbox_since
    moved = bool(mark.pod_ip and pod.pod_ip) and mark.pod_ip != pod.pod_ip
    return moved and not pod.spec.host_network


def _is_restarting_all(pod: Pod) -> bool:
    condition = pod.conditions.get("AllContainersRestarting")
    said = condition is not None and condition.status is True
    return said or any(_is_victim(status) for status in pod.statuses)


def _is_victim(status: ContainerStatus) -> bool:
    """Whether the kubelet ended a container to restart all, and has not started it again."""
    death = status.terminated or status.last
    down = status.running_since is None and death is not None
    return down and death is not None and death.reason == "RestartingAllContainers"


def _was_lost(state: PodState, status: ContainerStatus) -> bool:
    """Whether the newest end of a container is one that the runtime does not know itself."""
    death = status.terminated or status.last
    if death is None or not is_lost(death):
        return False
    mark = state.mark(status.name)
    return mark is None or mark.dead_id != identity(death)


def _all_restarted(state: PodState, pod: Pod, mark: Watermark) -> bool:
    """Whether no other container ran on: in a new sandbox none can."""
    moved = _is_new_sandbox(mark, pod)
    for status in pod.statuses:
        other = state.mark(status.name)
        if other is None or not other.running or status.running_since is None:
            continue
        if status.container_id == other.instance_id and (not moved or _is_new_sandbox(other, pod)):
            return False
    return True
