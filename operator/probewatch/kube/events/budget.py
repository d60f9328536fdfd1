"""The budget of one pod: how many Events may be written about it.

What is said most often matters least. Changes of readiness come by the hundred from a pod that
flaps, so they get a part of the budget, and leave the rest to restarts. What sums both up, that
a container loops or that readiness flaps, is what the others are read for: it has a budget of
its own, which nothing else uses up.
"""

from probewatch.kube.events.draft import EventDraft
from probewatch.kube.events.reasons import Reason
from probewatch.kube.token_bucket import TokenBucket

SUMMARIES = frozenset(
    {Reason.READINESS_FLAPPING, Reason.RESTART_LOOP_DETECTED, Reason.RESTART_LOOP_ENDED}
)
CHATTER = frozenset({Reason.READINESS_LOST, Reason.READINESS_RESTORED})

CHATTER_SHARE = 0.4
"""Of the Events at once: of 25, ten tell of readiness."""

CHATTER_PACE = 2.0
"""So many times as long until there is one more: at least every other Event is for restarts."""


class PodBudget:
    """At most *burst* Events at once, and one more every *refill* seconds; likewise summaries."""

    __slots__ = ("_all", "_chatter", "_summaries")

    def __init__(self, *, burst: int, refill: float) -> None:
        self._all = TokenBucket(burst=burst, refill=refill)
        self._summaries = TokenBucket(burst=burst, refill=refill)
        part = max(1, round(burst * CHATTER_SHARE))
        self._chatter = TokenBucket(burst=part, refill=refill * CHATTER_PACE)

    def take(self, draft: EventDraft, now: float) -> bool:
        """Take one Event from the budget if there is one left for what it tells."""
        reason = draft.kind.reason
        if reason in SUMMARIES:
            return self._summaries.take(now)
        if reason in CHATTER and not self._chatter.take(now):
            return False
        return self._all.take(now)
