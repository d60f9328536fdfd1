"""What reaches the operator of all that was written: some of it late, some of it never."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from probewatch.core.observe import EvidenceObserved, Observation, PodObserved
from tests.random_pods.world import World

Delivered = list[tuple[float, Observation]]
"""Observations with the time at which they arrive, in that order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A way in which what was written reaches the operator."""

    name: str
    merged: float = 0.0
    """Versions of the pod are left out that are followed by another within so many seconds."""
    dropped: float = 0.0
    """The share of versions of the pod that never arrive."""
    lost: float = 0.0
    """The share of Events that never arrive."""
    gaps: int = 0
    """The number of times at which the watches stop, and are followed by a list."""
    late: float = 0.5
    """The longest time that an Event takes, in seconds."""
    restarts: int = 0
    """How often the operator is restarted."""


DELIVERIES = (
    Delivery(name="everything"),
    Delivery(name="versions merged", merged=1.0),
    Delivery(name="half of the Events lost", lost=0.5),
    Delivery(name="all Events lost", lost=1.0),
    Delivery(name="versions merged, nine of ten Events lost", merged=1.0, lost=0.9),
    Delivery(name="a fifth of the versions dropped", dropped=0.2),
    Delivery(name="that, and half of the Events lost", dropped=0.2, lost=0.5),
    Delivery(name="gaps in the watches", gaps=4),
    Delivery(name="that, and half of the Events lost as well", gaps=4, lost=0.5),
    Delivery(name="Events late by up to 20 s", late=20.0),
    Delivery(name="restarts of the operator", restarts=4),
    Delivery(name="these, and half of the Events lost", restarts=4, lost=0.5),
)

Window = tuple[float, float]


def deliver(world: World, delivery: Delivery, random: Random) -> Delivered:
    """Return what the operator observes."""
    everything = [*_pods(world, delivery, random), *_events(world, delivery, random)]
    return sorted(everything, key=lambda each: each[0])


def _gaps(world: World, number: int, random: Random) -> Sequence[Window]:
    first, last = world.versions[0][0], world.versions[-1][0]
    begins = [random.uniform(first + 5, max(last, first + 6)) for _ in range(number)]
    return [(begin, begin + random.choice((5.0, 30.0, 120.0))) for begin in begins]


def _find_gap(gaps: Sequence[Window], at: float) -> Window | None:
    return next((gap for gap in gaps if gap[0] <= at < gap[1]), None)


def _pods(world: World, delivery: Delivery, random: Random) -> Iterator[tuple[float, Observation]]:
    gaps = _gaps(world, delivery.gaps, random)
    arrival, missed, last = 0.0, False, len(world.versions) - 1
    for index, (written, pod) in enumerate(world.versions):
        if 0 < index < last:
            soon = world.versions[index + 1][0] - written < delivery.merged * random.random()
            if soon or random.random() < delivery.dropped:
                continue
        gap = _find_gap(gaps, written)
        if gap and index < last and world.versions[index + 1][0] < gap[1]:
            missed = True
            continue
        arrival = max(arrival, gap[1] if gap else written) + random.uniform(0.0, 0.3)
        yield arrival, PodObserved(pod=pod, relisted=missed or gap is not None)
        missed = False


def _events(
    world: World, delivery: Delivery, random: Random
) -> Iterator[tuple[float, Observation]]:
    gaps = _gaps(world, delivery.gaps // 2, random)
    listed: dict[str, tuple[float, Observation]] = {}
    for written, evidence in world.events:
        if random.random() < delivery.lost:
            continue
        observed = EvidenceObserved(evidence=evidence)
        gap = _find_gap(gaps, written)
        if gap:
            # The list after the gap has the last version of each Event.
            listed[evidence.name] = (gap[1] + random.uniform(0.0, 0.5), observed)
        else:
            yield written + random.uniform(0.0, delivery.late), observed
    yield from listed.values()
