"""First sight: where counting begins for a pod that this process has not seen before.

There are three cases, for each container: the persisted watermark, if there is one; 0, if the
records would have a watermark had the container ever restarted; else the count that it shows. A
version that is older than the records is not counted: its restarts are in the records already.
"""

from probewatch.core.counting import Counted, count
from probewatch.core.endings import endings_of
from probewatch.core.loops import take_up
from probewatch.core.model import Pod
from probewatch.core.readiness import first_readiness
from probewatch.core.remembered import Remembered, RememberedContainer
from probewatch.core.restarts import Watermark
from probewatch.core.state import ContainerMemory, LoopState, PodState
from probewatch.core.values import replace


def first_state(pod: Pod, remembered: Remembered, *, now: float) -> tuple[PodState, Counted]:
    """The first state of a pod, and its restarts since the records, still without verdicts."""
    version = max(pod.resource_version, remembered.resource_version)
    before = _before(pod, remembered, version, now)
    if 0 < pod.resource_version < version:
        return before, Counted(marks=before.marks, restarts=(), from_zero=frozenset())
    counted = count(before, pod, relisted=True, now=now)
    zero = frozenset(status.name for status in pod.statuses if status.restart_count == 0)
    return replace(before, pod=pod, marks=counted.marks, from_zero=zero), counted


def _before(pod: Pod, remembered: Remembered, version: int, now: float) -> PodState:
    """The state of the pod when it was last recorded, as far as that is known."""
    known = remembered.containers
    memories = tuple(
        (name, ContainerMemory(loop=_loop(container, now), past=container.past))
        for name, container in known.items()
        if container.past or container.loop.recent or container.loop.started_at is not None
    )
    # With no statuses before, containers are counted from 0; else from the counts they show.
    statuses = () if remembered.from_zero else pod.statuses
    return PodState(
        pod=replace(pod, resource_version=version, statuses=statuses),
        readiness=first_readiness(pod),
        marks=tuple(_recorded(name, container) for name, container in known.items()),
        memories=memories,
        endings=endings_of(pod),
    )


def _loop(container: RememberedContainer, now: float) -> LoopState:
    recent = container.loop.recent
    latest = recent[-1][0] if recent and container.tells_latest else None
    return take_up(container.loop, count=container.count, latest=latest, now=now)


def _recorded(name: str, container: RememberedContainer) -> Watermark:
    return Watermark(
        name=name,
        count=container.count,
        epoch=container.epoch,
        counted_from=container.count,
        dead_id=container.termination,
    )
