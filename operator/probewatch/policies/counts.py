"""How many pods each ProbePolicy selects, and applies to.

To count is the dear part of what is told of policies. So what was counted is kept, and of
what changes in between, only policies that select otherwise than before have their namespace
counted again. Pods are counted by those of their labels that policies ask about, and each
policy is compared only with labels among which it has its place (see `ranking`).
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain

from probewatch.clock import Stint
from probewatch.core.policies import Count, ProbePolicy
from probewatch.policies.index import Labelled, PolicyIndex
from probewatch.policies.ranking import Labels, Place, Ranking, places_of, project

PODS_AT_ONCE = 5000
"""So many pods, or labels of theirs, are gone through before others go on: some milliseconds."""

COMPARED_AT_ONCE = 5000
"""So many requirements are compared with labels before others go on, at worst: likewise."""


_Group = tuple[Mapping[str, str], int]
"""Labels, and how many pods have them."""


class PolicyCounts:
    """*pods* gives all pods that are known."""

    def __init__(self, index: PolicyIndex, pods: Callable[[], Iterable[Labelled]]) -> None:
        self._index = index
        self._pods = pods
        self._editions: Mapping[str, object] = {}
        """By namespace, the policies that were counted for."""
        self._counts: Mapping[str, Mapping[str, tuple[ProbePolicy, Count]]] = {}
        """By namespace and name, with the policy as it was."""

    def of(self, policy: ProbePolicy) -> Count | None:
        """Return what was counted last; None for a policy that was not there, or another one.

        One that is not accepted is not counted.
        """
        here = self._counts.get(policy.namespace, {})
        counted, count = here.get(policy.name, (None, None))
        return count if counted == policy else None

    async def renew(self, *, anew: bool) -> None:
        """Count for policies that changed, or for all; the watch goes on meanwhile."""
        rankings = dict(self._index.namespaces())
        editions = {place: each.edition for place, each in rankings.items()}
        before = {} if anew else self._editions
        due = {
            place: _Counting(rankings[place])
            for place, edition in editions.items()
            if before.get(place) is not edition
        }
        counts = {place: self._counts[place] for place in rankings.keys() - due.keys()}
        if due:
            await self._gather(due)
        for place, counting in due.items():
            counts[place] = await counting.count()
        self._editions, self._counts = editions, counts

    async def _gather(self, due: Mapping[str, "_Counting"]) -> None:
        """Go through all pods, once for all namespaces."""
        stint = Stint(PODS_AT_ONCE)
        for pod in self._pods():
            counting = due.get(pod.namespace)
            if counting is not None:
                counting.add(pod.labels)
            await stint.did(1)


class _Counting:
    """Counts the pods of one namespace for the policies of a moment, whatever becomes of them."""

    def __init__(self, ranking: Ranking) -> None:
        self._keys = ranking.asked_about()
        self._ranked = ranking.in_order()
        self._pods: dict[int, tuple[Mapping[str, str], int]] = {}
        """By the identity of their labels, which many share."""

    def add(self, labels: Mapping[str, str]) -> None:
        """Take in a pod."""
        _, before = self._pods.get(id(labels), (labels, 0))
        self._pods[id(labels)] = (labels, before + 1)

    async def count(self) -> Mapping[str, tuple[ProbePolicy, Count]]:
        """Return the counts by the name of the policy, with what it is."""
        groups = await self._group()
        at_places = await self._place(groups)
        is_taken = bytearray(len(groups))
        counts = {each.policy.name: (each.policy, Count()) for each in self._ranked}
        stint = Stint(COMPARED_AT_ONCE)
        for ranked in self._ranked:
            _, count = counts[ranked.policy.name]
            for at in chain.from_iterable(at_places.get(place, ()) for place in ranked.places):
                labels, pods = groups[at]
                if ranked.selects(labels):
                    count.matched += pods
                    count.applied += 0 if is_taken[at] else pods
                    is_taken[at] = True
                await stint.did(len(labels) + len(ranked.policy.selector))
        return counts

    async def _group(self) -> Sequence[_Group]:
        """Return the labels that policies ask about, each with how many pods have them."""
        stint, counts = Stint(PODS_AT_ONCE), Counter[Labels]()
        for labels, pods in self._pods.values():
            counts[project(labels, self._keys)] += pods
            await stint.did(len(labels))
        groups = []
        for asked_about, pods in counts.items():
            groups.append((dict(asked_about), pods))
            await stint.did(1)
        return groups

    async def _place(self, groups: Iterable[_Group]) -> Mapping[Place, Sequence[int]]:
        """Return which groups are at each place where there is a policy."""
        found: dict[Place, list[int]] = {
            place: [] for ranked in self._ranked for place in ranked.places
        }
        stint = Stint(PODS_AT_ONCE)
        for at, (labels, _) in enumerate(groups):
            for place in places_of(labels.items()):
                if place in found:
                    found[place].append(at)
            await stint.did(len(labels))
        return found
