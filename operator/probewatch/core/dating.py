"""Dating: when the restarts happened that a version of a pod shows, by our clock.

The newest of them happened as the version came. What is found after a gap happened at some time in
it, or a weekend in which nobody watched would look like a loop. When, the node's clock says. That
may be another one than ours: only what lies between two of its times is surely right.

A version that shows several restarts at once may have come late, for statuses are not written as
long as the API server is not there. Then it comes later, by the node's clock, than those before it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from probewatch.core.model import ContainerStatus, Pod
from probewatch.core.restarts import CountedRestart
from probewatch.core.state import LoopState
from probewatch.core.values import replace

LATE = 60.0
"""So many seconds later than usual a status may come without notice."""


def follow_lead(lead: float | None, before: Pod, pod: Pod, *, now: float) -> float | None:
    """By how much our clock was ahead of the newest that a version told, as that came.

    As far as it told anything new; None as long as none did.
    """
    newest, known = _newest_of(pod), _newest_of(before)
    if newest is None or (known is not None and newest <= known):
        return lead
    return now - newest


def _newest_of(pod: Pod) -> float | None:
    return max((at for each in pod.statuses for at in _times(each)), default=None)


def date(
    found: Sequence[CountedRestart],
    status: ContainerStatus,
    *,
    now: float,
    relisted: bool,
    loop: LoopState,
    lead: float | None = None,
) -> tuple[CountedRestart, ...]:
    """The restarts of one rise, each with when it happened; None where nothing says it.

    Those that are known of the container, its *loop*, happened before. *lead* is by how much our
    clock was ahead of what the version before told.
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
    """The first, with when the instance began that ended: the restart before it was no later.

    One that came late, as all do that a watch catches up on, seems to be later than it was.
    """
    first, *rest = found
    since = first.jump.since
    return (replace(first, after=since + lead if since else None), *rest)


def _newest_time(status: ContainerStatus, now: float) -> float:
    """The newest that a status tells, by the node's clock.

    It is written for this, and comes at once; after a gap this is at least not still to come.
    """
    return max(_times(status), default=now)


def _times(status: ContainerStatus) -> Iterator[float]:
    ends = (death.finished_at for death in (status.terminated, status.last) if death is not None)
    return (at for at in (status.running_since, *ends) if at is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Clocks:
    """The node's and ours."""

    shift: float
    """Seconds from the node's to ours."""
    now: float
    before: float | None

    def ours(self, at: float) -> float:
        """Our time for one of the node, which is after the last restart that was known."""
        floor = at + self.shift if self.before is None else max(at + self.shift, self.before)
        return min(floor, self.now)

    def date_newest(self, restart: CountedRestart, status: ContainerStatus) -> float:
        """When the newest happened: the next instance began then, or the one before had ended."""
        end = None if restart.termination is None else restart.termination.finished_at
        known = [at for at in (_begin(status), end) if at is not None]
        return self.ours(max(known)) if known else self.now

    def date_older(self, restart: CountedRestart) -> float | None:
        """When one happened that is not the newest: by its end, or by those around it.

        The last one that nobody saw did when the instance began whose end is known. Those before
        are spread over the time that there is for them.
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
    """When the newest instance began (node clock), whether it runs or has ended.

    Of one that could not be started a runtime says 0, and it had ended by then.
    """
    own = status.terminated
    if own is None and status.last is not None and status.container_id == status.last.container_id:
        own = status.last
    return status.running_since if own is None else own.started_at or own.finished_at
