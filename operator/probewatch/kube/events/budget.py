"""The rate limit of one pod: how many Events may be written about it.

The most frequent Events matter least. A pod that flaps changes its readiness hundreds of times,
so readiness Events get only a part of the budget, and the rest is left for restarts. Events that
summarize both (a restart loop, flapping readiness) matter most: they have a budget of their own,
which no other Event uses up.
"""

from probewatch.kube.events.draft import EventDraft
from probewatch.kube.events.reasons import Reason
from probewatch.kube.token_bucket import TokenBucket

SUMMARIES = frozenset(
    {Reason.READINESS_FLAPPING, Reason.RESTART_LOOP_DETECTED, Reason.RESTART_LOOP_ENDED}
)
CHATTER = frozenset({Reason.READINESS_LOST, Reason.READINESS_RESTORED})

CHATTER_SHARE = 0.4
"""The share of the burst that readiness Events may use: 10 of 25."""

CHATTER_PACE = 2.0
"""Readiness Events refill this many times more slowly, which leaves every other one to restarts."""


class PodBudget:
    """Allows *burst* Events at once and one more every *refill* seconds; as many summaries."""

    __slots__ = ("_all", "_chatter", "_summaries")

    def __init__(self, *, burst: int, refill: float) -> None:
        self._all = TokenBucket(burst=burst, refill=refill)
        self._summaries = TokenBucket(burst=burst, refill=refill)
        part = max(1, round(burst * CHATTER_SHARE))
        self._chatter = TokenBucket(burst=part, refill=refill * CHATTER_PACE)

    def take(self, draft: EventDraft, now: float) -> bool:
        """Take one Event of this reason from the budget; return whether there was one left."""
        reason = draft.kind.reason
        if reason in SUMMARIES:
            return self._summaries.take(now)
        if reason in CHATTER and not self._chatter.take(now):
            return False
        return self._all.take(now)
