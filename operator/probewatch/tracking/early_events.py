"""Early Events: a bounded buffer for Events about pods that are not known yet.

The watch of Events starts once pods are listed. After that, the two watches are
independent, and either may be ahead of the other.
"""

from collections.abc import Sequence

from probewatch.core.bounded import Bounded
from probewatch.core.evidence import Evidence

PODS_KEPT = 1000
EVENTS_KEPT = 32


class EarlyEvents:
    """Keeps the latest Events of the pods that had an Event most recently."""

    def __init__(self) -> None:
        self._kept: Bounded[tuple[str, str], list[Evidence]] = Bounded(PODS_KEPT)

    def __len__(self) -> int:
        """Count the pods with buffered Events."""
        return len(self._kept)

    def keep(self, evidence: Evidence) -> None:
        """Buffer an Event until its pod is known."""
        about = (evidence.namespace, evidence.involved_uid)
        self._kept[about] = [*self._kept.get(about, ()), evidence][-EVENTS_KEPT:]

    def take(self, namespace: str, uid: str) -> Sequence[Evidence]:
        """Remove and return the Events about a pod, by its namespace and its uid in Events."""
        return self._kept.pop((namespace, uid), ())
