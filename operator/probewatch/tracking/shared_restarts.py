"""Kin: what pods have in common, seen from one of them that restarts."""

from collections import Counter

from probewatch.core.evidence import Evidence, EvidenceKind
from probewatch.core.findings import Restart
from probewatch.core.model import PodUid
from probewatch.core.observe import EvidenceObserved
from probewatch.core.patterns import Patterns
from probewatch.kube.pods.snapshot import Header

LOST_RULE = "lost"
"""The rule of a restart whose container the runtime lost: alone, or with the node."""


class Kin:
    """Counts the pods of each owner, and finds restarts that many share."""

    def __init__(self) -> None:
        self._owned: Counter[str] = Counter()
        self._patterns = Patterns(self._owned.__getitem__)

    def join(self, header: Header) -> None:
        """One pod more."""
        self._owned[_owner(header)] += 1

    def leave(self, header: Header) -> None:
        """One pod less."""
        owner = _owner(header)
        self._owned[owner] -= 1
        if self._owned[owner] <= 0:
            del self._owned[owner]

    def mark(self, restart: Restart) -> Restart:
        """Return the restart with its pattern, if it is one of many."""
        return self._patterns.mark(restart)

    def find_losses(self, restart: Restart) -> frozenset[PodUid]:
        """Return the pods of its node that lost containers with it; none if it is alone."""
        return self._patterns.lost_together(restart) if restart.rule == LOST_RULE else frozenset()


def lost_together(restart: Restart) -> EvidenceObserved:
    """Say to a pod what no Event says: others of its node lost containers at the same time."""
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


def _owner(header: Header) -> str:
    return header.owner.uid if header.owner is not None else header.uid
