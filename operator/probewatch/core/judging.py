"""Judging: the restarts of a pod that wait for their verdict, and those not settled yet."""

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
    """Take in what was counted: restarts wait for their verdict, however shortly."""
    findings: tuple[Finding, ...] = ()
    for begun in counted.begun:
        # Restarts of the count that fell are told before the new one begins.
        if state.memory(begun.container).pending:
            state, found = judge_container(state, begun.container, policy, now, flush=True)
            findings = (*findings, *found)
        findings = (*findings, begun)
    for restart in counted.restarts:
        name = restart.container.name
        state = remember(state, name, verdicts.take_restart(state.memory(name), restart, policy))
        state, found = judge_container(state, name, policy, now)
        findings = (*findings, *found)
    return state, findings


def take_words(state: PodState, policy: Policy, now: float) -> tuple[PodState, tuple[Finding, ...]]:
    """Judge anew what the runtime changed its words on."""
    findings: tuple[Finding, ...] = ()
    for status in state.pod.statuses:
        known = state.memory(status.name)
        memory = corrections.reword(known, status)
        if memory is not known:
            state, found = judge_container(
                remember(state, status.name, memory), status.name, policy, now
            )
            findings = (*findings, *found)
    return state, findings


def judge_all(
    state: PodState, policy: Policy, now: float, *, flush: bool = False
) -> tuple[PodState, tuple[Finding, ...]]:
    """Judge what waits in all containers; *flush* publishes what has not settled, too."""
    findings: tuple[Finding, ...] = ()
    for name, _ in state.memories:
        state, found = judge_container(state, name, policy, now, flush=flush)
        findings = (*findings, *found)
    return state, findings


def judge_container(
    state: PodState, name: str, policy: Policy, now: float, *, flush: bool = False
) -> tuple[PodState, tuple[Finding, ...]]:
    """Publish what can be published of one container, correct what is better known now, advise."""
    ready = verdicts.publish_ready(state, state.memory(name), policy=policy, now=now, flush=flush)
    corrected = corrections.correct(state, ready.memory, now=now)
    advised, advice = advise(state, name, corrected.memory, now=now)
    memory = corrected.memory
    if advised != memory.advised:
        memory = replace(memory, advised=advised)
    return remember(state, name, memory), (*ready.findings, *corrected.findings, *advice)


def remember(state: PodState, name: str, memory: ContainerMemory) -> PodState:
    """The state with the memory of one container put in place."""
    if state.memory(name) is memory:
        return state
    return replace(state, memories=with_memory(state.memories, name, memory))
