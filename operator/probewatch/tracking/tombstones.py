"""Tombstones: pods that were deleted lately, so that what comes late does not bring them back."""

from collections import OrderedDict

from probewatch.core.model import PodUid

KEPT = 8192
"""More than the largest cluster deletes while anything can be on its way."""


class Tombstones:
    """Uids of deleted pods with the version of the deletion; bounded."""

    def __init__(self) -> None:
        self._versions: OrderedDict[PodUid, int] = OrderedDict()

    def add(self, uid: PodUid, version: int) -> None:
        """The pod is gone as of this resourceVersion."""
        self._versions[uid] = version
        self._versions.move_to_end(uid)
        if len(self._versions) > KEPT:
            self._versions.popitem(last=False)

    def __contains__(self, uid: PodUid) -> bool:
        """Whether the pod went, be it only from what is watched."""
        return uid in self._versions

    def covers(self, uid: PodUid, version: int) -> bool:
        """Whether this version is from before the deletion.

        A newer one is a pod that left what is watched and came back: its labels changed twice.
        """
        return version <= self._versions.get(uid, -1)
