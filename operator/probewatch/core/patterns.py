"""Patterns: restarts that many pods have in common.

Many pods of one workload killed by their liveness probe at the same time say that
the probe checks something shared; many pods of different workloads on one node say
that the node or its kubelet is in trouble. Either way the container that
restarted is not where to look first, so the restart carries a mark.

A pattern is known from the pod on that completes it: the restarts before it are
published already and stay unmarked. Containers that restart again and again say nothing of
their node. Times are times of arrival, since the clocks
of different nodes are not to be compared.
"""

from collections import OrderedDict, deque
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from probewatch.core.causes import Cause, Pattern
from probewatch.core.exits import lifetime_of
from probewatch.core.findings import Restart
from probewatch.core.model import PodRef, PodUid
from probewatch.core.values import quickly_made, replace

WINDOW_SECONDS = 120.0
"""Pods that fail for one reason are killed within a few probe periods and one grace."""

PODS_NEEDED = 3
"""Two pods at once happen by chance; the third is a pattern."""

SHARE_NEEDED = 0.5
"""Of the workload's tracked pods: three of a hundred are no statement about all."""

KEYS_KEPT = 4096
KEPT = 64
"""Workloads and nodes looked at, and restarts of each: bounds for a day when all restarts."""

SETTLED_SECONDS = 600.0
"""Containers in a loop live shorter, and meet on a node by chance or because they came together:
only those that had run for longer say that something is wrong with the node."""

AGAIN_SECONDS = 3600.0
"""A container that restarted already, or is killed while it starts, has to have run for so long:
slow loops and long starts last longer than `SETTLED_SECONDS`."""

LOSS_SECONDS = 600.0
"""A node that comes back reports the losses of its pods within this time."""

SHARED_CAUSES = frozenset({Cause.LIVENESS_PROBE, Cause.STARTUP_PROBE})
"""What pods of one workload suffer together when their probe asks for something shared."""

NODE_EVENTS = frozenset({Cause.NODE_REBOOT, Cause.SANDBOX_RECREATED})
"""What a container does not bring about by itself, however short it lived."""

NODE_CAUSES = (SHARED_CAUSES | NODE_EVENTS) | {
    Cause.SIGNAL,
    Cause.UNKNOWN,
    Cause.UNOBSERVED,
}
"""What a node or kubelet in trouble does to its pods; exits of their own are their own."""


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What is remembered of a restart."""

    at: float
    pod: PodRef
    cause: Cause
    settled: bool = True
    """Whether the container had run for so long that it did not bring this about by itself."""

    @property
    def owner(self) -> str:
        """Who the pod belongs to; a pod without a controller is alone."""
        return owner_of(self.pod)


def owner_of(pod: PodRef) -> str:
    """Return the uid of the pod's controller, or its own."""
    return pod.owner.uid if pod.owner is not None else pod.uid


class Recent:
    """The latest restarts by key, bounded in both directions."""

    def __init__(self) -> None:
        self._by_key: OrderedDict[str, deque[Seen]] = OrderedDict()

    def add(self, key: str, seen: Seen, within: float) -> tuple[Seen, ...]:
        """Remember one, and return those of its key that came *within* seconds of it."""
        kept = self._by_key.setdefault(key, deque(maxlen=KEPT))
        kept.append(seen)
        self._by_key.move_to_end(key)
        if len(self._by_key) > KEYS_KEPT:
            self._by_key.popitem(last=False)
        return tuple(each for each in kept if abs(each.at - seen.at) <= within)


class Patterns:
    """Recent restarts of all pods; *pods_of* counts the tracked pods of an owner's uid."""

    def __init__(self, pods_of: Callable[[str], int]) -> None:
        self._pods_of = pods_of
        self._of_owners = Recent()
        self._of_nodes = Recent()
        self._losses = Recent()

    def mark(self, restart: Restart) -> Restart:
        """Return the restart with its pattern, and remember it for those to come."""
        if restart.baseline or restart.cause not in NODE_CAUSES:
            return restart
        latest = Seen(
            at=restart.observed_at,
            pod=restart.pod,
            cause=restart.cause,
            settled=_had_settled(restart),
        )
        mates = self._of_owners.add(latest.owner, latest, WINDOW_SECONDS)
        neighbours = self._of_nodes.add(restart.pod.node, latest, WINDOW_SECONDS)
        pods = self._pods_of(latest.owner)
        return replace(restart, pattern=find_pattern(latest, mates, neighbours, pods=pods))

    def lost_together(self, restart: Restart) -> frozenset[PodUid]:
        """Return the pods of a node that lost containers with this one; none if it is alone."""
        latest = Seen(at=restart.observed_at, pod=restart.pod, cause=restart.cause)
        pods = _pods(self._losses.add(restart.pod.node, latest, LOSS_SECONDS))
        return pods if len(pods) > 1 else frozenset()


def find_pattern(
    latest: Seen, mates: Collection[Seen], neighbours: Collection[Seen], *, pods: int
) -> Pattern:
    """Return what *latest* has in common with others near it in time, itself among them.

    *mates* are of its workload, which has so many tracked *pods*; *neighbours* are on its
    node. A workload that fails on several nodes is at fault itself; several workloads
    that fail on one node are not.
    """
    shared = [seen for seen in mates if seen.cause in SHARED_CAUSES]
    whole = latest.cause in SHARED_CAUSES and _is_whole(_pods(shared), pods)
    crowd = [seen for seen in neighbours if seen.settled] if latest.pod.node else []
    crowded = (
        latest.settled
        and len(_pods(crowd)) >= PODS_NEEDED
        and len({seen.owner for seen in crowd}) > 1
    )
    if crowded and (not whole or len({seen.pod.node for seen in shared}) == 1):
        return Pattern.NODE_WIDE
    return Pattern.WORKLOAD_WIDE if whole else Pattern.NONE


def _had_settled(restart: Restart) -> bool:
    if restart.cause in NODE_EVENTS:
        return True
    again = restart.restart_count > 1 or restart.cause is Cause.STARTUP_PROBE
    needed = AGAIN_SECONDS if again else SETTLED_SECONDS
    lived = lifetime_of(restart.started_at, restart.finished_at)
    return lived is not None and lived >= needed


def _pods(seen: Iterable[Seen]) -> frozenset[PodUid]:
    return frozenset(each.pod.uid for each in seen)


def _is_whole(pods: Collection[PodUid], of: int) -> bool:
    return len(pods) >= PODS_NEEDED and len(pods) >= SHARE_NEEDED * of
