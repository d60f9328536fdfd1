"""Corrections: improves verdicts by what becomes known after the restart was counted.

The count of a `Killing` Event may arrive late, and a runtime may correct how an instance ended.
"""

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import TypeVar

from probewatch.core import verdicts
from probewatch.core.book import Mark
from probewatch.core.causes import Confidence
from probewatch.core.evidence import EvidenceKind
from probewatch.core.facts import CLOCK_SLACK
from probewatch.core.findings import Finding, Restart, RestartCorrected
from probewatch.core.model import ContainerStatus
from probewatch.core.past import PAST_KEPT, SURE
from probewatch.core.restarts import CountedRestart, Path
from probewatch.core.state import ContainerMemory, Pending, PodState, Settled
from probewatch.core.values import replace
from probewatch.core.verdict import PROBE_KILLS
from probewatch.core.verdicts import Judged
from probewatch.core.watermarks import latest_termination

E = TypeVar("E", Pending, Settled)

RANK = {
    Confidence.LOW: 0,
    Confidence.MEDIUM: 1,
    Confidence.HIGH: 2,
    Confidence.CONFIRMED: 3,
}


def repair(memory: ContainerMemory, kill: Mark) -> ContainerMemory:
    """Mark the restarts that a `Killing` count proves to be kills whose Events were dropped.

    The count rose by `fresh` since the last delivery: one for this kill, the rest for kills in
    between. Containers that were shown as terminated are no candidates.
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
    """How many restarts that are no longer open may have been one of these kills.

    A confirmed probe kill is not one of them: its own Event was delivered.
    """
    since = kill.since or 0.0
    if len(memory.past) == PAST_KEPT and (memory.past[0].died_at or since) >= since:
        return kill.fresh  # older restarts are forgotten, and any of them may have been one
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
    """Whether this kind of kill can have ended it: liveness probes run only once it started."""
    if restart.termination is None or restart.container.startup is None:
        return True
    return restart.was_started is (kill.kind is EvidenceKind.KILL_LIVENESS)


def _may_lie_between(restart: CountedRestart, kill: Mark) -> bool:
    """Whether it may have died between the last two deliveries of the `Killing` Event.

    A restart without known time of death always may: leaving it out could give its kill to
    another restart.
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

    return _change_open(memory, marked)


def update_terminations(memory: ContainerMemory, status: ContainerStatus) -> ContainerMemory:
    """Update the terminations of counted restarts from the status."""
    if not (memory.pending or memory.settled):
        return memory

    def updated(restart: CountedRestart) -> CountedRestart:
        death = restart.termination
        said = None if death is None else latest_termination(death, status)
        if said == death:
            return restart
        return replace(restart, termination=said, termination_corrected=True)

    return _change_open(memory, updated)


def _change_open(
    memory: ContainerMemory, change: Callable[[CountedRestart], CountedRestart]
) -> ContainerMemory:
    """The memory with all pending and correctable restarts changed; itself if none changes."""
    pending = tuple(_changed(entry, change) for entry in memory.pending)
    settled = tuple(_changed(entry, change) for entry in memory.settled)
    if (pending, settled) == (memory.pending, memory.settled):
        return memory
    return replace(memory, pending=pending, settled=settled)


def _changed(entry: E, change: Callable[[CountedRestart], CountedRestart]) -> E:
    restart = change(entry.restart)
    return entry if restart is entry.restart else replace(entry, restart=restart)


def correct(state: PodState, memory: ContainerMemory, *, now: float) -> Judged:
    """Judge settled restarts again, and return a correction for each better verdict."""
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
            settled.append(verdicts.settle(entry.restart, better, until=entry.until))
    return Judged(memory=replace(memory, settled=tuple(settled)), findings=tuple(findings))


def _better(state: PodState, memory: ContainerMemory, entry: Settled) -> Restart | None:
    rule, verdict = verdicts.judge(state, _without(memory, entry.restart), entry.restart)
    known = RANK[entry.published.confidence]
    if entry.restart.repaired is None and _is_forgotten(state, memory, entry.restart):
        return None
    if entry.restart.termination_corrected and verdict.cause is not entry.published.cause:
        known -= 1  # the runtime took back what the published verdict rested on
    if RANK[verdict.confidence] <= known:
        return None
    return verdicts.render(state, entry.restart, (rule, verdict))


def _without(memory: ContainerMemory, restart: CountedRestart) -> ContainerMemory:
    """The memory without this restart among the earlier ones: its own verdict proves nothing."""
    past = tuple(each for each in memory.past if each.restart_count != restart.restart_count)
    return replace(memory, past=past)


def _is_forgotten(state: PodState, memory: ContainerMemory, restart: CountedRestart) -> bool:
    """Whether Events from the life of this instance may have been dropped from the book.

    A verdict must not become surer only because the evidence against it was dropped.
    """
    begun = None if restart.termination is None else restart.termination.started_at
    return begun is not None and (memory.book.has_lost(begun) or state.pod_book.has_lost(begun))
