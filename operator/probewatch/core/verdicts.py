"""Verdicts: when a restart is judged, published, and corrected.

A verdict that nothing can change is published at once; the others settle. After
that they stay open for repair for an hour, because a kill's count may come late.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from probewatch.core.attribution import attribute
from probewatch.core.book import Mark
from probewatch.core.evidence import EvidenceKind
from probewatch.core.facts import CLOCK_SLACK, KILL_AFTER_DEATH, SURE, Facts, Past
from probewatch.core.findings import Confidence, Finding, Restart, RestartCorrected
from probewatch.core.kills import used_by_others
from probewatch.core.loops import add_restart
from probewatch.core.policy import Policy
from probewatch.core.restarts import CountedRestart, Path, identity
from probewatch.core.state import ContainerMemory, Pending, PodState, Settled
from probewatch.core.values import quickly_made, replace
from probewatch.core.verdict import PROBE_KILLS, Rule, Verdict

PAST_KEPT = 16
SETTLED_KEPT = 32

RANK = {
    Confidence.LOW: 0,
    Confidence.MEDIUM: 1,
    Confidence.HIGH: 2,
    Confidence.CONFIRMED: 3,
}


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One container's memory after judging, and what is to be said."""

    memory: ContainerMemory
    findings: tuple[Finding, ...] = ()


def take_restart(
    memory: ContainerMemory, restart: CountedRestart, policy: Policy
) -> ContainerMemory:
    """A restart was counted: it waits for its verdict, however shortly."""
    waiting = Pending(restart=restart, deadline=restart.observed_at + policy.settle)
    return replace(memory, pending=(*memory.pending, waiting))


def publish_ready(
    state: PodState, memory: ContainerMemory, *, policy: Policy, now: float, flush: bool = False
) -> Judged:
    """Publish the pending verdicts that are final or have settled, in the order of the restarts.

    A record keeps the count up to which all is told, so none may overtake another.
    """
    findings: list[Finding] = []
    for waiting in memory.pending:
        rule, verdict = judge(state, memory, waiting.restart)
        if not (verdict.final or flush or now >= waiting.deadline):
            break
        memory, found = _publish(
            state, memory, waiting.restart, (rule, verdict), policy=policy, now=now
        )
        memory = replace(memory, pending=memory.pending[1:])
        findings.extend(found)
    return Judged(memory=memory, findings=tuple(findings))


def judge(
    state: PodState, memory: ContainerMemory, restart: CountedRestart
) -> tuple[Rule, Verdict]:
    """The verdict on one restart by all that is known now."""
    return attribute(
        Facts(
            restart=restart,
            spec=state.pod.spec,
            book=memory.book,
            pod_book=state.pod_book,
            past=memory.past,
            used=used_by_others(restart, memory.book, memory.used),
            readings=memory.readings,
        )
    )


def _publish(
    state: PodState,
    memory: ContainerMemory,
    restart: CountedRestart,
    verdict: tuple[Rule, Verdict],
    *,
    policy: Policy,
    now: float,
) -> tuple[ContainerMemory, tuple[Finding, ...]]:
    published = _render(state, restart, verdict)
    loop, looped = add_restart(memory.loop, published, policy)
    settled = memory.settled
    if published.confidence is not Confidence.CONFIRMED:
        entry = Settled(restart=restart, published=published, until=now + policy.repair)
        settled = (*(each for each in settled if each.until > now), entry)[-SETTLED_KEPT:]
    memory = replace(
        memory,
        loop=loop,
        settled=settled,
        used=_use(memory, restart),
        past=(*memory.past, _past(restart, published))[-PAST_KEPT:],
    )
    return memory, (published, *looped)


def _render(state: PodState, restart: CountedRestart, verdict: tuple[Rule, Verdict]) -> Restart:
    rule, said = verdict
    death = restart.termination
    return Restart(
        pod=state.ref,
        container=restart.container.name,
        container_kind=restart.container.kind,
        restart_count=restart.restart_count,
        epoch=restart.epoch,
        cause=said.cause,
        confidence=said.confidence,
        rule=rule.name,
        evidence=said.evidence,
        exit_code=death.exit_code if death else None,
        started_at=death.started_at if death else None,
        finished_at=death.finished_at if death else None,
        observed_at=restart.observed_at,
        termination=identity(death),
        seen=restart.seen,
        stands_for=restart.stands_for,
    )


def _past(restart: CountedRestart, published: Restart) -> Past:
    death = restart.termination
    return Past(
        cause=published.cause,
        confidence=published.confidence,
        exit_code=death.exit_code if death else -1,
        lifetime=death.lifetime if death else None,
        died_at=restart.died_at,
        restart_count=restart.restart_count,
        own_end=restart.path is Path.TERMINATED_SEEN,
    )


def _use(memory: ContainerMemory, restart: CountedRestart) -> frozenset[tuple[str, int]]:
    """Kills of this instance belong to it alone; retries of a kill with them."""
    end = restart.next_start if restart.died_at is None else restart.died_at
    if restart.termination is None or end is None:
        return memory.used
    facts_end = end + KILL_AFTER_DEATH if restart.path is not Path.TERMINATED_SEEN else end
    taken = {(kill.series, kill.count) for kill in memory.book.kills if kill.at <= facts_end}
    kept = {(kill.series, kill.count) for kill in memory.book.kills}
    return frozenset((memory.used | taken) & kept)


def repair(memory: ContainerMemory, kill: Mark) -> ContainerMemory:
    """Mark restarts that a kill's count proves to have been kills that were not delivered.

    The count rose by `fresh` since the last delivery: one for the kill at hand, the
    others for kills in between. Deaths seen as the container's own are no candidates.
    """
    if kill.kind not in PROBE_KILLS or kill.since is None or kill.fresh < 2:  # noqa: PLR2004  # one kill is the one at hand
        return memory
    between = [
        restart
        for restart in _open(memory)
        if restart.path is not Path.TERMINATED_SEEN and _may_lie_between(restart, kill)
    ]
    candidates = {restart.restart_count for restart in between}
    if not all(_can_be(restart, kill) for restart in between):
        return memory
    if not candidates or len(candidates) + _others(memory, kill, candidates) > kill.fresh - 1:
        return memory
    return _mark_repaired(memory, candidates, kill)


def _others(memory: ContainerMemory, kill: Mark, candidates: AbstractSet[int]) -> int:
    """How many other restarts may have been one of these kills, settled for good or forgotten.

    What is confirmed has a kill of its own that was delivered.
    """
    since = kill.since or 0.0
    if len(memory.past) == PAST_KEPT and (memory.past[0].died_at or since) >= since:
        return kill.fresh  # there were more than are remembered: any may have been
    cause, _ = PROBE_KILLS[kill.kind]
    return sum(
        past.restart_count not in candidates
        and not past.own_end
        and past.confidence is not Confidence.CONFIRMED
        and (past.cause is cause or past.confidence is not Confidence.HIGH)
        and since < (past.died_at or kill.at - 1) < kill.at
        for past in memory.past
    )


def _can_be(restart: CountedRestart, kill: Mark) -> bool:
    """Whether a kill of this kind can have ended it: only one that started fails its liveness."""
    if restart.termination is None or restart.container.startup is None:
        return True
    return restart.was_started is (kill.kind is EvidenceKind.KILL_LIVENESS)


def _may_lie_between(restart: CountedRestart, kill: Mark) -> bool:
    """Whether it may have died between the last two deliveries of the kill.

    One whose end nobody saw may have died at any time before it was counted.
    Leaving it out could give its kill to another.
    """
    if restart.died_at is None:
        return True
    return (kill.since or 0.0) < restart.died_at < kill.at - CLOCK_SLACK


def _open(memory: ContainerMemory) -> tuple[CountedRestart, ...]:
    settled = (e.restart for e in memory.settled if e.published.confidence not in SURE)
    return (*settled, *(each.restart for each in memory.pending))


def _mark_repaired(memory: ContainerMemory, counts: set[int], kill: Mark) -> ContainerMemory:
    def marked(restart: CountedRestart) -> CountedRestart:
        hit = restart.restart_count in counts
        return replace(restart, repaired=kill.kind) if hit else restart

    return replace(
        memory,
        pending=tuple(replace(e, restart=marked(e.restart)) for e in memory.pending),
        settled=tuple(replace(e, restart=marked(e.restart)) for e in memory.settled),
    )


def correct(state: PodState, memory: ContainerMemory, *, now: float) -> Judged:
    """Judge settled restarts again and say which are better known now."""
    if not memory.settled:
        return Judged(memory=memory)
    findings: list[Finding] = []
    settled: list[Settled] = []
    for entry in memory.settled:
        if entry.until <= now:
            continue
        better = _better(state, memory, entry)
        if better is None:
            settled.append(entry)
            continue
        findings.append(RestartCorrected(was=entry.published, now=better))
        if better.confidence is not Confidence.CONFIRMED:
            settled.append(replace(entry, published=better))
    return Judged(memory=replace(memory, settled=tuple(settled)), findings=tuple(findings))


def _better(state: PodState, memory: ContainerMemory, entry: Settled) -> Restart | None:
    rule, verdict = judge(state, memory, entry.restart)
    if RANK[verdict.confidence] <= RANK[entry.published.confidence]:
        return None
    return _render(state, entry.restart, (rule, verdict))
