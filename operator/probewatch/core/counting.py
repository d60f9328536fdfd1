"""Counting: the restarts between two versions of a pod."""

from dataclasses import dataclass
from functools import cached_property

from probewatch.core import changes
from probewatch.core.causes import ReadinessReason
from probewatch.core.dating import date
from probewatch.core.findings import CountingBegan
from probewatch.core.jumps import find_older
from probewatch.core.lateness import is_late
from probewatch.core.model import ContainerStatus, Pod, Termination
from probewatch.core.restart_policy import OVER
from probewatch.core.restarts import CountedRestart, Jump, Path, Watermark
from probewatch.core.sighting import Sighting
from probewatch.core.spec import Container, ContainerKind
from probewatch.core.state import PodState
from probewatch.core.values import quickly_made, replace
from probewatch.core.watermarks import (
    advance,
    after_rise,
    death_for_rise,
    first_watermark,
    is_counted,
    is_declared,
    is_taken_back,
    known_by,
)


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """The new watermarks, and the restarts since the previous ones, oldest first."""

    marks: tuple[Watermark, ...]
    restarts: tuple[CountedRestart, ...]
    from_zero: frozenset[str]
    begun: tuple[CountingBegan, ...] = ()
    """Containers whose counting begins at a count above 0, or begins again in a new epoch."""


def count(state: PodState, pod: Pod, *, relisted: bool, now: float) -> Counted:
    """Compare the watermarks with a newer version of the pod."""
    between = _Between(state, pod, relisted=relisted, now=now)
    marks: list[Watermark] = []
    restarts: list[CountedRestart] = []
    begun: list[CountingBegan] = []
    seen: set[str] = set()
    for status in pod.statuses:
        if status.name in seen:
            continue  # a duplicate status is a broken object, not a second container
        seen.add(status.name)
        mark, found = _follow(between, status)
        mark = changes.with_environment(mark, pod)
        marks.append(mark)
        restarts.extend(found)
        if _begins(between.marks.get(status.name), mark):
            begun.append(_began(state, pod, mark))
    marks.extend(mark for mark in state.marks if mark.name not in seen)
    zero = {status.name for status in pod.statuses if status.restart_count == 0}
    zero -= between.marks.keys()
    return Counted(
        marks=tuple(marks),
        restarts=tuple(restarts),
        from_zero=state.from_zero | zero,
        begun=tuple(begun),
    )


def _begins(before: Watermark | None, mark: Watermark) -> bool:
    """Whether the records need to know that counting began here."""
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


class _Between:
    """Two versions of a pod, and what they show when compared."""

    def __init__(self, state: PodState, pod: Pod, *, relisted: bool, now: float) -> None:
        self.state, self.pod, self.relisted, self.now = state, pod, relisted, now
        self.marks = {mark.name: mark for mark in state.marks}

    @cached_property
    def pod_change(self) -> changes.PodChange:
        """What applies to all containers alike."""
        return changes.compare_containers(self.state.pod, self.pod, self.marks)

    @property
    def was_node_lost(self) -> bool:
        """Whether the node was not ready before: what its kubelet reports now may be old."""
        readiness = self.state.readiness
        return not readiness.ready and readiness.reason is ReadinessReason.NODE_NOT_READY

    def may_lack(self, mark: Watermark, status: ContainerStatus) -> bool:
        """Whether states of this container may be missing between the two versions."""
        if self.relisted or self.was_node_lost:
            return True
        return is_late(self.pod, mark, status, now=self.now, lead=self.state.lead)


def _follow(
    between: _Between, status: ContainerStatus
) -> tuple[Watermark, tuple[CountedRestart, ...]]:
    mark = between.marks.get(status.name)
    if mark is None and (between.state.pod.statuses or _is_mirror(between.pod)):
        return first_watermark(status), ()
    if mark is None:
        # The pod was seen before any of its containers had a status: counting began at 0.
        mark = Watermark(name=status.name, count=0)
    mark = changes.adopt_later(mark, between.state.pod, between.pod)
    if is_taken_back(mark, status):
        return mark, ()
    if status.restart_count < mark.count:
        fallen = first_watermark(status)
        return replace(fallen, epoch=mark.epoch + 1), ()
    if status.restart_count == mark.count:
        return advance(mark, status, gap=between.may_lack(mark, status)), ()
    return _rise(between, mark, status)


def _is_mirror(pod: Pod) -> bool:
    """Whether it is the mirror of a static pod: recreated without a status while that runs on."""
    return pod.evidence_uid not in {"", pod.uid}


def _rise(
    between: _Between, mark: Watermark, status: ContainerStatus
) -> tuple[Watermark, tuple[CountedRestart, ...]]:
    pod, pod_change = between.pod, between.pod_change
    jump = status.restart_count - mark.count
    death, path = _death(mark, pod, status, gap=between.may_lack(mark, status))
    newest = CountedRestart(
        container=_container(pod, status.name),
        restart_count=status.restart_count,
        epoch=mark.epoch,
        termination=death,
        path=path,
        was_started=mark.started if jump == 1 else None,
        waiting_reason=mark.waiting_reason if jump == 1 else "",
        next_start=status.running_since,
        observed_at=between.now,
        change=changes.change_of(pod_change, pod, mark, status),
        all_restarted=changes.all_restarted(pod_change, pod, mark),
        jump=Jump(size=jump, place=jump, since=mark.running_since),
        next_done=_next_done(pod, status),
        seen=_sighting(pod, mark, status),
    )
    found = _date(between, (*find_older(newest, mark), newest), status)
    return after_rise(mark, status, death, epoch=mark.epoch), found


def _date(
    between: _Between, found: tuple[CountedRestart, ...], status: ContainerStatus
) -> tuple[CountedRestart, ...]:
    state, gap = between.state, between.relisted or between.was_node_lost
    loop = state.memory(status.name).loop
    return date(found, status, now=between.now, relisted=gap, loop=loop, lead=state.lead)


def _next_done(pod: Pod, status: ContainerStatus) -> float | None:
    is_init = _container(pod, status.name).kind is ContainerKind.INIT
    over = status.terminated if is_init else None
    return None if over is None else over.started_at


def _sighting(pod: Pod, mark: Watermark, status: ContainerStatus) -> Sighting:
    return Sighting(
        resource_version=pod.resource_version,
        restart_count=status.restart_count,
        counted_from=mark.counted_from,
    )


def _death(
    mark: Watermark, pod: Pod, status: ContainerStatus, *, gap: bool
) -> tuple[Termination | None, Path]:
    """The termination that the newest restart followed, if known, and how it was seen.

    In a pod that is over, such as an evicted one, the kubelet raises the count although it starts
    nothing again, and the termination that it shows is a guess.
    """
    if mark.death is None and pod.phase in OVER and is_declared(status):
        return None, Path.UNSEEN
    if status.restart_count == mark.count + 1:
        return death_for_rise(mark, status, gap=gap)
    last = status.last
    if last is None or status.running_since is None:
        return None, Path.UNSEEN
    known = is_counted(mark, last) or known_by(last) == known_by(mark.death) != ""
    return (None, Path.UNSEEN) if known else (last, Path.UNSEEN)


def _container(pod: Pod, name: str) -> Container:
    return pod.spec.container(name) or Container(name=name)
