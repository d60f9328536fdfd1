"""Shared restarts: finds restarts that many pods of a workload or of a node have in common."""

from collections import Counter
from typing import Protocol

from probewatch.core.evidence import Evidence, EvidenceKind
from probewatch.core.findings import Restart
from probewatch.core.model import OwnerRef, PodUid
from probewatch.core.observe import EvidenceObserved
from probewatch.core.patterns import OwnerKey, Patterns

LOST_RULE = "lost"
"""Name of the rule for a container that the runtime lost: just this one, or with its node."""


class Owned(Protocol):
    """What is read of a pod to count it as one of its owner's."""

    @property
    def namespace(self) -> str:
        """Its namespace."""
        ...

    @property
    def owner(self) -> OwnerRef | None:
        """Its controller, from ownerReferences."""
        ...


class SharedRestarts:
    """Counts the pods of each owner, and finds the patterns of restarts."""

    def __init__(self) -> None:
        self._owned: Counter[OwnerKey] = Counter()
        self._patterns = Patterns(self._owned.__getitem__)

    def join(self, pod: Owned) -> None:
        """Add a tracked pod."""
        if pod.owner is not None:  # a pod by itself is never many
            self._owned[pod.namespace, pod.owner.uid] += 1

    def leave(self, pod: Owned) -> None:
        """Remove a pod."""
        if pod.owner is None:
            return
        key = (pod.namespace, pod.owner.uid)
        self._owned[key] -= 1
        if self._owned[key] <= 0:
            del self._owned[key]

    def follow(self, before: Owned | None, pod: Owned) -> None:
        """Count a pod that was adopted, or let go by its owner, as one of its new owner."""
        if before is not None and before.owner != pod.owner:
            self.leave(before)
            self.join(pod)

    def mark(self, restart: Restart) -> Restart:
        """Return the restart with its pattern, if it is part of one."""
        return self._patterns.mark(restart)

    def find_losses(self, restart: Restart) -> frozenset[PodUid]:
        """Return the pods of the node that lost containers at the same time; empty if none did."""
        return self._patterns.lost_together(restart) if restart.rule == LOST_RULE else frozenset()


def node_loss_evidence(restart: Restart) -> EvidenceObserved:
    """Return evidence that other pods of the node lost containers too; no Event says so."""
    at = restart.finished_at if restart.finished_at is not None else restart.observed_at
    return EvidenceObserved(
        evidence=Evidence(
            kind=EvidenceKind.NODE_LOST_CONTAINERS,
            at=at,
            first_at=at,
            name=f"{restart.pod.node}/{at}",
            node=restart.pod.node,
        )
    )
