"""Kubelet starts: when the kubelet of each node last started, by its own Event. Bounded.

Kept once per node and not with each pod: an upgrade of all nodes would otherwise change the
state of every pod of the cluster. It matters for pods that lose their readiness just then.
"""

from probewatch.core.bounded import Bounded
from probewatch.core.evidence import Evidence
from probewatch.core.observe import Observation, PodObserved
from probewatch.core.values import replace

NODES_KEPT = 10_000
"""Twice the nodes of the largest cluster that Kubernetes supports."""


class KubeletStarts:
    """The last start of the kubelet on each node, by the node's clock."""

    def __init__(self) -> None:
        self._at: Bounded[str, float] = Bounded(NODES_KEPT)

    def record(self, evidence: Evidence) -> None:
        """Record a start; an older one that arrives late changes nothing."""
        known = self._at.get(evidence.node, evidence.at)
        self._at[evidence.node] = max(known, evidence.at)

    def add_start(self, observation: Observation) -> Observation:
        """Return an observation of a pod with the last start of its kubelet; others unchanged."""
        if not isinstance(observation, PodObserved) or observation.pod.node not in self._at:
            return observation
        return replace(observation, kubelet_started=self._at[observation.pod.node])
