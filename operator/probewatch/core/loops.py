"""Loops: containers that restart again and again, with hysteresis.

A loop begins by a count within a window and ends by quiet. The quiet time grows
with the gaps between its restarts, so that the alert on a loop of one kill every
half hour does not resolve between two kills.
"""

from collections import Counter
from itertools import pairwise

from probewatch.core.findings import Cause, Finding, LoopEnded, LoopStarted, Restart
from probewatch.core.model import PodRef
from probewatch.core.policy import Policy
from probewatch.core.state import LoopState
from probewatch.core.values import replace

NOT_A_LOOP = frozenset({Cause.SPEC_CHANGE, Cause.RESIZE})
"""Restarts that people ask for."""

RECENT_KEPT = 32
GAPS_OF_QUIET = 3.0


def quiet_time(loop: LoopState, policy: Policy) -> float:
    """Seconds without a restart after which the loop is over."""
    times = [at for at, _ in loop.recent]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    longest = max(gaps, default=0.0)
    return max(policy.loop_quiet, min(GAPS_OF_QUIET * longest, policy.slow_loop_window))


def add_restart(
    loop: LoopState, restart: Restart, policy: Policy
) -> tuple[LoopState, tuple[Finding, ...]]:
    """Take one restart into account."""
    cause, now = restart.cause, restart.observed_at
    if cause in NOT_A_LOOP:
        return loop, ()
    since = now - policy.slow_loop_window
    recent = (*(entry for entry in loop.recent if entry[0] > since), (now, cause))[-RECENT_KEPT:]
    dominant = Counter(entry[1] for entry in recent).most_common(1)[0][0]
    after = replace(loop, recent=recent, cause=dominant)
    window = _window_reached(after, policy, now)
    if loop.started_at is not None or window is None:
        return after, ()
    found = LoopStarted(
        pod=restart.pod,
        container=restart.container,
        cause=dominant,
        restarts=sum(1 for at, _ in recent if at > now - window),
        window=window,
        at=now,
        restart_count=restart.restart_count,
        epoch=restart.epoch,
    )
    begun = replace(after, started_at=now, restart_count=restart.restart_count, epoch=restart.epoch)
    return begun, (found,)


def _window_reached(loop: LoopState, policy: Policy, now: float) -> float | None:
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
    return last + quiet_time(loop, policy)


def end_if_quiet(
    loop: LoopState, container: str, *, ref: PodRef, policy: Policy, now: float
) -> tuple[LoopState, tuple[Finding, ...]]:
    """End a loop that was quiet for long enough."""
    due = loop_due(loop, policy)
    if due is None or now < due:
        return loop, ()
    return LoopState(), (end(loop, container, ref=ref, now=now, gone=False),)


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
