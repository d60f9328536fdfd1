"""The parts of a record besides counts: corrections, readiness, loops, deleted pods.

None of them decides what is counted. Each fold is idempotent.
"""

from collections.abc import Collection, Iterator, Mapping

from probewatch.core.causes import Cause, Readiness, ReadinessReason
from probewatch.core.findings import LoopEnded, LoopStarted, ReadinessChanged, RestartCorrected
from probewatch.core.model import PodUid
from probewatch.core.record_sizes import Marks, marks_of
from probewatch.core.records import (
    EVIDENCE_KEPT,
    Incident,
    LoopMark,
    Mark,
    PodMarks,
    Record,
    Tally,
    place_of,
)
from probewatch.core.values import replace

NO_LOSSES = frozenset(
    {ReadinessReason.TERMINATING, ReadinessReason.COMPLETED, ReadinessReason.STARTUP}
)
"""Reasons that are not counted as a loss: the pod ends, or has not been ready yet."""


def fold_correction(record: Record, corrected: RestartCorrected) -> Record:
    """Correct the verdict of a restart whose incident is still kept, and the totals with it."""
    was, now = corrected.was, corrected.now
    key = (was.pod.uid, was.container, was.epoch, was.restart_count, was.cause, was.confidence)
    for place, incident in enumerate(record.incidents):
        if _key(incident) == key:
            better = replace(
                incident,
                cause=now.cause,
                confidence=now.confidence,
                rule=now.rule,
                evidence=now.evidence[:EVIDENCE_KEPT],
                first_cause=incident.first_cause or (was.cause if was.cause != now.cause else None),
            )
            incidents = (*record.incidents[:place], better, *record.incidents[place + 1 :])
            tallies = _move(record.tallies, was.container, was.cause, now.cause)
            return replace(record, incidents=incidents, tallies=tallies)
    return record


def _key(incident: Incident) -> tuple[object, ...]:
    return (
        incident.uid,
        incident.container,
        incident.epoch,
        incident.restart_count,
        incident.cause,
        incident.confidence,
    )


def _move(
    tallies: Mapping[tuple[str, Cause], Tally], container: str, was: Cause, now: Cause
) -> Mapping[tuple[str, Cause], Tally]:
    """Return the totals with one restart of a container moved to another cause."""
    if was is now:
        return tallies
    moved = dict(tallies)
    for cause, change in ((was, -1), (now, 1)):
        place = place_of(moved, container, cause)
        tally = moved.get(place, Tally())
        moved[place] = replace(tally, corrected=tally.corrected + change)
    return moved


def fold_readiness(record: Record, change: ReadinessChanged) -> Record:
    """Count a loss of readiness, or its duration when it ends; each once, by its time."""
    uid = change.pod.uid
    pod = record.pods.get(uid, PodMarks())
    is_loss = change.to is Readiness.NOT_READY and change.reason not in NO_LOSSES
    cost = change.not_ready_seconds if change.to is Readiness.READY else None
    is_repair = cost is not None and change.reason not in NO_LOSSES
    if not (is_loss or is_repair) or (pod.ready_at is not None and change.at <= pod.ready_at):
        return record
    totals = record.readiness
    if is_loss:
        losses = {**totals.losses, change.reason: totals.losses.get(change.reason, 0) + 1}
        totals = replace(totals, losses=losses)
    else:
        totals = replace(totals, not_ready_seconds=totals.not_ready_seconds + (cost or 0.0))
    pods = marks_of(record).having(uid, replace(pod, ready_at=change.at))
    return replace(record, readiness=totals, pods=pods)


def fold_loop(record: Record, change: LoopStarted | LoopEnded) -> Record:
    """Note in the container's mark whether it is in a restart loop."""
    mark = record.mark(change.pod.uid, change.container)
    if mark is None:
        return record  # without a mark no restart of the loop was recorded: ignore the loop too
    if isinstance(change, LoopStarted):
        # A loop that is already recorded was reported before, by this or another process.
        kept = mark.loop and replace(mark.loop, cause=change.cause)
        loop: LoopMark | None = kept or _loop_mark(change)
    else:
        loop = None if mark.loop and _is_end_of(change, mark.loop) else mark.loop
    if loop == mark.loop:
        return record
    pod = record.pods[change.pod.uid]
    marks = {**pod.containers, change.container: replace(mark, loop=loop)}
    after = replace(pod, containers=marks)
    return replace(record, pods=marks_of(record).having(change.pod.uid, after))


def _is_end_of(change: LoopEnded, loop: LoopMark) -> bool:
    """Whether the finding ends this loop: by its identity, or by its time.

    The identity is needed if the clock was set back.
    """
    same = (change.restart_count, change.epoch) == (loop.restart_count, loop.epoch)
    return same or change.at >= loop.since


def _loop_mark(change: LoopStarted) -> LoopMark:
    return LoopMark(
        pod=change.pod.name,
        cause=change.cause,
        since=change.at,
        restart_count=change.restart_count,
        epoch=change.epoch,
    )


def fold_absence(record: Record, alive: Collection[PodUid]) -> Record:
    """End the loops of pods that were deleted while nobody watched: those not in *alive*."""
    over = [uid for uid, _, _ in record.loops() if uid not in alive]
    if not over:
        return record
    calm = {uid: _calm(record.pods[uid]) for uid in over}
    return replace(record, pods=Marks({**record.pods, **calm}))


def _calm(pod: PodMarks) -> PodMarks:
    marks = {name: replace(mark, loop=None) for name, mark in pod.containers.items()}
    return replace(pod, containers=marks)


def tell_apart(
    record: Record, shown: Mapping[tuple[str, Cause], int]
) -> tuple[Record, Mapping[tuple[str, Cause], int]]:
    """Let counters continue from the values *shown* by /metrics, not from the recorded totals.

    Also returns what is left of those values, for the other records of the workload.
    """
    tallies, left = {}, dict(shown)
    for place, tally in record.tallies.items():
        part = min(tally.counted, left.get(place, 0))
        left[place] = left.get(place, 0) - part
        tallies[place] = replace(tally, unshown=tally.counted - part)
    return replace(record, tallies=tallies), left


def forget_versions(record: Record, newest: int) -> Record:
    """Reset the versions of marks that are newer than *newest*: they belong to a lost history.

    That happens where a cluster was restored from a backup.
    """
    if all(mark.resource_version <= newest for mark in _marks(record)):
        return record
    pods = {
        uid: replace(
            pod,
            containers={
                name: replace(mark, resource_version=0) if mark.resource_version > newest else mark
                for name, mark in pod.containers.items()
            },
        )
        for uid, pod in record.pods.items()
    }
    return replace(record, pods=Marks(pods))


def _marks(record: Record) -> Iterator[Mark]:
    return (mark for pod in record.pods.values() for mark in pod.containers.values())


def fold_departure(record: Record, gone: Collection[PodUid]) -> Record:
    """Remove the marks of pods that no longer exist; their restarts stay counted."""
    if not any(uid in record.pods for uid in gone):
        return record
    left = {uid: pod for uid, pod in record.pods.items() if uid not in gone}
    return replace(record, pods=Marks(left))
