"""Tombstones: recently deleted pods, so that an update that arrives late does not revive them."""

from probewatch.core.bounded import Bounded
from probewatch.core.model import PodUid

KEPT = 8192
"""More than the largest cluster deletes while an update can be under way."""


class Tombstones:
    """Uids of deleted pods with the resourceVersion of the deletion; bounded."""

    def __init__(self) -> None:
        self._versions: Bounded[PodUid, int] = Bounded(KEPT)

    def add(self, uid: PodUid, version: int) -> None:
        """Add a pod that was deleted at this resourceVersion."""
        self._versions[uid] = version

    def __contains__(self, uid: PodUid) -> bool:
        """Tell whether the pod was deleted, or left the set of watched pods."""
        return uid in self._versions

    def covers(self, uid: PodUid, version: int) -> bool:
        """Tell whether this version is from before the deletion.

        A newer one is a pod whose labels changed twice: it left the label selector and came back.
        """
        return version <= self._versions.get(uid, -1)
