"""Recollection: reads from a record what it holds of a pod that this process sees first."""

from collections.abc import Iterable
from itertools import accumulate
from operator import or_

from probewatch.core.causes import Cause
from probewatch.core.exits import is_of_windows, lifetime_of
from probewatch.core.loops import RECENT_KEPT
from probewatch.core.model import PodUid
from probewatch.core.past import PAST_KEPT, Past
from probewatch.core.records import Incident, LoopMark, Mark, Record
from probewatch.core.remembered import Remembered, RememberedContainer
from probewatch.core.state import LoopState
from probewatch.core.values import replace
from probewatch.core.verdict import PROBE_OF

LATE_SECONDS = 900.0
"""A restart that was observed later than this after the end had been missed at first. Longer than
the longest back-off and a slow start."""


def recollect(record: Record, uid: PodUid, *, from_zero: bool) -> Remembered:
    """Return the watermarks of a pod, with its loops as far as the kept incidents show them."""
    pod = record.pods.get(uid)
    marks = pod.containers if pod else {}
    return Remembered(
        containers={name: _recall(record, uid, name, mark) for name, mark in marks.items()},
        from_zero=from_zero,
    )


def _recall(record: Record, uid: PodUid, container: str, mark: Mark) -> RememberedContainer:
    kept = [each for each in record.incidents if (each.uid, each.container) == (uid, container)]
    behind = _find_behind(record, kept[-1].node) if kept else 0.0
    dated = ((_time_of(incident, behind), incident.cause) for incident in kept[-RECENT_KEPT:])
    recent = tuple(sorted((at, cause) for at, cause in dated if at is not None))
    return RememberedContainer(
        count=mark.count,
        epoch=mark.epoch,
        resource_version=mark.resource_version,
        termination=mark.termination,
        past=recall_past(kept),
        loop=replace(_resume(recent, mark.loop), behind=behind),
        tells_latest=bool(kept) and kept[-1].restart_count == mark.count,
    )


def recall_past(incidents: Iterable[Incident]) -> tuple[Past, ...]:
    """Return what the incidents of one container, oldest first, tell of its earlier restarts."""
    known = tuple(incidents)[-PAST_KEPT:]
    windows = accumulate((is_of_windows(each.exit_code) for each in known), or_)
    return tuple(map(_past_of, known, windows))


def _past_of(incident: Incident, on_windows: bool) -> Past:  # noqa: FBT001  # mapped
    return Past(
        cause=incident.cause,
        confidence=incident.confidence,
        exit_code=incident.exit_code,
        lifetime=lifetime_of(incident.started_at, incident.finished_at),
        died_at=incident.finished_at,
        restart_count=incident.restart_count,
        own_end=False if incident.cause in PROBE_OF else None,
        on_windows=on_windows,
    )


def _find_behind(record: Record, node: str) -> float:
    """Seconds by which a node's clock is behind ours; negative if it is ahead.

    Estimated as the shortest delay from an end on that node to its observation. A small delay is
    taken for a normal one, and returns 0.
    """
    ends = ((each, each.finished_at) for each in record.incidents if each.node == node)
    delay = min((each.observed_at - end for each, end in ends if end is not None), default=0.0)
    return 0.0 if 0 < delay <= LATE_SECONDS else delay


def _time_of(incident: Incident, behind: float) -> float | None:
    """When a restart happened (our clock); None if that is not known.

    One that was observed much later is dated by the node's clock.
    """
    end = incident.finished_at
    if end is None:
        is_newest = incident.seen_count <= incident.restart_count
        return incident.observed_at if is_newest else None
    late = incident.observed_at - end - behind > LATE_SECONDS
    return end + behind if late else incident.observed_at


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
