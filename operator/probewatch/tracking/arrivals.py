"""Arrivals: what is to be made of a pod that the store does not know.

It may be new, or new here: then records may remember it. Or it is one that went,
and what is heard of it comes late.
"""

from collections.abc import Callable, Collection

from probewatch.core.model import PodUid
from probewatch.core.remembered import NOTHING_REMEMBERED, Remembered
from probewatch.core.values import replace
from probewatch.newcomers import Newcomer, Newcomers
from probewatch.tracking.tombstones import Tombstones


def remember_nothing(_pod: Newcomer) -> Remembered:
    """Where there are no records."""
    return NOTHING_REMEMBERED


class Arrivals:
    """Knows who went, and asks records about who comes."""

    def __init__(self, remember: Callable[[Newcomer], Remembered], *, selective: bool) -> None:
        self._remember = remember
        self._newcomers = Newcomers(selective=selective)
        self._tombstones = Tombstones()

    def recall(self, pod: Newcomer, *, relisted: bool) -> Remembered:
        """What records say of a pod, as far as it holds for this one; call it for each unknown."""
        is_new = self._newcomers.is_new(pod, relisted=relisted)
        is_new = is_new and pod.uid not in self._tombstones
        remembered = self._remember(pod)
        if is_new or not remembered.from_zero:
            return remembered
        return replace(remembered, from_zero=False)

    def is_late(self, uid: PodUid, namespace: str, version: int, *, relisted: bool) -> bool:
        """Whether an unknown pod is one that went: this version of it comes late."""
        if self._tombstones.covers(uid, version):
            return True
        return not relisted and self._newcomers.is_past(namespace, version)

    def left_alone(self, uid: PodUid) -> None:
        """The pod exists, and is not followed any more: it opted out."""
        self._newcomers.left_alone(uid)

    def deleted(self, uid: PodUid, version: int) -> None:
        """The pod was deleted as of this version."""
        self._tombstones.add(uid, version)

    def gone(self, uid: PodUid) -> None:
        """The pod does not exist any more, however that became known."""
        self._newcomers.gone(uid)

    def listed(
        self, seen: Collection[PodUid], namespaces: Collection[str] | None, *, version: int
    ) -> None:
        """A list is complete: the pods of *namespaces* (`None`: all) are those *seen*."""
        self._newcomers.listed(seen, namespaces, version=version)
