"""Observe: the entry point of the core, one pure function.

`observe(state, observation, policy, now) → Step(state, findings, due)`. The passing of time is
an observation too, so a restart can wait for late evidence and no test has to sleep.
"""

from dataclasses import dataclass
from typing import assert_never

from probewatch.core import judging, loops
from probewatch.core.counters import Reading, with_reading
from probewatch.core.counting import count
from probewatch.core.dating import follow_lead
from probewatch.core.deliveries import enter_event, enter_pod_event
from probewatch.core.endings import judge_endings
from probewatch.core.evidence import Evidence, EvidenceKind
from probewatch.core.failed_readiness import KubeletEvents
from probewatch.core.findings import Finding, PodForgotten, PodTracked
from probewatch.core.first_sight import first_state
from probewatch.core.judging import remember
from probewatch.core.model import Pod, PodUid
from probewatch.core.policy import Policy
from probewatch.core.readiness import end_flapping, follow_readiness
from probewatch.core.remembered import NOTHING_REMEMBERED, Remembered
from probewatch.core.restart_policy import OVER
from probewatch.core.startups import follow_startups
from probewatch.core.state import NOTHING, LoopState, PodState
from probewatch.core.values import quickly_made, replace

POD_LEVEL = frozenset(
    {
        EvidenceKind.SANDBOX_CHANGED,
        EvidenceKind.NODE_REBOOTED,
        EvidenceKind.NODE_LOST_CONTAINERS,
    }
)


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class PodObserved:
    """A version of a pod; *relisted* if it came from a list, so that versions may be missing."""

    pod: Pod
    relisted: bool = False
    remembered: Remembered = NOTHING_REMEMBERED
    """What the records hold of the pod; only used when the pod is first seen."""
    kubelet_started: float | None = None
    """Time of the latest `Starting` Event of the node's kubelet."""


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceObserved:
    """A version of a kubelet Event."""

    evidence: Evidence
    is_history: bool = False
    """Whether the Event existed before we watched: it counts as evidence, but is not reported."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PodGone:
    """The pod was deleted, or is missing from a list."""

    uid: PodUid


@dataclass(frozen=True, slots=True, kw_only=True)
class TimePassed:
    """Time has passed: deadlines are due."""

    unwatched: bool = False
    """Whether restarts may have been missed meanwhile: the watch was down, or our clock was set."""
    leaving: bool = False
    """Whether the process ends: what the next one could not see any more is judged now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountersRead:
    """A reading of the kubelet's own probe counters for one container (`prober_probe_total`)."""

    uid: PodUid
    container: str
    reading: Reading


Observation = PodObserved | EvidenceObserved | CountersRead | PodGone | TimePassed


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The result of one observation; at `due`, `TimePassed` should be observed."""

    state: PodState | None
    findings: tuple[Finding, ...] = ()
    due: float | None = None


def observe(state: PodState | None, observation: Observation, policy: Policy, now: float) -> Step:
    """The next state of one pod, its new findings, and when its next deadline is due."""
    after, findings = _dispatch(state, observation, policy, now)
    return Step(state=after, findings=findings, due=_due(after, policy) if after else None)


def _dispatch(
    state: PodState | None, observation: Observation, policy: Policy, now: float
) -> tuple[PodState | None, tuple[Finding, ...]]:
    if isinstance(observation, PodObserved):
        return _pod(state, observation, policy, now)
    if state is None:
        return None, ()
    match observation:
        case EvidenceObserved():
            return _evidence(state, observation, policy, now)
        case CountersRead():
            return _counters(state, observation, policy, now)
        case PodGone():
            return _gone(state, policy, now)
        case TimePassed():
            return _time(state, observation, policy, now)
        case _:
            assert_never(observation)


def _pod(
    state: PodState | None, observed: PodObserved, policy: Policy, now: float
) -> tuple[PodState | None, tuple[Finding, ...]]:
    pod = observed.pod
    if pod.ignored or not pod.spec.has_probes:
        return _gone(state, policy, now) if state else (None, ())
    if state is None:
        return _first(pod, observed.remembered, policy, now)
    if 0 < pod.resource_version <= state.pod.resource_version:
        return state, ()  # a repeated or older version
    return _update(state, observed, policy, now)


def _first(
    pod: Pod, remembered: Remembered, policy: Policy, now: float
) -> tuple[PodState, tuple[Finding, ...]]:
    state, counted = first_state(pod, remembered, now=now)
    state = replace(state, lead=follow_lead(None, replace(pod, statuses=()), pod, now=now))
    for name, memory in state.memories:
        loop = loops.recall(memory.loop, policy, now)
        state = remember(state, name, replace(memory, loop=loop))
    resumed = (
        loops.resume(memory.loop, name, ref=state.ref, policy=policy)
        for name, memory in state.memories
    )
    told = tuple(finding for found in resumed for finding in found)
    state, findings = judging.take_restarts(state, counted, policy, now)
    return state, (PodTracked(pod=state.ref, spec=pod.spec), *told, *findings)


def _update(
    state: PodState, observed: PodObserved, policy: Policy, now: float
) -> tuple[PodState, tuple[Finding, ...]]:
    before, pod = state.pod, observed.pod
    counted = count(state, pod, relisted=observed.relisted, now=now)
    lead = state.lead if observed.relisted else follow_lead(state.lead, before, pod, now=now)
    after = replace(state, pod=pod, marks=counted.marks, from_zero=counted.from_zero, lead=lead)
    ref = after.ref
    starting, started = follow_startups(state.starting, before, pod, ref=ref, now=now)
    readiness, findings = follow_readiness(
        state.readiness,
        before,
        pod,
        events=KubeletEvents(
            book_of=lambda name: state.memory(name).book, kubelet_started=observed.kubelet_started
        ),
        ref=ref,
        policy=policy,
        now=now,
    )
    after = replace(after, readiness=readiness, starting=starting)
    after, corrected = judging.update_terminations(after, policy, now)
    after, found = judging.take_restarts(after, counted, policy, now)
    after, ended = judge_endings(after)
    after, loop_ends = _end_loops(after, now) if pod.phase in OVER else (after, ())
    return after, (*started, *findings, *corrected, *found, *ended, *loop_ends)


def _end_loops(state: PodState, now: float) -> tuple[PodState, tuple[Finding, ...]]:
    """End all loops: nothing restarts in a pod whose phase is `Succeeded` or `Failed`."""
    findings: tuple[Finding, ...] = ()
    for name, memory in state.memories:
        if memory.loop.started_at is not None:
            ended = loops.end(memory.loop, name, ref=state.ref, now=now, gone=False)
            findings = (*findings, ended)
            state = remember(state, name, replace(memory, loop=LoopState()))
    return state, findings


def _evidence(
    state: PodState, observed: EvidenceObserved, policy: Policy, now: float
) -> tuple[PodState, tuple[Finding, ...]]:
    evidence = observed.evidence
    if evidence.kind in POD_LEVEL or not evidence.container:
        return judging.judge_all(enter_pod_event(state, evidence), policy, now)
    entered = enter_event(state, evidence)
    if entered is None:
        return state, ()
    name = evidence.container
    after, findings = judging.judge_memory(state, name, entered.memory, policy, now)
    after, ended = judge_endings(after)
    failures = () if observed.is_history else entered.findings
    return after, (*failures, *findings, *ended)


def _counters(
    state: PodState, read: CountersRead, policy: Policy, now: float
) -> tuple[PodState, tuple[Finding, ...]]:
    mark, memory = state.mark(read.container), state.memory(read.container)
    if mark is None or (mark.count == 0 and memory is NOTHING):
        return state, ()  # keep no memory for the many containers that never restart
    reading = replace(read.reading, restart_count=mark.count)
    memory = replace(memory, readings=with_reading(memory.readings, reading))
    return judging.judge_memory(state, read.container, memory, policy, now)


def _time(
    state: PodState, passed: TimePassed, policy: Policy, now: float
) -> tuple[PodState, tuple[Finding, ...]]:
    if passed.leaving:
        return judging.judge_hidden(state, policy, now)
    state, findings = judging.judge_all(state, policy, now)
    for name, memory in state.memories:
        if memory.pending:
            continue  # a pending restart may go on with the loop: its quiet time is not over
        loop = loops.hold(memory.loop, now) if passed.unwatched else memory.loop
        loop, ended = loops.end_if_quiet(loop, name, ref=state.ref, policy=policy, now=now)
        if loop is not memory.loop:
            state = remember(state, name, replace(memory, loop=loop))
        findings = (*findings, *ended)
    readiness, ended = end_flapping(state.readiness, ref=state.ref, policy=policy, now=now)
    return replace(state, readiness=readiness), (*findings, *ended)


def _gone(state: PodState, policy: Policy, now: float) -> tuple[None, tuple[Finding, ...]]:
    state, findings = judging.judge_all(state, policy, now, flush=True)
    ended = tuple(
        loops.end(memory.loop, name, ref=state.ref, now=now, gone=True)
        for name, memory in state.memories
        if memory.loop.started_at is not None
    )
    return None, (*findings, *ended, PodForgotten(pod=state.ref))


def _due(state: PodState, policy: Policy) -> float | None:
    times: list[float] = []
    for _, memory in state.memories:
        if memory.pending:
            times.extend([pending.deadline for pending in memory.pending])
        elif (due := loops.loop_due(memory.loop, policy)) is not None:
            times.append(due)
    if state.readiness.flapping and state.readiness.losses:
        times.append(state.readiness.losses[-1][0] + policy.flap_quiet)
    return min(times, default=None)
