"""Kills: which of the kubelet's `Killing` Events ended an instance."""

from collections.abc import Iterable

from probewatch.core.book import Mark
from probewatch.core.evidence import EvidenceKind
from probewatch.core.facts import Facts, surely_since

STOP_SLACK = 10.0
"""Beyond the grace: runtime lag between the kill decision and the death."""

PROBES = frozenset({EvidenceKind.KILL_LIVENESS, EvidenceKind.KILL_STARTUP})

LATE_KILL = 15.0
"""A probe verdict on an already dead container comes within this time."""


def matched_kill(facts: Facts) -> Mark | None:
    """The kill that ended this instance, by the node's clock: the kubelet says it first.

    One in the second of the start may be of the instance before.
    """
    death = facts.death
    if death is None or death.finished_at is None:
        return _kill_without_times(facts)
    end = death.finished_at
    start = death.started_at if death.started_at is not None else death.finished_at
    limit = facts.longest_grace() + STOP_SLACK
    fits = [
        kill
        for kill in fresh_kills(facts)
        if start < kill.at <= end and end - kill.at <= limit and not _is_of_next(facts, kill)
    ]
    return min(fits, key=lambda kill: abs(end - kill.at), default=None)


def _is_of_next(facts: Facts, kill: Mark) -> bool:
    """Whether it may have ended the next instance, in its very first second.

    Probes need longer for that; what people ask for may come at any time.
    """
    born = facts.restart.next_start
    return kill.kind not in PROBES and born is not None and kill.at >= born


def _kill_without_times(facts: Facts) -> Mark | None:
    if facts.death is None or facts.restart.next_start is None:
        return None
    start, limit = facts.restart.next_start, facts.grace() + STOP_SLACK
    fits = [kill for kill in fresh_kills(facts) if start - limit <= kill.at <= start]
    return fits[-1] if fits else None


def fresh_kills(facts: Facts) -> Iterable[Mark]:
    """Kills that no earlier restart has used."""
    return (kill for kill in facts.book.kills if (kill.series, kill.count) not in facts.used)


def late_kill(facts: Facts) -> Mark | None:
    """A probe kill decided only after the instance had died by itself."""
    died = facts.restart.died_at
    if died is None:
        return None
    born = facts.restart.next_start
    for kill in fresh_kills(facts):
        late = died < kill.at <= died + LATE_KILL
        if kill.kind in PROBES and late and (born is None or kill.at < born):
            return kill
    return None


def kill_in_jump(facts: Facts) -> EvidenceKind | None:
    """The kill that ended it, where as many were decided as restarts went unseen."""
    jump, latest = facts.restart.jump, facts.restart.latest
    if facts.death is not None or jump.place < 1 or jump.since is None or latest is None:
        return None
    since = jump.since
    kills = [
        kill.kind
        for kill in sorted(facts.book.kills, key=lambda kill: kill.at)
        if since < kill.at < latest
        for _ in range(surely_since(kill, since))
    ]
    return kills[jump.place - 1] if len(kills) == jump.unseen else None
