"""Judging: publishes and corrects the verdicts on a pod's restarts, container by container."""

from probewatch.core import corrections, verdicts
from probewatch.core.counting import Counted
from probewatch.core.findings import Finding
from probewatch.core.observed_advice import advise
from probewatch.core.policy import Policy
from probewatch.core.state import ContainerMemory, PodState, with_memory
from probewatch.core.values import replace


def take_restarts(
    state: PodState, counted: Counted, policy: Policy, now: float
) -> tuple[PodState, tuple[Finding, ...]]:
    """Add newly counted restarts, and publish those whose verdict is final already."""
    findings: tuple[Finding, ...] = ()
    for begun in counted.begun:
        # Publish the restarts of the old epoch before a new one begins.
        if pending := state.memory(begun.container).pending:
            state, found = judge_container(
                state, begun.container, policy, now, hurried=len(pending)
            )
            findings = (*findings, *found)
        findings = (*findings, begun)
    for restart in counted.restarts:
        name = restart.container.name
        memory = verdicts.take_restart(state.memory(name), restart, policy)
        state, found = judge_memory(state, name, memory, policy, now)
        findings = (*findings, *found)
    return state, findings


def update_terminations(
    state: PodState, policy: Policy, now: float
) -> tuple[PodState, tuple[Finding, ...]]:
    """Judge restarts again whose termination the runtime has corrected in the status."""
    findings: tuple[Finding, ...] = ()
    for status in state.pod.statuses:
        known = state.memory(status.name)
        memory = corrections.update_terminations(known, status)
        if memory is not known:
            state, found = judge_memory(state, status.name, memory, policy, now)
            findings = (*findings, *found)
    return state, findings


def judge_all(
    state: PodState, policy: Policy, now: float, *, flush: bool = False
) -> tuple[PodState, tuple[Finding, ...]]:
    """Judge the pending restarts of all containers; *flush* publishes unsettled ones too."""
    findings: tuple[Finding, ...] = ()
    for name, memory in state.memories:
        hurried = len(memory.pending) if flush else 0
        state, found = judge_container(state, name, policy, now, hurried=hurried)
        findings = (*findings, *found)
    return state, findings


def judge_hidden(
    state: PodState, policy: Policy, now: float
) -> tuple[PodState, tuple[Finding, ...]]:
    """Judge the pending restarts that a later process could not, because the pod has gone on."""
    findings: tuple[Finding, ...] = ()
    for status in state.pod.statuses:
        hidden = verdicts.count_hidden(state.memory(status.name), status)
        if hidden:
            state, found = judge_container(state, status.name, policy, now, hurried=hidden)
            findings = (*findings, *found)
    return state, findings


def judge_container(
    state: PodState, name: str, policy: Policy, now: float, *, hurried: int = 0
) -> tuple[PodState, tuple[Finding, ...]]:
    """Publish one container's verdicts that are due, correct earlier ones, and give advice.

    The first *hurried* pending restarts do not wait for late evidence.
    """
    return judge_memory(state, name, state.memory(name), policy, now, hurried=hurried)


def judge_memory(
    state: PodState,
    name: str,
    memory: ContainerMemory,
    policy: Policy,
    now: float,
    *,
    hurried: int = 0,
) -> tuple[PodState, tuple[Finding, ...]]:
    """Judge a container as `judge_container` does, by a *memory* newer than that in the state."""
    ready = verdicts.publish_ready(state, memory, policy=policy, now=now, hurried=hurried)
    corrected = corrections.correct(state, ready.memory, now=now)
    advised, advice = advise(state, name, corrected.memory, now=now)
    memory = corrected.memory
    if advised != memory.advised:
        memory = replace(memory, advised=advised)
    return remember(state, name, memory), (*ready.findings, *corrected.findings, *advice)


def remember(state: PodState, name: str, memory: ContainerMemory) -> PodState:
    """The state with the memory of one container replaced or added."""
    if state.memory(name) is memory:
        return state
    return replace(state, memories=with_memory(state.memories, name, memory))
