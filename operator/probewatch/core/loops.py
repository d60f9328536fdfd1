"""Loops: containers that restart again and again, with hysteresis.

A loop begins by a count within a window and ends by quiet. The quiet time grows
with the gaps between its restarts, so that the alert on a loop of one kill every
half hour does not resolve between two kills. What is over is not forgotten: bursts that
come each hour are one loop from the second of them on.

A restart counts at the time when it was seen. Those that were found after a gap count when
they happened, or they would make a loop of a weekend in which nobody watched.
"""

from collections import Counter
from itertools import pairwise

from probewatch.core.causes import Cause
from probewatch.core.findings import Finding, LoopEnded, LoopStarted, Restart
from probewatch.core.model import PodRef
from probewatch.core.policy import Policy
from probewatch.core.restarts import CountedRestart, Path
from probewatch.core.state import LoopState
from probewatch.core.values import replace

NOT_A_LOOP = frozenset({Cause.SPEC_CHANGE, Cause.RESIZE})
"""Restarts that people ask for."""

RECENT_KEPT = 32
GAPS_OF_QUIET = 3.0

AGAIN = 2
"""So many restarts make a loop again of one that was over: one by itself is none."""

LEAD = 2
"""So many restarts more than its first cause another one needs to be the loop's."""


def time_of(restart: CountedRestart, loop: LoopState) -> float | None:
    """When a restart happened (epoch seconds); None where nothing says it.

    Of one that was found after a gap the node's clock says it, or it lies between others of which
    that is known: they are spread over this time.
    """
    if restart.path is not Path.UNSEEN or (restart.termination is None and restart.jump.size == 1):
        return restart.observed_at
    if restart.termination is not None:
        end = restart.termination.finished_at
        return restart.observed_at if end is None else min(end, restart.observed_at)
    jump, since = restart.jump, restart.jump.since
    if since is None and loop.recent:
        since, _ = loop.recent[-1]
    if since is None:
        return None
    latest = restart.observed_at if restart.latest is None else restart.latest
    at = since + (latest - since) * max(jump.place, 0) / (jump.unseen + 1)
    return min(at, restart.observed_at)


def quiet_time(loop: LoopState, policy: Policy) -> float:
    """Seconds without a restart after which the loop is over."""
    times = [at for at, _ in loop.recent if at >= loop.first]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    longest = max((*gaps, loop.gap), default=0.0)
    return max(policy.loop_quiet, min(GAPS_OF_QUIET * longest, policy.slow_loop_window))


def add_restart(
    loop: LoopState, restart: Restart, policy: Policy, *, at: float | None
) -> tuple[LoopState, tuple[Finding, ...]]:
    """Take one restart into account that happened *at* this time."""
    cause, now = restart.cause, restart.observed_at
    if cause in NOT_A_LOOP or at is None:
        return loop, ()
    since = now - policy.slow_loop_window
    entries = sorted((*loop.recent, (at, cause)), key=lambda entry: entry[0])
    recent = tuple(entry for entry in entries if entry[0] > since)[-RECENT_KEPT:]
    if not recent:
        return replace(loop, recent=()), ()
    after = replace(loop, recent=recent)
    if loop.started_at is None:
        window = _window_reached(after, policy, now)
        return (after, ()) if window is None else _begin(after, restart, window)
    after = replace(after, cause=_leading(after))
    if after.cause is loop.cause:
        return after, ()
    return after, resume(after, restart.container, ref=restart.pod, policy=policy)


def _leading(loop: LoopState) -> Cause:
    """The cause of a loop: its own until another one of its restarts leads clearly."""
    causes = Counter(cause for at, cause in loop.recent if at >= loop.first)
    cause, count = causes.most_common(1)[0] if causes else (loop.cause, 0)
    return cause if count >= causes[loop.cause] + LEAD else loop.cause


def _begin(
    loop: LoopState, restart: Restart, window: float
) -> tuple[LoopState, tuple[Finding, ...]]:
    now = restart.observed_at
    within = [entry for entry in loop.recent if entry[0] > now - window]
    # Those before were of another kind, maybe: a loop is what its own restarts are.
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


def _window_reached(loop: LoopState, policy: Policy, now: float) -> float | None:
    if loop.ended_at is not None and sum(at > loop.ended_at for at, _ in loop.recent) < AGAIN:
        return None
    for restarts, window in (
        (policy.loop_restarts, policy.loop_window),
        (policy.slow_loop_restarts, policy.slow_loop_window),
    ):
        if sum(1 for at, _ in loop.recent if at > now - window) >= restarts:
            return window
    return None


def loop_due(loop: LoopState, policy: Policy) -> float | None:
    """When the loop would be over if nothing happened."""
    if loop.started_at is None:
        return None
    last = loop.recent[-1][0] if loop.recent else loop.started_at
    return max(last, loop.resumed_at or last) + quiet_time(loop, policy)


def end_if_quiet(
    loop: LoopState, container: str, *, ref: PodRef, policy: Policy, now: float
) -> tuple[LoopState, tuple[Finding, ...]]:
    """End a loop that was quiet for long enough."""
    due = loop_due(loop, policy)
    if due is None or now < due:
        return loop, ()
    over = LoopState(recent=loop.recent, ended_at=due)
    return over, (end(loop, container, ref=ref, now=now, gone=False),)


def take_up(loop: LoopState, *, count: int, now: float) -> LoopState:
    """The loop of a record that does not say when its latest restarts were, up to *count*."""
    if loop.started_at is None:
        return loop
    restarts = max(count - loop.restart_count, 1)
    return replace(loop, resumed_at=now, gap=max(now - loop.started_at, 0.0) / restarts)


def end(loop: LoopState, container: str, *, ref: PodRef, now: float, gone: bool) -> LoopEnded:
    """The finding that a loop is over."""
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
    """The finding that a loop goes on which was told before, if there is one."""
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
