"""Restart loops: containers that restart again and again, with hysteresis.

A loop starts when enough restarts happen within a window, and ends after a quiet time without
one. The quiet time grows with the gaps between the restarts, so that the alert on a loop of one
kill every half hour does not resolve between two kills. The restarts of a loop that ended are
kept, so that bursts which come every hour are one loop from the second burst on.

A restart counts at the time when it happened, not when it was found.
"""

from collections import Counter
from itertools import pairwise

from probewatch.core.causes import Cause
from probewatch.core.dating import LATE
from probewatch.core.findings import Finding, LoopEnded, LoopStarted, Restart
from probewatch.core.model import PodRef
from probewatch.core.policy import Policy
from probewatch.core.state import LoopState
from probewatch.core.values import replace

NOT_A_LOOP = frozenset({Cause.SPEC_CHANGE, Cause.RESIZE})
"""Restarts that a user asked for."""

RECENT_KEPT = 32
GAPS_OF_QUIET = 3.0

AGAIN = 2
"""Restarts since a loop ended that are needed to start it again: a single one is not a loop."""

LEAD = 2
"""Another cause replaces the loop's cause only if it has at least this many restarts more."""
LEADING_SHARE = 3
"""It also has to lead by a third of the loop's restarts that are kept. With a smaller lead, two
equally frequent causes would replace each other every few hours, and each time one alert would end
and another begin."""


def quiet_time(loop: LoopState, policy: Policy) -> float:
    """Seconds without a restart after which the loop is over."""
    times = [at for at, _ in loop.recent if at >= loop.first]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    longest = max((*gaps, loop.gap))
    return max(policy.loop_quiet, min(GAPS_OF_QUIET * longest, policy.slow_loop_window))


def add_restart(
    loop: LoopState, restart: Restart, policy: Policy, *, at: float | None
) -> tuple[LoopState, tuple[Finding, ...]]:
    """Add a restart that happened *at* this time (our clock); None if that is not known."""
    cause, now = restart.cause, restart.observed_at
    if cause in NOT_A_LOOP or at is None:
        return loop, ()
    # No restart can be in the future, but our clock may have been set back.
    after = _with_restart(_put_back(loop, now), at, cause, policy=policy, now=now)
    if not after.recent:
        return after, ()
    if loop.started_at is None:
        return _detect(after, restart, policy)
    after = replace(after, cause=_leading(after))
    if after.cause is loop.cause:
        return after, ()
    return after, resume(after, restart.container, ref=restart.pod, policy=policy)


def _with_restart(
    loop: LoopState, at: float, cause: Cause, *, policy: Policy, now: float
) -> LoopState:
    since = now - policy.slow_loop_window
    entries = sorted((*loop.recent, (at, cause)), key=lambda entry: entry[0])
    recent = tuple(entry for entry in entries if entry[0] > since)[-RECENT_KEPT:]
    return replace(loop, recent=recent)


def settle_by(loop: LoopState, after: float | None) -> LoopState:
    """The loop with all its restarts moved to no later than *after*, an upper bound for them."""
    return loop if after is None else _put_back(loop, after, tolerated=LATE)


def _put_back(loop: LoopState, latest: float, *, tolerated: float = 0.0) -> LoopState:
    """The loop moved back in time as a whole, so that its last restart is no later than *latest*.

    The gaps between its restarts stay the same.
    """
    excess = loop.recent[-1][0] - latest if loop.recent else 0.0
    if excess <= tolerated:
        return loop
    return replace(
        loop,
        recent=tuple((at - excess, cause) for at, cause in loop.recent),
        first=loop.first - excess,
        ended_at=None if loop.ended_at is None else loop.ended_at - excess,
        resumed_at=None if loop.resumed_at is None else loop.resumed_at - excess,
    )


def _leading(loop: LoopState) -> Cause:
    """The cause of a loop: its present one, until another cause leads clearly."""
    causes = Counter(cause for at, cause in loop.recent if at >= loop.first)
    cause, count = causes.most_common(1)[0] if causes else (loop.cause, 0)
    lead = max(LEAD, causes.total() // LEADING_SHARE)
    return cause if count >= causes[loop.cause] + lead else loop.cause


def _detect(
    loop: LoopState, restart: Restart, policy: Policy
) -> tuple[LoopState, tuple[Finding, ...]]:
    """Start a loop if the restarts make one; checked with the newest restart of a jump only.

    A loop that is already over when it is found is not reported.
    """
    is_newest = restart.restart_count >= restart.seen.restart_count
    window = _window_reached(loop, policy) if is_newest else None
    if window is None:
        return loop, ()
    begun, found = _begin(loop, restart, window)
    ended = _end_if_due(begun, policy, restart.observed_at)
    return (begun, found) if ended is begun else (ended, ())


def _begin(
    loop: LoopState, restart: Restart, window: float
) -> tuple[LoopState, tuple[Finding, ...]]:
    now = restart.observed_at
    within = _within(loop, window)
    # Only the restarts within the window decide: earlier ones may have had another cause.
    ((cause, _),) = Counter(cause for _, cause in within).most_common(1)
    found = LoopStarted(
        pod=restart.pod,
        container=restart.container,
        cause=cause,
        restarts=len(within),
        window=window,
        at=now,
        restart_count=restart.restart_count,
        epoch=restart.epoch,
    )
    begun = replace(
        loop,
        started_at=now,
        cause=cause,
        restart_count=restart.restart_count,
        epoch=restart.epoch,
        first=within[0][0],
        ended_at=None,
    )
    return begun, (found,)


def _within(loop: LoopState, window: float) -> list[tuple[float, Cause]]:
    """The restarts within this many seconds before the last one, itself included."""
    last, _ = loop.recent[-1]
    return [entry for entry in loop.recent if entry[0] > last - window]


def _window_reached(loop: LoopState, policy: Policy) -> float | None:
    if loop.ended_at is not None and sum(at > loop.ended_at for at, _ in loop.recent) < AGAIN:
        return None
    for restarts, window in (
        (policy.loop_restarts, policy.loop_window),
        (policy.slow_loop_restarts, policy.slow_loop_window),
    ):
        if len(_within(loop, window)) >= restarts:
            return window
    return None


def loop_due(loop: LoopState, policy: Policy) -> float | None:
    """When the loop will be over if no restart comes; None if there is no loop."""
    if loop.started_at is None:
        return None
    last = loop.recent[-1][0] if loop.recent else loop.started_at
    return max(last, loop.resumed_at or last) + quiet_time(loop, policy)


def end_if_quiet(
    loop: LoopState, container: str, *, ref: PodRef, policy: Policy, now: float
) -> tuple[LoopState, tuple[Finding, ...]]:
    """End a loop once its quiet time is over."""
    after = _end_if_due(loop, policy, now)
    if after is loop:
        return loop, ()
    return after, (end(loop, container, ref=ref, now=now, gone=False),)


def _end_if_due(loop: LoopState, policy: Policy, now: float) -> LoopState:
    due = loop_due(loop, policy)
    if due is None or now < due:
        return loop
    return LoopState(recent=loop.recent, ended_at=due, behind=loop.behind)


def hold(loop: LoopState, now: float) -> LoopState:
    """A loop that was not watched lately: it may have gone on, so its quiet time begins now."""
    return loop if loop.started_at is None else replace(loop, resumed_at=now)


def take_up(loop: LoopState, *, count: int, latest: float | None, now: float) -> LoopState:
    """A loop loaded from a record, which holds only some of the restarts up to *count*.

    *latest* is the time of the last of them, None if the record does not hold it.
    """
    if loop.started_at is None:
        return loop
    since = (now if latest is None else latest) - loop.started_at
    gap = max(since, 0.0) / max(count - loop.restart_count, 1)
    return replace(loop, resumed_at=now if latest is None else None, gap=gap)


def recall(loop: LoopState, policy: Policy, now: float) -> LoopState:
    """A loop loaded from a record, completed by replaying its restarts.

    That gives the first restart of a loop that goes on, or else the end of the loop before.
    """
    was = LoopState()
    for at, cause in loop.recent:
        was = _with_restart(_end_if_due(was, policy, at), at, cause, policy=policy, now=at)
        window = None if was.started_at is not None else _window_reached(was, policy)
        if window is not None:
            was = replace(was, started_at=at, first=_within(was, window)[0][0])
    if loop.started_at is not None:
        return replace(loop, first=was.first)
    return replace(loop, ended_at=_end_if_due(was, policy, now).ended_at)


def end(loop: LoopState, container: str, *, ref: PodRef, now: float, gone: bool) -> LoopEnded:
    """The finding that a loop has ended."""
    return LoopEnded(
        pod=ref,
        container=container,
        cause=loop.cause,
        started_at=loop.started_at if loop.started_at is not None else now,
        at=now,
        gone=gone,
        restart_count=loop.restart_count,
        epoch=loop.epoch,
    )


def resume(
    loop: LoopState, container: str, *, ref: PodRef, policy: Policy
) -> tuple[LoopStarted, ...]:
    """The finding that a loop which was reported before goes on; empty if there is no loop."""
    if loop.started_at is None:
        return ()
    return (
        LoopStarted(
            pod=ref,
            container=container,
            cause=loop.cause,
            restarts=len(loop.recent),
            window=policy.slow_loop_window,
            at=loop.started_at,
            restart_count=loop.restart_count,
            epoch=loop.epoch,
            resumed=True,
        ),
    )
