"""Recollection: what a record says of a pod that a new process sees for the first time."""

from probewatch.core.findings import Cause
from probewatch.core.loops import RECENT_KEPT
from probewatch.core.model import PodUid
from probewatch.core.records import LoopMark, Mark, Record
from probewatch.core.remembered import Remembered, RememberedContainer
from probewatch.core.state import LoopState


def recollect(record: Record, uid: PodUid, from_zero: bool) -> Remembered:  # noqa: FBT001  # one caller
    """Return the marks of a pod, with the loops as far as the incidents still tell them."""
    pod = record.pods.get(uid)
    marks = pod.containers if pod else {}
    return Remembered(
        containers={name: _recall(record, uid, name, mark) for name, mark in marks.items()},
        from_zero=from_zero,
    )


def _recall(record: Record, uid: PodUid, container: str, mark: Mark) -> RememberedContainer:
    recent = tuple(
        (incident.observed_at, incident.cause)
        for incident in record.incidents
        if incident.uid == uid and incident.container == container
    )[-RECENT_KEPT:]
    return RememberedContainer(
        count=mark.count,
        epoch=mark.epoch,
        resource_version=mark.resource_version,
        termination=mark.termination,
        loop=_resume(recent, mark.loop),
    )


def _resume(recent: tuple[tuple[float, Cause], ...], loop: LoopMark | None) -> LoopState:
    if loop is None:
        return LoopState(recent=recent)
    return LoopState(
        recent=recent,
        started_at=loop.since,
        cause=loop.cause,
        restart_count=loop.restart_count,
        epoch=loop.epoch,
    )
