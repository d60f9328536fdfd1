"""Early Events: what the kubelet said of pods that are not known yet. Bounded.

The watch of Events begins once pods are listed. From then on the two are
independent: either may be ahead.
"""

from collections import OrderedDict
from collections.abc import Sequence

from probewatch.core.evidence import Evidence

PODS_KEPT = 1000
EVENTS_KEPT = 32


class EarlyEvents:
    """Keeps the latest Events of the pods that were spoken of last."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str], list[Evidence]] = OrderedDict()

    def __len__(self) -> int:
        """Of how many pods something is kept."""
        return len(self._kept)

    def keep(self, evidence: Evidence) -> None:
        """Keep an Event until its pod comes."""
        about = (evidence.namespace, evidence.involved_uid)
        kept = self._kept.setdefault(about, [])
        kept.append(evidence)
        del kept[:-EVENTS_KEPT]
        self._kept.move_to_end(about)
        while len(self._kept) > PODS_KEPT:
            self._kept.popitem(last=False)

    def take(self, namespace: str, uid: str) -> Sequence[Evidence]:
        """Return what was said of a pod in its namespace, by the uid that Events call it by."""
        return self._kept.pop((namespace, uid), ())
