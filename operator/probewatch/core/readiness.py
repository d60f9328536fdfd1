"""Readiness: transitions of the Ready condition, each with its reason.

The condition's `lastTransitionTime` says when. The same status with a newer time means that the
condition had the opposite status in between, unseen by us: a *hidden* transition.
"""

from collections import Counter

from probewatch.core.causes import Readiness, ReadinessReason
from probewatch.core.failed_readiness import KubeletEvents
from probewatch.core.findings import Finding, FlappingChanged, ReadinessChanged
from probewatch.core.losses import is_node_lost, loss_reason
from probewatch.core.model import Condition, Pod, PodRef
from probewatch.core.policy import Policy
from probewatch.core.state import ReadinessState
from probewatch.core.values import replace

LOSSES_KEPT = 32
"""Bound of the losses that are kept: the largest `flap_transitions`. During flapping, only the last
one matters."""

NO_FLAPS = frozenset(
    {
        ReadinessReason.CONTAINER_RESTART,
        ReadinessReason.TERMINATING,
        ReadinessReason.COMPLETED,
    }
)


def first_readiness(pod: Pod) -> ReadinessState:
    """The state at first sight of a pod: of its past only the latest loss is known."""
    ready = pod.conditions.get("Ready")
    if ready is None:
        return ReadinessState()
    first = ReadinessState(
        ready=ready.status, changed_at=ready.last_transition, ever_ready=bool(ready.status)
    )
    if ready.status or not _was_ready(pod, ready):
        return first
    return replace(first, ever_ready=True, reason=_first_reason(pod, ready))


def _was_ready(pod: Pod, ready: Condition) -> bool:
    """Whether a pod that is not ready was ready before, told by its `lastTransitionTime`.

    A pod that never was ready has a transition time from before any of its containers started.
    """
    if ready.last_transition is None:
        return False
    sandbox = pod.conditions.get("PodReadyToStartContainers")
    starts = [sandbox.last_transition if sandbox is not None and sandbox.status else None]
    for status in pod.statuses:
        ends = [end for end in (status.terminated, status.last) if end is not None]
        starts += [status.running_since, *(end.started_at for end in ends)]
    # A runtime that does not know a time reports 0.
    return any(start < ready.last_transition for start in starts if start)


def _first_reason(pod: Pod, ready: Condition) -> ReadinessReason:
    """Why readiness was lost before the pod was first seen, as far as its status still shows."""
    reason, _ = loss_reason(pod, pod, KubeletEvents())
    lost = ready.last_transition
    if reason is not ReadinessReason.UNKNOWN or lost is None:
        return reason
    begun = (status.running_since for status in pod.statuses if not status.ready)
    restarts = any(since is None or since >= lost for since in begun)
    return ReadinessReason.CONTAINER_RESTART if restarts else ReadinessReason.UNKNOWN


def follow_readiness(
    state: ReadinessState,
    before: Pod,
    pod: Pod,
    *,
    events: KubeletEvents,
    ref: PodRef,
    policy: Policy,
    now: float,
) -> tuple[ReadinessState, tuple[Finding, ...]]:
    """The next state, and the transitions between two versions of a pod."""
    condition = pod.conditions.get("Ready")
    if condition is None or condition.status is None:
        return replace(state, unclear=condition is not None or state.unclear), ()
    at = condition.last_transition if condition.last_transition is not None else now
    if state.ready is None and not condition.status:
        return replace(state, ready=False, changed_at=at, unclear=False), ()
    if condition.status is state.ready:
        return _hidden(state, before, pod, events=events, ref=ref, policy=policy, now=now)
    if condition.status:
        # A kubelet that was away restores its own status, with the time when that last changed.
        late = is_node_lost(before) or (state.changed_at is not None and at < state.changed_at)
        return _gained(state, at), (_to_ready(state, pod, ref, now if late else at),)
    lost = loss_reason(before, pod, events)
    return _lost(state, lost, at, ref=ref, policy=policy, now=now)


def _gained(state: ReadinessState, at: float) -> ReadinessState:
    return replace(
        state, ready=True, changed_at=at, ever_ready=True, unclear=False, unready_before=None
    )


def _to_ready(state: ReadinessState, pod: Pod, ref: PodRef, at: float) -> ReadinessChanged:
    since = state.unready_since
    fresh = state.reason in {ReadinessReason.STARTUP, ReadinessReason.CONTAINER_RESTART}
    begun = max((s.running_since for s in pod.statuses if s.running_since), default=None)
    return ReadinessChanged(
        pod=ref,
        to=Readiness.READY,
        reason=state.reason,
        at=at,
        not_ready_seconds=max(0.0, at - since) if since is not None else None,
        time_to_ready=max(0.0, at - begun) if fresh and begun is not None else None,
    )


def _lost(
    state: ReadinessState,
    lost: tuple[ReadinessReason, str],
    at: float,
    *,
    ref: PodRef,
    policy: Policy,
    now: float,
) -> tuple[ReadinessState, tuple[Finding, ...]]:
    reason, container = lost
    found = ReadinessChanged(
        pod=ref, to=Readiness.NOT_READY, reason=reason, at=at, container=container
    )
    after = replace(state, ready=False, changed_at=at, reason=reason, unclear=False)
    after, flapping = _flap(after, reason, ref=ref, policy=policy, now=now)
    return after, (found, *flapping)


def _flap(
    state: ReadinessState, reason: ReadinessReason, *, ref: PodRef, policy: Policy, now: float
) -> tuple[ReadinessState, tuple[Finding, ...]]:
    """Count one loss towards flapping; by its time of arrival, since clocks of nodes may differ."""
    if reason in NO_FLAPS:
        return state, ()
    recent = (loss for loss in state.losses if loss[0] > now - policy.flap_window)
    losses = (*recent, (now, reason))[-LOSSES_KEPT:]
    after = replace(state, losses=losses)
    if state.flapping or len(losses) < policy.flap_transitions:
        return after, ()
    begun = FlappingChanged(
        pod=ref,
        flapping=True,
        transitions=len(losses),
        at=now,
        reasons=tuple(Counter(why for _, why in losses).most_common()),
    )
    return replace(after, flapping=True), (begun,)


def _hidden(
    state: ReadinessState,
    before: Pod,
    pod: Pod,
    *,
    events: KubeletEvents,
    ref: PodRef,
    policy: Policy,
    now: float,
) -> tuple[ReadinessState, tuple[Finding, ...]]:
    condition = pod.conditions["Ready"]
    at = condition.last_transition
    if state.unclear:  # it was Unknown in between, which explains the newer time
        return _cleared(state, at), ()
    if at is None or state.changed_at is None or at <= state.changed_at:
        return state, ()
    if is_node_lost(before) and not is_node_lost(pod):  # the kubelet is back: its own, later loss
        return _cleared(state, at), ()
    reason = _hidden_reason(before, pod, at, events)
    sides = (Readiness.NOT_READY, Readiness.READY)
    pair = sides if condition.status else sides[::-1]
    found = tuple(
        ReadinessChanged(pod=ref, to=side, reason=reason, at=at, hidden=True) for side in pair
    )
    after = replace(state, changed_at=at, ever_ready=True, reason=reason, unready_before=None)
    after, flapping = _flap(after, reason, ref=ref, policy=policy, now=now)
    return after, (*found, *flapping)


def _cleared(state: ReadinessState, at: float | None) -> ReadinessState:
    """The state after the condition was Unknown and has its previous status again.

    If it was not ready before, its not-ready time goes on: a pod counts as ready for Services only
    while the condition is `True` (IsPodReady).
    """
    return replace(
        state,
        changed_at=at or state.changed_at,
        unclear=False,
        unready_before=None if state.ready else state.unready_since,
    )


def _hidden_reason(before: Pod, pod: Pod, at: float, events: KubeletEvents) -> ReadinessReason:
    counts = {status.name: status.restart_count for status in before.statuses}
    risen = any(s.restart_count > counts.get(s.name, s.restart_count) for s in pod.statuses)
    if risen:
        return ReadinessReason.CONTAINER_RESTART
    restarted = events.has_just_started(at)
    return ReadinessReason.KUBELET_RESTART if restarted else ReadinessReason.HIDDEN


def end_flapping(
    state: ReadinessState, *, ref: PodRef, policy: Policy, now: float
) -> tuple[ReadinessState, tuple[Finding, ...]]:
    """End flapping once no loss was seen for the policy's `flap_quiet` time."""
    if not state.flapping or (state.losses and now < state.losses[-1][0] + policy.flap_quiet):
        return state, ()
    done = replace(state, flapping=False, losses=())
    return done, (FlappingChanged(pod=ref, flapping=False, transitions=0, at=now),)
