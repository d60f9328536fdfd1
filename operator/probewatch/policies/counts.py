"""How many pods each ProbePolicy selects, and applies to.

To count is the dear part of what is told of policies: each set of labels is compared with all
policies of its namespace. So what was counted is kept, and of what changes in between, only
policies that select otherwise than before have their namespace counted again.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence

from probewatch.core.policies import Count, ProbePolicy, count_pods
from probewatch.policies.index import Labelled, PolicyIndex, group_labels

COMPARED_AT_ONCE = 2500
"""So often a set of labels is compared with a policy before others go on: some milliseconds, or
some hundredths of a second where each selector is as long as it may be."""


class PolicyCounts:
    """*pods* gives all pods that are known."""

    def __init__(self, index: PolicyIndex, pods: Callable[[], Iterable[Labelled]]) -> None:
        self._index = index
        self._pods = pods
        self._ranked: Mapping[str, Sequence[ProbePolicy]] = {}
        """By namespace, the policies that were counted for."""
        self._counts: Mapping[str, Mapping[str, Count]] = {}

    def of(self, policy: ProbePolicy) -> Count:
        """Return what was counted last; nothing for a policy that is not accepted."""
        return self._counts.get(policy.namespace, {}).get(policy.name, Count())

    async def renew(self, *, anew: bool) -> None:
        """Count for policies that changed, or for all; the watch goes on meanwhile."""
        ranked = dict(self._index.namespaces())
        before = {} if anew else self._ranked
        due = {place: each for place, each in ranked.items() if before.get(place) != each}
        counts = {place: self._counts[place] for place in ranked.keys() - due.keys()}
        if due:
            counts |= await self._count(due)
        self._ranked, self._counts = ranked, counts

    async def _count(
        self, ranked: Mapping[str, Sequence[ProbePolicy]]
    ) -> Mapping[str, Mapping[str, Count]]:
        """Count by namespace, and by the name of the policy."""
        groups = group_labels(self._pods(), ranked)
        counts = {place: {each.name: Count() for each in ranked[place]} for place in ranked}
        for place, policies in ranked.items():
            at_once = max(1, COMPARED_AT_ONCE // len(policies))
            for begin in range(0, len(groups[place]), at_once):
                some = groups[place][begin : begin + at_once]
                count_pods(counts[place], policies, some)
                await asyncio.sleep(0)
        return counts
