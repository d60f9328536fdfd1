"""The accepted policies of one namespace by strength, and which of them selects a pod.

There may be thousands of policies with dozens of requirements each, so a pod is not compared with
all of them. Each policy is indexed by its *places*: the labels of one of its requirements, of
which a pod must have one to be selected at all. The requirement is chosen whose places the fewest
other policies have. A pod is compared only with the policies at the places of its own labels;
`app: cart` alone finds the one policy of a hundred.

A comparison begins with the requirement that failed the last time: for the pods of one namespace
it is mostly the same one.
"""

from bisect import bisect_left, insort
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from math import inf
from operator import attrgetter

from probewatch.core.policies import ProbePolicy, strength
from probewatch.core.selectors import Operator, Requirement, Selector

Labels = frozenset[tuple[str, str]]
"""The labels of a pod, reduced to those that any policy asks about."""

Place = tuple[str, str | None] | None
"""A label, or a key with None for any value; None alone for all pods."""

_EVERYWHERE: Sequence[Place] = (None,)

_WITH_LABEL = frozenset({Operator.IN, Operator.EXISTS})
"""Operators that hold only if the label is present."""


class Ranked:
    """One accepted policy with its strength and places."""

    __slots__ = ("_requirements", "places", "policy", "strength")

    def __init__(self, policy: ProbePolicy, places: Sequence[Place]) -> None:
        self.policy = policy
        self.places = places
        self.strength = strength(policy)
        self._requirements = list(policy.selector)

    def selects(self, labels: Mapping[str, str]) -> bool:
        """Whether all requirements hold for these labels."""
        requirements = self._requirements
        for at, requirement in enumerate(requirements):
            if not requirement.holds(labels):
                if at:
                    requirements.insert(0, requirements.pop(at))
                return False
        return True


_strength = attrgetter("strength")


class Ranking:
    """The accepted policies of one namespace, ordered by strength."""

    def __init__(self) -> None:
        self.edition = object()
        """A new object after each change."""
        self._all: dict[str, Ranked] = {}
        self._by_place: dict[Place, list[Ranked]] = {}
        self._keys: dict[str, int] = {}
        """How many requirements ask about each label key."""

    def __len__(self) -> int:
        """How many policies there are."""
        return len(self._all)

    def put(self, policy: ProbePolicy) -> None:
        """Add a policy; none of the same name may be present."""
        new = Ranked(policy, self._choose_places(policy.selector))
        self._all[policy.name] = new
        for place in new.places:
            insort(self._by_place.setdefault(place, []), new, key=_strength)
        for each in policy.selector:
            self._keys[each.key] = self._keys.get(each.key, 0) + 1
        self.edition = object()

    def remove(self, name: str) -> None:
        """Remove a policy."""
        old = self._all.pop(name)
        for place in old.places:
            here = self._by_place[place]
            del here[bisect_left(here, old.strength, key=_strength)]
            if not here:
                del self._by_place[place]
        for each in old.policy.selector:
            self._keys[each.key] -= 1
            if not self._keys[each.key]:
                del self._keys[each.key]
        self.edition = object()

    def in_order(self) -> Sequence[Ranked]:
        """A snapshot of all policies, the strongest first."""
        return sorted(self._all.values(), key=_strength)

    def asked_about(self) -> Collection[str]:
        """A snapshot of the label keys that any policy asks about."""
        return frozenset(self._keys)

    def project(self, labels: Mapping[str, str]) -> Labels:
        """Return those of the labels that any policy asks about: no others matter."""
        return project(labels, self._keys)

    def find(self, labels: Mapping[str, str]) -> ProbePolicy | None:
        """Return the policy that applies to a pod with these labels."""
        by_place = self._by_place
        found = [by_place[place] for place in places_of(labels.items()) if place in by_place]
        ranked = found[0] if len(found) == 1 else sorted(chain(*found), key=_strength)
        return next((each.policy for each in ranked if each.selects(labels)), None)

    def _choose_places(self, selector: Selector) -> Sequence[Place]:
        """Return the places of the requirement that shares them with the fewest policies.

        If no requirement needs a label to be present, that is the place of all pods.
        """
        chosen, fewest = _EVERYWHERE, inf
        for places in map(_find_places, selector):
            crowd = sum(len(self._by_place.get(place, ())) for place in places)
            if places and crowd < fewest:
                chosen, fewest = places, crowd
            if not fewest:
                break
        return chosen


def project(labels: Mapping[str, str], keys: Container[str]) -> Labels:
    """Return the labels with one of these keys."""
    return frozenset([item for item in labels.items() if item[0] in keys])


def places_of(labels: Iterable[tuple[str, str]]) -> Iterator[Place]:
    """Yield all places whose policies may select a pod with these labels."""
    yield None
    for key, value in labels:
        yield key, value
        yield key, None


def _find_places(requirement: Requirement) -> Sequence[Place]:
    """Return the places of all pods for which it holds; empty if it also holds without a label."""
    if requirement.operator is Operator.IN and isinstance(requirement.values, frozenset):
        return tuple((requirement.key, value) for value in requirement.values)
    if requirement.operator in _WITH_LABEL:
        return ((requirement.key, None),)
    return ()
