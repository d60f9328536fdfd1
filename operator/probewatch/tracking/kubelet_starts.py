"""Kubelet starts: when the kubelet of a node said that it starts. Bounded.

It is kept here once, not with each pod of the node: an upgrade of all nodes is news of all pods
of the cluster, and changes what is said of those whose readiness falls just then.
"""

from collections import OrderedDict

from probewatch.core.evidence import Evidence
from probewatch.core.observe import Observation, PodObserved
from probewatch.core.values import replace

NODES_KEPT = 10_000
"""Twice the nodes of the largest cluster that Kubernetes supports."""


class KubeletStarts:
    """The last start on each node, by the node's clock."""

    def __init__(self) -> None:
        self._at: OrderedDict[str, float] = OrderedDict()

    def hear(self, evidence: Evidence) -> None:
        """Take note of a start; one that comes late changes nothing."""
        known = self._at.get(evidence.node, evidence.at)
        self._at[evidence.node] = max(known, evidence.at)
        self._at.move_to_end(evidence.node)
        while len(self._at) > NODES_KEPT:
            self._at.popitem(last=False)

    def add_start(self, observation: Observation) -> Observation:
        """Return the observation, with the last start where it is of a pod."""
        if not isinstance(observation, PodObserved) or observation.pod.node not in self._at:
            return observation
        return replace(observation, kubelet_started=self._at[observation.pod.node])
