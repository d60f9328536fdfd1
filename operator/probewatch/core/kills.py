"""Kills: finds the `Killing` Event that explains the end of an instance."""

from collections.abc import Iterable

from probewatch.core.book import Mark
from probewatch.core.evidence import EvidenceKind
from probewatch.core.facts import CLOCK_SLACK, KILL_AFTER_DEATH, Facts
from probewatch.core.spec import ProbeType
from probewatch.core.verdict import PROBE_KILLS, PROBE_OF, was_being_killed

OF_CONTAINER = frozenset({*PROBE_KILLS, EvidenceKind.KILL_POST_START_HOOK})
"""Kills for what the container itself did."""

STOP_SLACK = 10.0
"""Seconds beyond the grace period: runtime lag between the kill decision and the death."""

HOOKS = frozenset({EvidenceKind.KILL_POST_START_HOOK, EvidenceKind.POST_START_FAILED})

CHANGES = frozenset({EvidenceKind.KILL_SPEC_CHANGE, EvidenceKind.KILL_RESIZE})
"""Kills for a change that a user asked for."""

SLOW_STOP = 130.0
"""Seconds beyond the grace period that the kubelet waits for a runtime to stop a process."""

LATE_KILL = 15.0
"""Seconds after a death within which a probe may still cause a `Killing` Event for it."""


def matched_kill(facts: Facts) -> Mark | None:
    """The kill that ended this instance: its Event comes before the end (node clock).

    The end is known to the second, the kill may be known more exactly. A kill in the second of
    the start may belong to the instance before.
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
    """Whether the end follows soon enough; the kubelet repeats a probe's kill until it is dead."""
    slack = SLOW_STOP if kill.kind in PROBE_KILLS else STOP_SLACK
    return end - kill.at <= facts.longest_grace() + slack


def is_slow(facts: Facts, kill: Mark) -> bool:
    """Whether the end came later after the kill than a working runtime needs."""
    died = facts.restart.died_at
    return died is not None and died - kill.at > facts.longest_grace() + STOP_SLACK


def _is_of_next(facts: Facts, kill: Mark) -> bool:
    """Whether the kill may have ended the next instance, in its very first second.

    Probes need longer than that; a change that a user asks for may come at any time.
    """
    born = facts.restart.next_start
    return kill.kind not in PROBE_KILLS and born is not None and kill.at >= born


def kill_between(facts: Facts) -> Mark | None:
    """The kill for a change in the very second of the end and of the next start.

    That is what the kill of a container looks like that obeys at once. It may also be the next
    instance's, if this one ended by itself and was started again in that second.
    """
    died, born = facts.restart.died_at, facts.restart.next_start
    if died is None or born is None or int(died) != int(born) or facts.was_shown_dead:
        return None
    kills = (kill for kill in fresh_kills(facts) if kill.kind in CHANGES)
    return next((kill for kill in kills if int(kill.at) == int(born)), None)


def _kill_without_times(facts: Facts) -> Mark | None:
    if facts.death is None or facts.restart.next_start is None:
        return None
    start, limit = facts.restart.next_start, facts.grace() + STOP_SLACK
    fits = [kill for kill in fresh_kills(facts) if start - limit <= kill.at <= start]
    return fits[-1] if fits else None


def fresh_kills(facts: Facts) -> Iterable[Mark]:
    """Kills that no earlier restart has used, and that may be for this container."""
    return (
        kill
        for kill in facts.book.kills
        if (kill.series, kill.count) not in facts.used and not _is_of_another(facts, kill)
    )


def _is_of_another(facts: Facts, kill: Mark) -> bool:
    """Whether the kill is for a probe that the container does not have.

    Combined Events all carry the `fieldPath` of the first container.
    """
    container, named = facts.restart.container, PROBE_KILLS.get(kill.kind)
    if named is None or container.probe(named[1]) is not None:
        return False
    return facts.spec.container(container.name) is not None


def _probe_kills(facts: Facts) -> Iterable[Mark]:
    """The fresh kills that name a probe."""
    return (kill for kill in fresh_kills(facts) if kill.kind in PROBE_KILLS)


def late_kill(facts: Facts) -> Mark | None:
    """A probe kill that was decided after the instance had already died by itself."""
    died = facts.restart.died_at
    if died is None:
        return None
    return next((kill for kill in _probe_kills(facts) if _is_late(facts, kill, died)), None)


def is_said_after(facts: Facts) -> bool:
    """Whether a probe's kill was reported between the end and the next start, however late.

    It may be very late: the kubelet kills the containers of a pod one by one, and waits for each.
    """
    died, born = facts.restart.died_at, facts.restart.next_start
    if died is None or born is None:
        return late_kill(facts) is not None
    return any(int(died) < int(kill.at) and kill.at < born for kill in _probe_kills(facts))


def is_unmatched(facts: Facts) -> bool:
    """Whether a kill for a probe or hook was reported in its life; for use if none matched.

    Then a kubelet that was restarted left it unfinished, or the node's clock was set in between.
    """
    start, end = facts.born or 0.0, facts.restart.died_at
    said = [kill.at for kill in fresh_kills(facts) if kill.kind in OF_CONTAINER]
    if end is not None and end < start:
        return any(at > start or at <= end for at in said)
    return any(start < at and (end is None or at <= end) for at in said)


def killed_earlier(facts: Facts) -> set[EvidenceKind]:
    """The kills before the start of this instance that the kubelet reported."""
    born = facts.born
    return {mark.kind for mark in facts.book.kills if born is not None and mark.at <= born}


def has_kill_of_its_own(facts: Facts, died: float) -> bool:
    """Whether a kill for a probe or hook may have ended it, even if it explains another end.

    A kill in the second of the start may belong to the instance before; if that one had another,
    or this one ended in the same second, it may as well be the kill of this one.
    """
    born = int(died if facts.born is None else facts.born)
    fresh = tuple(fresh_kills(facts))
    return any(
        born <= int(kill.at) <= int(died)
        and (born < int(kill.at) or born == int(died) or kill in fresh)
        and _is_near(facts, kill, died)
        for kill in facts.book.kills
        if kill.kind in OF_CONTAINER
    )


def may_have_been_killed(facts: Facts) -> bool:
    """Whether a kill that was due, under way or reported may have ended it; if none matched."""
    return was_being_killed(facts) or (facts.looks_killed and is_unmatched(facts))


def lived_on(facts: Facts, kill: Mark) -> bool:
    """Whether the liveness probe failed after the kill, so that the container had started.

    The kubelet runs no liveness probe before the startup probe has succeeded. A kubelet that is
    restarted during a kill may leave the container running.
    """
    probe, died = facts.restart.container.probe(ProbeType.LIVENESS), facts.restart.died_at
    if probe is None or died is None:
        return False
    return any(kill.at + CLOCK_SLACK < mark.at for mark in facts.failure_marks(probe, died))


def is_just_after(facts: Facts, kill: Mark) -> bool:
    """Whether the kill came so shortly after the end that it may have caused it."""
    died = facts.restart.died_at
    return died is not None and kill.at <= died + KILL_AFTER_DEATH


def _is_late(facts: Facts, mark: Mark, died: float) -> bool:
    """Whether it was reported in a later second than the end, and not about the next instance."""
    born = facts.restart.next_start
    limit = died + (LATE_KILL if born is not None else KILL_AFTER_DEATH)
    return int(died) < int(mark.at) <= limit and (born is None or mark.at < born)


def has_failed_late(facts: Facts) -> bool:
    """Whether a liveness or startup probe failed clearly after the end, before the next start."""
    died = facts.restart.died_at
    if died is None or facts.restart.next_start is None:
        return False
    return any(
        mark.kind is EvidenceKind.PROBE_FAILED
        and mark.probe_type in PROBE_OF.values()
        and mark.at > died + KILL_AFTER_DEATH
        and _is_late(facts, mark, died)
        for mark in facts.book.failures
    )


def is_stopped_later(facts: Facts) -> bool:
    """Whether a preStop hook failed in a later second than the end: it was run in vain.

    The end of a container also ends its hook. So the kubelet began its kill only after that.
    """
    died = facts.restart.died_at
    return died is not None and any(
        mark.kind is EvidenceKind.PRE_STOP_FAILED and _is_late(facts, mark, died)
        for mark in facts.book.others
    )


def late_hook(facts: Facts) -> Mark | None:
    """A postStart hook that failed after the instance had ended, and because of that.

    If the next instance was not seen running, it may be the hook of that one, which can fail at
    once.
    """
    died = facts.restart.died_at
    seen = facts.restart.next_start is not None
    if died is None or not seen or not facts.restart.container.has_post_start:
        return None
    said = (mark for mark in (*fresh_kills(facts), *facts.book.others) if mark.kind in HOOKS)
    return next((mark for mark in said if _is_late(facts, mark, died)), None)


def kill_in_jump(facts: Facts) -> EvidenceKind | None:
    """The kill of this unseen restart, if there were exactly as many kills as unseen restarts."""
    jump, latest = facts.restart.jump, facts.restart.latest
    unseen = jump.unseen
    if jump.size == 1:  # its termination is not shown; dead containers may have been removed
        unseen, latest = 1, facts.restart.next_start
    if facts.death is not None or jump.place < 1 or jump.since is None or latest is None:
        return None
    since = jump.since
    kills = [
        kill.kind
        for kill in sorted(facts.book.kills, key=lambda kill: kill.at)
        if since < kill.at < latest
        for _ in range(kill.surely_since(since))
    ]
    return kills[jump.place - 1] if len(kills) == unseen else None
