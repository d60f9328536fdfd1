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
    def evidence_uid(self) -> str:
        """By which uid the kubelet calls it: another one for a static pod."""
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

    def __init__(self, *, selective: bool = False) -> None:
        self._selective = selective
        """Whether pods are selected by labels: else none can come into sight that was there."""
        self._newest: dict[str, float] = {}
        self._listed: dict[str, float] = {}
        self._ignored: set[PodUid] = set()
        self._versions: dict[str | None, int] = {}
        """Of the last complete list, by namespace (`None`: of all)."""

    def is_past(self, namespace: str, version: int) -> bool:
        """Whether a version of an unknown pod is older than a list that did not contain it."""
        floor = max(self._versions.get(namespace, 0), self._versions.get(None, 0))
        return 0 < version <= floor

    def is_new(self, pod: Newcomer, *, relisted: bool) -> bool:
        """Whether the pod cannot have been there, unseen, before; call it for each unknown one."""
        if pod.ignored:
            self._ignored.add(pod.uid)
            return False
        comes_late = self._selective and self._was_there(pod, relisted=relisted)
        if pod.uid in self._ignored:
            self._ignored.discard(pod.uid)
            return False
        return not comes_late

    def _was_there(self, pod: Newcomer, *, relisted: bool) -> bool:
        """Whether a pod is older than others that were in sight before it; call it for each."""
        created, known = pod.created_at, self._newest.get(pod.namespace)
        if created is None:
            return False
        # A list is in no order: what is in it says nothing of its other pods.
        newest = self._listed if relisted else self._newest
        newest[pod.namespace] = max(created, newest.get(pod.namespace, created))
        return known is not None and created < known - MARGIN_SECONDS

    def listed(
        self, seen: Collection[PodUid], namespaces: Collection[str] | None, *, version: int = 0
    ) -> None:
        """A list of this version is complete: the pods of *namespaces* (`None`: all) are *seen*."""
        for place in (None,) if namespaces is None else namespaces:
            self._versions[place] = version
        for namespace, newest in self._listed.items():
            self._newest[namespace] = max(newest, self._newest.get(namespace, newest))
        self._listed = {}
        if namespaces is None:
            self._ignored &= set(seen)

    def left_alone(self, uid: PodUid) -> None:
        """The pod opted out while it was followed: when it comes again, it was there before."""
        self._ignored.add(uid)

    def gone(self, uid: PodUid) -> None:
        """The pod does not exist any more."""
        self._ignored.discard(uid)
