"""Announcements: what `Pulled`, `Created` and `Started` of the next instance say about a kill.

The kubelet's client sends them after the `Killing` Event and through the same spam filter. So if
they arrived, a `Killing` Event would have arrived too.
"""

from probewatch.core.book import START_KINDS, Mark
from probewatch.core.evidence import EvidenceKind
from probewatch.core.facts import CLOCK_SLACK, Facts
from probewatch.core.kills import has_kill_of_its_own

CANARY_SPAN = 300.0
"""Seconds in which the kubelet's spam filter refills one token (client-go)."""

STEADY_KINDS = frozenset({EvidenceKind.CREATED, EvidenceKind.STARTED})
"""Announcements with the same text for each start, so that their count continues in one series."""


def canary(facts: Facts) -> bool:
    """Whether the next start was announced, so that a `Killing` Event would have arrived too.

    A refused `Killing` Event leaves less than one token in the kubelet's bucket, and two of
    `Pulled`, `Created`, `Started` delivered within 300 s after it need two tokens. Their series
    must have begun before the instance ended, which shows that the kubelet was not restarted in
    between. If the container was not shown as terminated, all three must have arrived without a
    gap in their counts: then the kubelet's Events do arrive.
    """
    died = facts.restart.died_at
    if died is None or has_kill_of_its_own(facts, died):
        return False
    end = _canary_end(facts, died)
    kinds = {
        mark.kind
        for mark in facts.book.starts
        if mark.kind in START_KINDS
        and mark.count > 1
        and (mark.fresh == 1 or facts.died_by_itself)
        and died - CLOCK_SLACK <= mark.at <= end
        and not _is_of_another_start(facts, mark, died)
    }
    return len(kinds) > 1 if facts.died_by_itself else kinds == START_KINDS


def _is_of_another_start(facts: Facts, mark: Mark, died: float) -> bool:
    """Whether it may announce the start of this instance, or the one after the next.

    The former is not later than that start. The latter follows one that was announced as well.
    """
    own = facts.lifetime is not None and facts.born is not None and mark.at <= facts.born
    return own or (mark.since is not None and mark.since > died)


def _canary_end(facts: Facts, died: float) -> float:
    born = facts.restart.next_start
    # A kill, if there was one, was decided up to one grace period before the death.
    latest = died + CANARY_SPAN - facts.longest_grace() - 5.0
    return latest if born is None else min(latest, born + 3.0)


def kubelet_restarted(facts: Facts) -> bool:
    """Whether the next start was announced in a new Event series, as by a restarted kubelet."""
    died = facts.restart.died_at
    latest: dict[EvidenceKind, Mark] = {}
    for mark in facts.book.starts:
        before = latest.get(mark.kind)
        anew = before is not None and before.series != mark.series
        if anew and mark.kind in STEADY_KINDS and died is not None and mark.at >= died - 1:
            return True
        latest[mark.kind] = mark
    return False
