"""Counts the pods that each ProbePolicy selects, and those to which it applies.

Counting is the expensive part of the policies' statuses, so the counts are kept. Between two full
counts only namespaces are counted again whose policies changed. Pods are grouped by those of
their labels that any policy asks about, and each policy is compared only with the groups that
share one of its places (see `ranking`).
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain

from probewatch.clock import Stint
from probewatch.core.policies import Count, ProbePolicy
from probewatch.policies.index import Labelled, PolicyIndex
from probewatch.policies.ranking import Labels, Place, Ranking, places_of, project

PODS_AT_ONCE = 5000
"""Pods, or labels of them, that are handled before the event loop gets its turn: some
milliseconds."""

COMPARED_AT_ONCE = 5000
"""The same for comparisons of a requirement with labels, at worst."""


_Group = tuple[Mapping[str, str], int]
"""Labels, and the number of pods that have them."""


class PolicyCounts:
    """The latest counts of all policies; *pods* returns all known pods."""

    def __init__(self, index: PolicyIndex, pods: Callable[[], Iterable[Labelled]]) -> None:
        self._index = index
        self._pods = pods
        self._editions: Mapping[str, object] = {}
        """By namespace, the edition of its policies at the last count."""
        self._counts: Mapping[str, Mapping[str, tuple[ProbePolicy, Count]]] = {}
        """By namespace and name, with the policy as it was counted."""

    def of(self, policy: ProbePolicy) -> Count | None:
        """Return the latest count of a policy; None if it is new, changed or not accepted."""
        here = self._counts.get(policy.namespace, {})
        counted, count = here.get(policy.name, (None, None))
        return count if counted == policy else None

    async def renew(self, *, anew: bool) -> None:
        """Count namespaces whose policies changed, or all if *anew*; yields to the event loop."""
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
        """Collect the pods of all namespaces to be counted, in one pass."""
        stint = Stint(PODS_AT_ONCE)
        for pod in self._pods():
            counting = due.get(pod.namespace)
            if counting is not None:
                counting.add(pod.labels)
            await stint.did(1)


class _Counting:
    """Counts the pods of one namespace for a snapshot of its policies."""

    def __init__(self, ranking: Ranking) -> None:
        self._keys = ranking.asked_about()
        self._ranked = ranking.in_order()
        self._pods: dict[int, tuple[Mapping[str, str], int]] = {}
        """Labels and number of pods, by the identity of the mapping, which many pods share."""

    def add(self, labels: Mapping[str, str]) -> None:
        """Add a pod with these labels."""
        _, before = self._pods.get(id(labels), (labels, 0))
        self._pods[id(labels)] = (labels, before + 1)

    async def count(self) -> Mapping[str, tuple[ProbePolicy, Count]]:
        """Return each policy of the snapshot with its count, by name."""
        groups = await self._group()
        at_places = await self._place(groups)
        is_taken = bytearray(len(groups))
        counts = {each.policy.name: (each.policy, Count()) for each in self._ranked}
        stint = Stint(COMPARED_AT_ONCE)
        for ranked in self._ranked:
            _, count = counts[ranked.policy.name]
            for at in chain.from_iterable(at_places[place] for place in ranked.places):
                labels, pods = groups[at]
                if ranked.selects(labels):
                    count.matched += pods
                    count.applied += 0 if is_taken[at] else pods
                    is_taken[at] = True
                await stint.did(len(labels) + len(ranked.policy.selector))
        return counts

    async def _group(self) -> Sequence[_Group]:
        """Group the pods by the labels that policies ask about."""
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
        """Return the indexes of the groups at each place that a policy has."""
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
