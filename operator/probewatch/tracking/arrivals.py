"""Arrivals: decides what an unknown pod is.

It may have just been created. It may be older and new to this process only, and then
the records may hold its watermarks. Or it was deleted, and an old version arrives late.
"""

from collections.abc import Callable, Collection

from probewatch.core.model import PodUid
from probewatch.core.remembered import NOTHING_REMEMBERED, Remembered
from probewatch.core.values import replace
from probewatch.newcomers import Newcomer, Newcomers
from probewatch.tracking.tombstones import Tombstones


def remember_nothing(_pod: Newcomer) -> Remembered:
    """Stand in for the records where there are none."""
    return NOTHING_REMEMBERED


class Arrivals:
    """Tracks deleted pods, and looks new ones up in the records with *remember*."""

    def __init__(self, remember: Callable[[Newcomer], Remembered], *, selective: bool) -> None:
        self._remember = remember
        self._newcomers = Newcomers(selective=selective)
        self._tombstones = Tombstones()

    def recall(self, pod: Newcomer, *, relisted: bool) -> Remembered:
        """Return what the records hold of an unknown pod; to be called once for each.

        A pod that existed unwatched before is not counted from 0, even if the records are complete.
        """
        is_new = self._newcomers.is_new(pod, relisted=relisted)
        is_new = is_new and pod.uid not in self._tombstones
        remembered = self._remember(pod)
        if is_new or not remembered.from_zero:
            return remembered
        return replace(remembered, from_zero=False)

    def is_late(self, uid: PodUid, namespace: str, version: int, *, relisted: bool) -> bool:
        """Tell whether a version of an unknown pod is outdated: older than what shows it deleted.

        That is its deletion, or a list that did not contain it.
        """
        if self._tombstones.covers(uid, version):
            return True
        return not relisted and self._newcomers.is_past(namespace, version)

    def left_alone(self, uid: PodUid, namespace: str) -> None:
        """Note that a pod opted out: it exists, but is not tracked any more."""
        self._newcomers.left_alone(uid, namespace)

    def deleted(self, uid: PodUid, version: int) -> None:
        """Note that a pod was deleted at this resourceVersion."""
        self._tombstones.add(uid, version)

    def gone(self, uid: PodUid) -> None:
        """Forget a pod that does not exist any more."""
        self._newcomers.gone(uid)

    def listed(
        self, seen: Collection[PodUid], namespaces: Collection[str] | None, *, version: int
    ) -> None:
        """Note a complete list at *version*: *seen* are all pods of *namespaces* (`None`: all)."""
        self._newcomers.listed(seen, namespaces, version=version)
