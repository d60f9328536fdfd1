"""Kills: which of the kubelet's `Killing` Events ended an instance."""

from collections.abc import Iterable

from probewatch.core.book import Book, Mark
from probewatch.core.evidence import EvidenceKind
from probewatch.core.facts import CLOCK_SLACK, KILL_AFTER_DEATH, Facts, surely_since
from probewatch.core.restarts import CountedRestart
from probewatch.core.spec import ProbeType
from probewatch.core.verdict import PROBE_KILLS

STOP_SLACK = 10.0
"""Beyond the grace: runtime lag between the kill decision and the death."""

HOOKS = frozenset({EvidenceKind.KILL_POST_START_HOOK, EvidenceKind.POST_START_FAILED})

SLOW_STOP = 130.0
"""The kubelet waits so long beyond the grace for a runtime that cannot stop a process."""

LATE_KILL = 15.0
"""A probe verdict on an already dead container comes within this time."""


def matched_kill(facts: Facts) -> Mark | None:
    """The kill that ended this instance, by the node's clock: the kubelet says it first.

    The end is known to the second, a kill may be better known. One in the second of the start
    may be of the instance before.
    """
    death = facts.death
    if death is None or death.finished_at is None:
        return _kill_without_times(facts)
    end = death.finished_at
    start = death.started_at if death.started_at is not None else death.finished_at
    fits = [
        kill
        for kill in fresh_kills(facts)
        if start < kill.at < end + 1 and not _is_of_next(facts, kill) and _is_near(facts, kill, end)
    ]
    return min(fits, key=lambda kill: abs(end - kill.at), default=None)


def _is_near(facts: Facts, kill: Mark, end: float) -> bool:
    """Whether the end follows the kill; a probe's verdict stands until the container is dead."""
    slack = SLOW_STOP if kill.kind in PROBE_KILLS else STOP_SLACK
    return end - kill.at <= facts.longest_grace() + slack


def is_slow(facts: Facts, kill: Mark) -> bool:
    """Whether the end came later than a runtime needs that works as it should."""
    died = facts.restart.died_at
    return died is not None and died - kill.at > facts.longest_grace() + STOP_SLACK


def _is_of_next(facts: Facts, kill: Mark) -> bool:
    """Whether it may have ended the next instance, in its very first second.

    Probes need longer for that; what people ask for may come at any time.
    """
    born = facts.restart.next_start
    return kill.kind not in PROBE_KILLS and born is not None and kill.at >= born


def _kill_without_times(facts: Facts) -> Mark | None:
    if facts.death is None or facts.restart.next_start is None:
        return None
    start, limit = facts.restart.next_start, facts.grace() + STOP_SLACK
    fits = [kill for kill in fresh_kills(facts) if start - limit <= kill.at <= start]
    return fits[-1] if fits else None


def used_by_others(
    restart: CountedRestart, book: Book, used: frozenset[tuple[str, int]]
) -> frozenset[tuple[str, int]]:
    """Which kills are used up for a restart: those in the life of its instance are its own.

    It used them itself when its verdict was published, and may be judged again.
    """
    death = restart.termination
    if not used or death is None or death.started_at is None or death.finished_at is None:
        return used
    begin, end = death.started_at + KILL_AFTER_DEATH, death.finished_at
    return used.difference((k.series, k.count) for k in book.kills if begin < k.at <= end)


def fresh_kills(facts: Facts) -> Iterable[Mark]:
    """Kills that no earlier restart has used."""
    return (
        kill
        for kill in facts.book.kills
        if (kill.series, kill.count) not in facts.used and not _is_of_another(facts, kill)
    )


def _is_of_another(facts: Facts, kill: Mark) -> bool:
    """Whether it is for a probe that the container does not have.

    Events that the kubelet combines all name the container of the first of them.
    """
    container, named = facts.restart.container, PROBE_KILLS.get(kill.kind)
    if named is None or container.probe(named[1]) is not None:
        return False
    return facts.spec.container(container.name) is not None


def _probe_kills(facts: Facts) -> Iterable[Mark]:
    """Those of them that are for a probe."""
    return (kill for kill in fresh_kills(facts) if kill.kind in PROBE_KILLS)


def late_kill(facts: Facts) -> Mark | None:
    """A probe kill decided only after the instance had died by itself."""
    died = facts.restart.died_at
    if died is None:
        return None
    return next((kill for kill in _probe_kills(facts) if _is_late(facts, kill, died)), None)


def is_said_after(facts: Facts) -> bool:
    """Whether a probe's kill was said between the end and the next start.

    However late: the kubelet kills one container of a pod after the other, and waits for each.
    """
    died, born = facts.restart.died_at, facts.restart.next_start
    if died is None or born is None:
        return late_kill(facts) is not None
    return any(int(died) < int(kill.at) and kill.at < born for kill in _probe_kills(facts))


def is_unmatched(facts: Facts) -> bool:
    """Whether a probe's kill was said in the life of an instance that none is known to have ended.

    A kubelet that was restarted left it half done, or the node's clock was set in between.
    """
    start = (facts.death.started_at if facts.death else None) or 0.0
    end = facts.restart.died_at
    said = [kill.at for kill in _probe_kills(facts)]
    if end is not None and end < start:
        return any(at > start or at <= end for at in said)
    return any(start < at and (end is None or at <= end) for at in said)


def lived_on(facts: Facts, kill: Mark) -> bool:
    """Whether its liveness probe failed after the kill: that is not asked before it has started.

    A kubelet that is restarted while it kills may leave the container as it is.
    """
    probe, died = facts.restart.container.probe(ProbeType.LIVENESS), facts.restart.died_at
    if probe is None or died is None:
        return False
    return any(kill.at + CLOCK_SLACK < mark.at for mark in facts.failure_marks(probe, died))


def is_just_after(facts: Facts, kill: Mark) -> bool:
    """Whether it came so shortly after the end that it may have made it."""
    died = facts.restart.died_at
    return died is not None and kill.at <= died + KILL_AFTER_DEATH


def _is_late(facts: Facts, mark: Mark, died: float) -> bool:
    """Whether it was said after the end, by the second, and surely not of the next instance."""
    born = facts.restart.next_start
    limit = died + (LATE_KILL if born is not None else KILL_AFTER_DEATH)
    return int(died) < int(mark.at) <= limit and (born is None or mark.at < born)


def late_hook(facts: Facts) -> Mark | None:
    """A postStart hook that failed only after the instance had ended: for that reason.

    Where the next instance was not seen to run, it may be its hook, which can fail at once.
    """
    died = facts.restart.died_at
    seen = facts.restart.next_start is not None
    if died is None or not seen or not facts.restart.container.has_post_start:
        return None
    said = (mark for mark in (*fresh_kills(facts), *facts.book.others) if mark.kind in HOOKS)
    return next((mark for mark in said if _is_late(facts, mark, died)), None)


def kill_in_jump(facts: Facts) -> EvidenceKind | None:
    """The kill that ended it, where as many were decided as restarts went unseen."""
    jump, latest = facts.restart.jump, facts.restart.latest
    unseen = jump.unseen
    if jump.size == 1:  # of the only one the end is not shown, be it removed with dead containers
        unseen, latest = 1, facts.restart.next_start
    if facts.death is not None or jump.place < 1 or jump.since is None or latest is None:
        return None
    since = jump.since
    kills = [
        kill.kind
        for kill in sorted(facts.book.kills, key=lambda kill: kill.at)
        if since < kill.at < latest
        for _ in range(surely_since(kill, since))
    ]
    return kills[jump.place - 1] if len(kills) == unseen else None
