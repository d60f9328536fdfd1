"""Patterns: restarts of many pods at the same time.

If many pods of one workload are killed by their liveness probe at the same time, the probe checks
something shared. If many pods of different workloads restart on one node, the node or its kubelet
is in trouble. Either way the restarted container is not where to look first, so the restart is
marked with the pattern.

A pattern is recognized with the pod that completes it: the restarts before it are published
already and stay unmarked. Containers in a restart loop say nothing about their node. Times are
times of arrival, since the clocks of different nodes cannot be compared.
"""

from collections import deque
from collections.abc import Callable, Collection, Hashable, Iterable
from dataclasses import dataclass

from probewatch.core.bounded import Bounded
from probewatch.core.causes import Cause, Pattern
from probewatch.core.exits import lifetime_of
from probewatch.core.findings import Restart
from probewatch.core.model import PodRef, PodUid, workload_owner
from probewatch.core.values import quickly_made, replace

WINDOW_SECONDS = 120.0
"""Pods that fail for one reason are killed within a few probe periods and one grace period."""

PODS_NEEDED = 3
"""Two pods at once may be chance; three are a pattern."""

SHARE_NEEDED = 0.5
"""Share of the workload's tracked pods: three of a hundred say nothing about all."""

KEYS_KEPT = 4096
KEPT = 64
"""Bounds of memory if everything restarts: workloads and nodes, and restarts of each."""

SETTLED_SECONDS = 600.0
"""Lifetime from which a container's restart says something about the node. Containers in a loop
live shorter, and restart on one node together by chance, or because they were started together."""

AGAIN_SECONDS = 3600.0
"""The same for a container that had restarted before, or is killed by its startup probe: slow
loops and long starts last longer than `SETTLED_SECONDS`."""

LOSS_SECONDS = 600.0
"""Seconds within which a node that comes back reports that containers of its pods were lost."""

SHARED_CAUSES = frozenset({Cause.LIVENESS_PROBE, Cause.STARTUP_PROBE})
"""Causes that pods of one workload have together if their probe checks something shared."""

NODE_EVENTS = frozenset({Cause.NODE_REBOOT, Cause.SANDBOX_RECREATED})
"""Causes that a container does not bring about itself, however short it lived."""

NODE_CAUSES = (SHARED_CAUSES | NODE_EVENTS) | {
    Cause.SIGNAL,
    Cause.UNKNOWN,
    Cause.UNOBSERVED,
}
"""Causes that a node or kubelet in trouble may have; containers that exit by themselves do not
count."""


OwnerKey = tuple[str, str]
"""Namespace and uid of an owner: a pod may claim one that is not in its own namespace."""


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What is kept of a restart to find patterns."""

    at: float
    pod: PodRef
    owner: OwnerKey
    """The key of the pod's controller; of a pod without one, its own."""
    cause: Cause
    settled: bool
    """Whether the container had run so long that its restart says something about the node."""


class Recent:
    """The latest restarts by key, with a bounded number of keys and of restarts for each."""

    def __init__(self) -> None:
        self._by_key: Bounded[Hashable, deque[Seen]] = Bounded(KEYS_KEPT)

    def add(self, key: Hashable, seen: Seen, within: float) -> list[Seen]:
        """Add a restart, and return those with its key that came *within* seconds of it."""
        kept = self._by_key[key] = self._by_key.get(key) or deque(maxlen=KEPT)
        kept.append(seen)
        return [each for each in kept if -within <= each.at - seen.at <= within]


class Patterns:
    """Finds patterns among the recent restarts of all pods.

    *pods_of* returns the number of tracked pods of an owner; a pod without one need not count.
    """

    def __init__(self, pods_of: Callable[[OwnerKey], int]) -> None:
        self._pods_of = pods_of
        self._of_owners = Recent()
        self._of_nodes = Recent()
        self._losses = Recent()

    def mark(self, restart: Restart) -> Restart:
        """Return the restart with its pattern, and keep it for those to come."""
        if restart.baseline or restart.cause not in NODE_CAUSES:
            return restart
        latest = _seen(restart)
        mates = self._of_owners.add(latest.owner, latest, WINDOW_SECONDS)
        neighbours = self._of_nodes.add(restart.pod.node, latest, WINDOW_SECONDS)
        pods = self._pods_of(latest.owner)
        pattern = find_pattern(latest, mates, neighbours, pods=pods)
        return restart if pattern is restart.pattern else replace(restart, pattern=pattern)

    def lost_together(self, restart: Restart) -> frozenset[PodUid]:
        """Return the pods of the node that lost containers at the same time; none if only one.

        Pods whose node is not known may be on different ones.
        """
        if not restart.pod.node:
            return frozenset()
        pods = _pods(self._losses.add(restart.pod.node, _seen(restart), LOSS_SECONDS))
        return pods if len(pods) > 1 else frozenset()


def find_pattern(
    latest: Seen, mates: Collection[Seen], neighbours: Collection[Seen], *, pods: int
) -> Pattern:
    """Return the pattern of *latest* among the restarts near it in time, itself included.

    *mates* are restarts of its workload, which has this many tracked *pods*; *neighbours* are
    restarts on its node. A workload that fails on several nodes is at fault itself; several
    workloads that fail on one node are not.
    """
    shared = [seen for seen in mates if seen.cause in SHARED_CAUSES]
    whole = latest.cause in SHARED_CAUSES and _is_whole(_pods(shared), pods)
    is_telling = latest.settled and latest.pod.node
    crowd = [seen for seen in neighbours if seen.settled] if is_telling else []
    crowded = len(_pods(crowd)) >= PODS_NEEDED and len({seen.owner for seen in crowd}) > 1
    if crowded and (not whole or len({seen.pod.node for seen in shared}) == 1):
        return Pattern.NODE_WIDE
    return Pattern.WORKLOAD_WIDE if whole else Pattern.NONE


def _seen(restart: Restart) -> Seen:
    pod, owner = restart.pod, workload_owner(restart.pod.owner)
    return Seen(
        at=restart.observed_at,
        pod=pod,
        owner=(pod.namespace, pod.uid if owner is None else owner.uid),
        cause=restart.cause,
        settled=_had_settled(restart),
    )


def _had_settled(restart: Restart) -> bool:
    if restart.cause in NODE_EVENTS:
        return True
    again = restart.restart_count > 1 or restart.cause is Cause.STARTUP_PROBE
    needed = AGAIN_SECONDS if again else SETTLED_SECONDS
    lived = lifetime_of(restart.started_at, restart.finished_at)
    return lived is not None and lived >= needed


def _pods(seen: Iterable[Seen]) -> frozenset[PodUid]:
    return frozenset({each.pod.uid for each in seen})


def _is_whole(pods: Collection[PodUid], of: int) -> bool:
    return len(pods) >= PODS_NEEDED and len(pods) >= SHARE_NEEDED * of
