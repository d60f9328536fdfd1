"""Announcements: what `Pulled`, `Created`, `Started` of the next instance say of a kill before.

They go through the same filter of the kubelet's client as the `Killing` Event, after it.
"""

from probewatch.core.book import START_KINDS, Mark
from probewatch.core.evidence import EvidenceKind
from probewatch.core.facts import CLOCK_SLACK, Facts

CANARY_SPAN = 300.0
"""The kubelet's spam filter refills one event in so many seconds (client-go)."""

STEADY_KINDS = frozenset({EvidenceKind.CREATED, EvidenceKind.STARTED})
"""Announcements whose text is the same for each start of a container."""


def canary(facts: Facts) -> bool:
    """Whether the start of the next instance was announced, so that a kill would have been.

    A refused `Killing` leaves less than one token in the kubelet's bucket.
    Two of `Pulled`, `Created`, `Started` delivered within 300 s after it need two. A series
    that began before this instance ended shows that the kubelet was not restarted between.
    Where it was not seen how it died, all three have to be there without a gap in their
    counts: then what the kubelet sends also arrives.
    """
    died = facts.restart.died_at
    if died is None:
        return False
    end = _canary_end(facts, died)
    kinds = {
        mark.kind
        for mark in facts.book.starts
        if mark.kind in START_KINDS
        and mark.count > 1
        and (mark.fresh == 1 or facts.died_by_itself)
        and died - CLOCK_SLACK <= mark.at <= end
    }
    return len(kinds) > 1 if facts.died_by_itself else kinds == START_KINDS


def _canary_end(facts: Facts, died: float) -> float:
    born = facts.restart.next_start
    # The kill, if there was one, was decided up to a grace earlier.
    latest = died + CANARY_SPAN - facts.longest_grace() - 5.0
    return latest if born is None else min(latest, born + 3.0)


def kubelet_restarted(facts: Facts) -> bool:
    """Whether the first thing said after the death begins a series anew."""
    died = facts.restart.died_at
    latest: dict[EvidenceKind, Mark] = {}
    for mark in facts.book.starts:
        before = latest.get(mark.kind)
        anew = before is not None and before.series != mark.series
        if anew and mark.kind in STEADY_KINDS and died is not None and mark.at >= died - 1:
            return True
        latest[mark.kind] = mark
    return False
