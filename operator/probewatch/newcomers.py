"""Newcomers: whether a pod that was not known began its life under our eyes.

A pod that appears has usually just been created, and its restarts are all ours to
count. But it may also be an old one that came into our sight: its opt-out was taken
back, or its labels match the selector now. What it did before is not counted.

The two are told apart by `creationTimestamp`, compared only with that of other pods:
one clock, the API server's, whatever the time is here.
"""

from collections.abc import Collection
from typing import Protocol

from probewatch.core.model import OwnerRef, PodUid

MARGIN_SECONDS = 60.0
"""Clocks of several API servers may differ by less; pods are not created in exact order."""


class Newcomer(Protocol):
    """What can be asked of a pod that is new here."""

    @property
    def uid(self) -> PodUid:
        """Its uid."""
        ...

    @property
    def namespace(self) -> str:
        """Its namespace."""
        ...

    @property
    def name(self) -> str:
        """Its name."""
        ...

    @property
    def owner(self) -> OwnerRef | None:
        """Its controller."""
        ...

    @property
    def created_at(self) -> float | None:
        """When it was created, epoch seconds."""
        ...

    @property
    def ignored(self) -> bool:
        """Whether it opted out."""
        ...


class Newcomers:
    """Remembers the newest creation in each namespace, and the pods that are left alone."""

    def __init__(self) -> None:
        self._newest: dict[str, float] = {}
        self._listed: dict[str, float] = {}
        self._ignored: set[PodUid] = set()

    def is_new(self, pod: Newcomer, *, relisted: bool) -> bool:
        """Whether the pod cannot have been there, unseen, before; call it for each unknown one."""
        if pod.ignored:
            self._ignored.add(pod.uid)
            return False
        created, known = pod.created_at, self._newest.get(pod.namespace)
        if created is not None:
            # A list is in no order: what is in it says nothing of its other pods.
            newest = self._listed if relisted else self._newest
            newest[pod.namespace] = max(created, newest.get(pod.namespace, created))
        if pod.uid in self._ignored:
            self._ignored.discard(pod.uid)
            return False
        return created is None or known is None or created >= known - MARGIN_SECONDS

    def listed(self, seen: Collection[PodUid], namespaces: Collection[str] | None) -> None:
        """A list is complete: the pods of *namespaces* (`None`: all) are those *seen*."""
        for namespace, newest in self._listed.items():
            self._newest[namespace] = max(newest, self._newest.get(namespace, newest))
        self._listed = {}
        if namespaces is None:
            self._ignored &= set(seen)

    def gone(self, uid: PodUid) -> None:
        """The pod does not exist any more."""
        self._ignored.discard(uid)
