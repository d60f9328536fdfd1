"""The accepted policies of one namespace, and which of them select a pod.

There may be thousands, each with dozens of requirements, so a pod is not compared with all. A
policy has its *places*: labels of which a pod must have one for the policy to select it at
all, of all that it asks for those that the fewest others ask for. Only policies that have their
place among a pod's labels are compared with it; `app: cart` alone finds the one of a hundred.

What is compared begins with the requirement that did not hold the last time: of pods of one
namespace, it is mostly the same one.
"""

from bisect import bisect_left, insort
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from math import inf
from operator import attrgetter

from probewatch.core.policies import ProbePolicy, strength
from probewatch.core.selectors import Operator, Requirement, Selector

Labels = frozenset[tuple[str, str]]
"""Those labels of a pod that any policy asks about."""

Place = tuple[str, str | None] | None
"""A label, or the key of one with any value; None for all pods there are."""

_EVERYWHERE: Sequence[Place] = (None,)

_WITH_LABEL = frozenset({Operator.IN, Operator.EXISTS})
"""What holds only where the label is there."""


class Ranked:
    """One accepted policy among the others."""

    __slots__ = ("_requirements", "places", "policy", "strength")

    def __init__(self, policy: ProbePolicy, places: Sequence[Place]) -> None:
        self.policy = policy
        self.places = places
        self.strength = strength(policy)
        self._requirements = list(policy.selector)

    def selects(self, labels: Mapping[str, str]) -> bool:
        """Whether all requirements hold."""
        requirements = self._requirements
        for at, requirement in enumerate(requirements):
            if not requirement.holds(labels):
                if at:
                    requirements.insert(0, requirements.pop(at))
                return False
        return True


_strength = attrgetter("strength")


class Ranking:
    """The policies of one namespace by their strength; those that are not accepted stay out."""

    def __init__(self) -> None:
        self.edition = object()
        """Another one after each change."""
        self._all: dict[str, Ranked] = {}
        self._by_place: dict[Place, list[Ranked]] = {}
        self._keys: dict[str, int] = {}
        """Of labels that are asked for, with how often."""

    def __len__(self) -> int:
        """How many there are."""
        return len(self._all)

    def put(self, policy: ProbePolicy) -> None:
        """Take in a policy that has no namesake here."""
        new = Ranked(policy, self._choose_places(policy.selector))
        self._all[policy.name] = new
        for place in new.places:
            insort(self._by_place.setdefault(place, []), new, key=_strength)
        for each in policy.selector:
            self._keys[each.key] = self._keys.get(each.key, 0) + 1
        self.edition = object()

    def remove(self, name: str) -> None:
        """Let go of a policy."""
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
        """All as they are now, the strongest first."""
        return sorted(self._all.values(), key=_strength)

    def asked_about(self) -> Collection[str]:
        """The keys of all labels that any policy asks about now."""
        return frozenset(self._keys)

    def project(self, labels: Mapping[str, str]) -> Labels:
        """Return those labels that any policy asks about: nothing else decides."""
        return project(labels, self._keys)

    def find(self, labels: Mapping[str, str]) -> ProbePolicy | None:
        """Return the policy that a pod with these labels is under."""
        by_place = self._by_place
        found = [by_place[place] for place in places_of(labels.items()) if place in by_place]
        ranked = found[0] if len(found) == 1 else sorted(chain(*found), key=_strength)
        return next((each.policy for each in ranked if each.selects(labels)), None)

    def _choose_places(self, selector: Selector) -> Sequence[Place]:
        """Return the places with the fewest others; where nothing has to be there, all pods."""
        chosen, fewest = _EVERYWHERE, inf
        for places in map(_find_places, selector):
            crowd = sum(len(self._by_place.get(place, ())) for place in places)
            if places and crowd < fewest:
                chosen, fewest = places, crowd
            if not fewest:
                break
        return chosen


def project(labels: Mapping[str, str], keys: Container[str]) -> Labels:
    """Return those of the labels that have one of these keys."""
    return frozenset([item for item in labels.items() if item[0] in keys])


def places_of(labels: Iterable[tuple[str, str]]) -> Iterator[Place]:
    """All places at which policies for a pod with these labels may be."""
    yield None
    for key, value in labels:
        yield key, value
        yield key, None


def _find_places(requirement: Requirement) -> Sequence[Place]:
    """Where pods are of which it holds; nowhere if it holds without a label, too."""
    if requirement.operator is Operator.IN and isinstance(requirement.values, frozenset):
        return tuple((requirement.key, value) for value in requirement.values)
    if requirement.operator in _WITH_LABEL:
        return ((requirement.key, None),)
    return ()
