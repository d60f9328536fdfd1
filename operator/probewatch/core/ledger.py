"""The ledger: `fold(record, finding) → record` counts each restart exactly once.

A restart is counted if it is above its container's watermark, which is then raised. Rules:

- The key is the pod's uid, never its name.
- A sighting in a version of the pod that is older than the watermark's is ignored.
- A newer version whose count is lower than the watermark opens an epoch.
- The rise from the watermark is counted: restarts between it and the given one that were never
  reported are counted as `Unobserved`.
- Totals and watermark change together.

So it does not matter how often a restart is reported, by which replica or process: the record
decides whether it is new.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from probewatch.core.causes import Cause
from probewatch.core.findings import (
    CountingBegan,
    Finding,
    LoopEnded,
    LoopStarted,
    ReadinessChanged,
    Restart,
    RestartCorrected,
)
from probewatch.core.incidents import keep_restart
from probewatch.core.ledger_details import fold_correction, fold_loop, fold_readiness
from probewatch.core.model import PodUid
from probewatch.core.record_sizes import Marks, marks_of
from probewatch.core.records import (
    Mark,
    PodMarks,
    Record,
    Tally,
    place_of,
)
from probewatch.core.sighting import Sighting
from probewatch.core.values import quickly_made, replace

NO_MARKS = PodMarks()
NO_TALLY = Tally()


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A count to be added to a record: container, count, and the version that showed it."""

    uid: PodUid
    container: str
    count: int
    epoch: int
    seen: Sighting
    termination: str = ""


def fold(record: Record, finding: Finding, *, limit: int) -> Record:
    """The record with one finding added; *limit* is how many incidents are kept."""
    match finding:
        case Restart():
            return fold_restart(record, finding, limit=limit)
        case CountingBegan():
            return fold_beginning(record, finding)
        case RestartCorrected():
            return fold_correction(record, finding)
        case ReadinessChanged():
            return fold_readiness(record, finding)
        case LoopStarted() | LoopEnded():
            return fold_loop(record, finding)
        case _:
            return record


def fold_restart(record: Record, restart: Restart, *, limit: int) -> Record:
    """Count one restart and add its incident, unless the record already contains it."""
    if restart.baseline:
        return record
    told = Told(
        uid=restart.pod.uid,
        container=restart.container,
        count=restart.restart_count,
        epoch=restart.epoch,
        seen=restart.seen,
        termination=restart.termination,
    )
    base = _base(record.mark(told.uid, told.container), told)
    if base is None:
        return record
    return replace(
        record,
        tallies=_tally(record, told, base, cause=restart.cause),
        pods=_raise(record, told, base),
        incidents=(*record.incidents, keep_restart(restart, record.incidents))[-limit:],
    )


def fold_beginning(record: Record, began: CountingBegan) -> Record:
    """Set the mark to where counting begins; a rise since the recorded mark is counted."""
    version, count = began.resource_version, began.restart_count
    seen = Sighting(resource_version=version, restart_count=count, counted_from=count)
    return fold_count(record, began.pod.uid, began.container, seen, epoch=began.epoch)


def fold_count(
    record: Record, uid: PodUid, container: str, seen: Sighting, *, epoch: int = 0
) -> Record:
    """Raise a container's mark to a count that was seen; unreported restarts are `Unobserved`."""
    told = Told(uid=uid, container=container, count=seen.restart_count, epoch=epoch, seen=seen)
    base = _base(record.mark(uid, container), told)
    if base is None:
        return record
    return replace(
        record,
        tallies=_tally(record, told, base, cause=Cause.UNOBSERVED),
        pods=_raise(record, told, base),
    )


def _tally(
    record: Record, told: Told, base: Mark, *, cause: Cause
) -> Mapping[tuple[str, Cause], Tally]:
    """The totals with the rise from the mark *base* added."""
    rise = told.count - base.count
    tallies = record.tallies
    if rise > 1:
        tallies = _add(tallies, told.container, Cause.UNOBSERVED, rise - 1)
    if rise > 0:
        tallies = _add(tallies, told.container, cause, 1)
    return tallies


def _raise(record: Record, told: Told, base: Mark) -> Marks:
    """The marks with that of the container raised to the given count."""
    version = told.seen.resource_version or base.resource_version
    is_whole = told.count >= told.seen.restart_count
    raised = replace(
        base,
        count=told.count,
        # Within a jump keep the older version: another replica may have counted more by it.
        resource_version=version if is_whole else base.resource_version,
        termination=told.termination or base.termination,
    )
    pod = record.pods.get(told.uid, NO_MARKS)
    marks = {**pod.containers, told.container: raised}
    return marks_of(record).having(told.uid, replace(pod, containers=marks))


def _base(mark: Mark | None, told: Told) -> Mark | None:
    """The mark from which the count has risen; None if the record already contains it."""
    seen = told.seen
    if mark is None:
        begun = min(seen.counted_from, told.count)
        return Mark(count=begun, epoch=told.epoch) if told.count > 0 else None
    if is_older(seen, mark):
        return None
    if has_fallen(mark, seen):
        # The fall itself counts for nothing; restarts in the new epoch are counted one by one.
        begun = min(told.count, max(seen.counted_from, told.count - 1))
        return Mark(
            count=begun,
            epoch=max(mark.epoch + 1, told.epoch),
            resource_version=seen.resource_version - 1,
            loop=mark.loop,
        )
    return mark if told.count > mark.count else None


def is_older(seen: Sighting, mark: Mark) -> bool:
    """Whether the version that was seen is older than the mark's."""
    return 0 < seen.resource_version < mark.resource_version


def has_fallen(mark: Mark, seen: Sighting) -> bool:
    """Whether a newer version shows a lower count: the kubelet began to count anew."""
    is_newer = seen.resource_version > mark.resource_version > 0
    return is_newer and seen.restart_count < mark.count


def _add(
    tallies: Mapping[tuple[str, Cause], Tally], container: str, cause: Cause, count: int
) -> Mapping[tuple[str, Cause], Tally]:
    key = place_of(tallies, container, cause)
    tally = tallies.get(key, NO_TALLY)
    return {**tallies, key: replace(tally, counted=tally.counted + count)}
