"""Verdicts: decides when restarts are judged and published.

A final verdict, which nothing can change, is published at once; the others settle first. After
that they can be corrected (see `corrections`) for the policy's `repair` time.
"""

from dataclasses import dataclass

from probewatch.core.attribution import attribute
from probewatch.core.causes import Confidence
from probewatch.core.exits import is_of_windows
from probewatch.core.facts import Facts
from probewatch.core.findings import Finding, Restart
from probewatch.core.loops import add_restart, settle_by
from probewatch.core.model import ContainerStatus
from probewatch.core.past import PAST_KEPT, Past, showed_windows
from probewatch.core.policy import Policy
from probewatch.core.restart_policy import OVER
from probewatch.core.restarts import CountedRestart, Path, identity
from probewatch.core.state import ContainerMemory, Pending, PodState, Settled
from probewatch.core.used_kills import kills_up_to_its_end, used_by_others
from probewatch.core.values import quickly_made, replace
from probewatch.core.verdict import Rule, Verdict

SETTLED_KEPT = 32


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One container's memory after its restarts were judged, and the new findings."""

    memory: ContainerMemory
    findings: tuple[Finding, ...] = ()


def take_restart(
    memory: ContainerMemory, restart: CountedRestart, policy: Policy
) -> ContainerMemory:
    """Add a counted restart to those that wait for a verdict."""
    waiting = Pending(restart=restart, deadline=restart.observed_at + policy.settle)
    return replace(memory, pending=(*memory.pending, waiting))


def publish_ready(
    state: PodState, memory: ContainerMemory, *, policy: Policy, now: float, hurried: int = 0
) -> Judged:
    """Publish the pending verdicts that are final or have settled, in the order of the restarts.

    None may overtake another: a record only keeps the count up to which all were published. The
    first *hurried* ones are published as they are.
    """
    findings: list[Finding] = []
    for number, waiting in enumerate(memory.pending):
        rule, verdict = judge(state, memory, waiting.restart)
        if not (verdict.final or number < hurried or now >= waiting.deadline):
            break
        memory, found = _publish(
            state, memory, waiting.restart, (rule, verdict), policy=policy, now=now
        )
        findings.extend(found)
    return Judged(memory=memory, findings=tuple(findings))


def count_hidden(memory: ContainerMemory, status: ContainerStatus) -> int:
    """Count the pending restarts up to the last one whose termination is not shown any more."""
    hidden = (n for n, each in enumerate(memory.pending, 1) if _is_hidden(each.restart, status))
    return max(hidden, default=0)


def _is_hidden(restart: CountedRestart, status: ContainerStatus) -> bool:
    death = restart.termination
    if death is None:
        return False  # it never was shown
    last = status.last.container_id if status.last is not None else ""
    return restart.restart_count < status.restart_count or death.container_id != last


def judge(
    state: PodState, memory: ContainerMemory, restart: CountedRestart
) -> tuple[Rule, Verdict]:
    """The verdict on one restart by everything that is known now."""
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
    published = render(state, restart, verdict)
    at = restart.happened_at if state.pod.phase not in OVER else None
    known = settle_by(memory.loop, restart.after)
    loop, looped = add_restart(known, published, policy, at=at)
    settled = memory.settled
    if published.confidence is not Confidence.CONFIRMED:
        entry = settle(restart, published, until=now + policy.repair)
        settled = (*(each for each in settled if each.until > now), entry)[-SETTLED_KEPT:]
    memory = replace(
        memory,
        pending=memory.pending[1:],
        loop=loop,
        settled=settled,
        used=_use(memory, restart),
        past=(*memory.past, _past(memory, restart, published))[-PAST_KEPT:],
    )
    return memory, (published, *looped)


def settle(restart: CountedRestart, published: Restart, *, until: float) -> Settled:
    """Return the entry of a published verdict, to which a corrected termination is known."""
    known = replace(restart, termination_corrected=False)
    return Settled(restart=known, published=published, until=until)


def render(state: PodState, restart: CountedRestart, verdict: tuple[Rule, Verdict]) -> Restart:
    """Return the finding for a restart and its verdict."""
    rule, said = verdict
    death = restart.termination
    return Restart(
        pod=state.ref,
        container=restart.container.name,
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


def _past(memory: ContainerMemory, restart: CountedRestart, published: Restart) -> Past:
    death = restart.termination
    return Past(
        cause=published.cause,
        confidence=published.confidence,
        exit_code=death.exit_code if death else None,
        lifetime=death.lifetime if death else None,
        died_at=restart.died_at,
        restart_count=restart.restart_count,
        own_end=restart.path is Path.TERMINATED_SEEN,
        on_windows=showed_windows(memory.past) or is_of_windows(published.exit_code),
    )


def _use(memory: ContainerMemory, restart: CountedRestart) -> frozenset[tuple[str, int]]:
    """The used kills with those that this restart explains or follows from."""
    taken = {(kill.series, kill.count) for kill in kills_up_to_its_end(restart, memory.book)}
    kept = {(kill.series, kill.count) for kill in memory.book.kills}
    return frozenset((memory.used | taken) & kept)
