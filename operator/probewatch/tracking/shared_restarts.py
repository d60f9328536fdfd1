"""Shared restarts: finds restarts that many pods of a workload or of a node have in common."""

from collections import Counter

from probewatch.core.evidence import Evidence, EvidenceKind
from probewatch.core.findings import Restart
from probewatch.core.model import PodUid
from probewatch.core.observe import EvidenceObserved
from probewatch.core.patterns import OwnerKey, Patterns
from probewatch.kube.pods.snapshot import Header

LOST_RULE = "lost"
"""Name of the rule for a container that the runtime lost: just this one, or with its node."""


class SharedRestarts:
    """Counts the pods of each owner, and finds the patterns of restarts."""

    def __init__(self) -> None:
        self._owned: Counter[OwnerKey] = Counter()
        self._patterns = Patterns(self._owned.__getitem__)

    def join(self, header: Header) -> None:
        """Add a tracked pod."""
        if header.owner is not None:  # a pod by itself is never many
            self._owned[header.namespace, header.owner.uid] += 1

    def leave(self, header: Header) -> None:
        """Remove a pod."""
        if header.owner is None:
            return
        key = (header.namespace, header.owner.uid)
        self._owned[key] -= 1
        if self._owned[key] <= 0:
            del self._owned[key]

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
