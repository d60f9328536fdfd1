"""Dating: estimates when restarts happened, by our clock.

A restart that the watch shows has just happened. Restarts that are found after a gap happened
at some time during the gap; dated at their arrival, a weekend without a watch would look like a
loop. They are dated by the node's clock, which may differ from ours: only the differences between
its times are reliable.

A version that shows several restarts at once may be late, since the kubelet cannot write statuses
while the API server is down. It is late if it arrives later after its newest node time than the
versions before it did.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from probewatch.core.model import ContainerStatus, Pod
from probewatch.core.restarts import CountedRestart
from probewatch.core.state import LoopState
from probewatch.core.values import replace

LATE = 60.0
"""Seconds by which a status may arrive later than usual before it counts as late."""


def follow_lead(lead: float | None, before: Pod, pod: Pod, *, now: float) -> float | None:
    """Seconds from the newest node time in a version of the pod to its arrival.

    Unchanged if the version shows no newer time than the one before; None until one did.
    """
    newest, known = _newest_of(pod), _newest_of(before)
    if newest is None or (known is not None and newest <= known):
        return lead
    return now - newest


def _newest_of(pod: Pod) -> float | None:
    return max([at for each in pod.statuses for at in _times(each)], default=None)


def date(
    found: Sequence[CountedRestart],
    status: ContainerStatus,
    *,
    now: float,
    relisted: bool,
    loop: LoopState,
    lead: float | None = None,
) -> tuple[CountedRestart, ...]:
    """The restarts of one rise with `happened_at` set; None for one that cannot be dated.

    The restarts in the container's *loop* happened before them. *lead* is the delay of the
    version before, as `follow_lead` returns it.
    """
    before = loop.recent[-1][0] if loop.recent else None
    ahead = now - _newest_time(status, now)
    usual = loop.behind if relisted else lead
    late = relisted or (len(found) > 1 and usual is not None and ahead > usual + LATE)
    shift = ahead if usual is None or not late else min(ahead, usual)
    clocks = _Clocks(shift=shift, now=now, before=before)
    found = found if late else _follow(found, ahead)
    *older, newest = found
    at = clocks.date_newest(newest, status) if late else now
    dated = (replace(each, happened_at=clocks.date_older(each)) for each in older)
    return (*dated, replace(newest, happened_at=at))


def _follow(found: Sequence[CountedRestart], lead: float) -> Sequence[CountedRestart]:
    """The restarts, the first with an upper bound for the restart before it.

    That is when the instance started that has now ended. The restart before may have been dated
    too late, as all are whose versions arrive while a watch catches up.
    """
    first, *rest = found
    since = first.jump.since
    return (replace(first, after=since + lead if since else None), *rest)


def _newest_time(status: ContainerStatus, now: float) -> float:
    """The newest time in a status, by the node's clock; *now* if it has none.

    The status is written because of that event and arrives at once. After a gap the time is at
    least not in the future.
    """
    return max(_times(status), default=now)


def _times(status: ContainerStatus) -> Sequence[float]:
    ends = [death.finished_at for death in (status.terminated, status.last) if death is not None]
    return [at for at in (status.running_since, *ends) if at is not None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Clocks:
    """Converts times of the node's clock to ours."""

    shift: float
    """Seconds to add to a time of the node."""
    now: float
    before: float | None
    """When the last known restart happened (our clock): all others are later."""

    def ours(self, at: float) -> float:
        """Return our time for a time of the node, between `before` and `now`."""
        floor = at + self.shift if self.before is None else max(at + self.shift, self.before)
        return min(floor, self.now)

    def date_newest(self, restart: CountedRestart, status: ContainerStatus) -> float:
        """When the newest restart happened: the start of the next instance, or the end before."""
        end = None if restart.termination is None else restart.termination.finished_at
        known = [at for at in (_begin(status), end) if at is not None]
        return self.ours(max(known)) if known else self.now

    def date_older(self, restart: CountedRestart) -> float | None:
        """When an older restart happened: by its termination, or by the restarts around it.

        The last unseen restart happened when the instance started whose termination is known. The
        unseen ones before it are spread evenly over the time that is left.
        """
        jump, latest = restart.jump, restart.latest or None
        if restart.termination is not None:
            end = restart.termination.finished_at
            return None if end is None else self.ours(end)
        until = self.now if latest is None else self.ours(latest)
        if latest is not None and jump.place == jump.unseen:
            return until
        since = self.before if jump.since is None else self.ours(jump.since)
        if since is None:
            return None
        parts = jump.unseen + (latest is None)
        return since + max(until - since, 0.0) * jump.place / parts


def _begin(status: ContainerStatus) -> float | None:
    """When the newest instance started (node clock), whether it runs or has ended.

    A container that could not be started has no start time; then its end is taken.
    """
    own = status.terminated
    if own is None and status.last is not None and status.container_id == status.last.container_id:
        own = status.last
    return status.running_since if own is None else own.started_at or own.finished_at
