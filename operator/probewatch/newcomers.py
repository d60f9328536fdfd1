"""Newcomers: tells pods that were just created from old ones that became visible.

A pod that appears has usually just been created, and all its restarts are counted.
But it may be an old one that was not watched before: its opt-out was removed, or
its labels match the selector now. Restarts from before that are not counted.

The two are told apart by `creationTimestamp`. It is compared only with that of other
pods, so only the API server's clock matters, not the local one.
"""

from collections.abc import Collection
from typing import Protocol

from probewatch.core.model import OwnerRef, PodUid

MARGIN_SECONDS = 60.0
"""More than clocks of several API servers differ, and than pods may be created out of order."""


class Newcomer(Protocol):
    """What is read of a pod that this process did not know."""

    @property
    def uid(self) -> PodUid:
        """Its uid."""
        ...

    @property
    def evidence_uid(self) -> str:
        """The uid in the kubelet's Events: for a static pod not the API object's uid."""
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
        """Its controller, from ownerReferences."""
        ...

    @property
    def created_at(self) -> float | None:
        """When it was created, epoch seconds."""
        ...

    @property
    def ignored(self) -> bool:
        """Whether it opted out of being watched."""
        ...


class Newcomers:
    """Remembers the newest creation time in each namespace, and the pods that opted out."""

    def __init__(self, *, selective: bool = False) -> None:
        self._selective = selective
        """Whether a label selector is set: only then can labels make an old pod visible."""
        self._newest: dict[str, float] = {}
        self._listed: dict[str, float] = {}
        self._ignored: dict[PodUid, str] = {}
        """Pods that opted out, each with its namespace."""
        self._versions: dict[str | None, int] = {}
        """resourceVersion of the last complete list, by namespace (`None`: of all)."""

    def is_past(self, namespace: str, version: int) -> bool:
        """Tell whether a version of an unknown pod is older than a list that did not contain it."""
        floor = max(self._versions.get(namespace, 0), self._versions.get(None, 0))
        return 0 < version <= floor

    def is_new(self, pod: Newcomer, *, relisted: bool) -> bool:
        """Tell whether an unknown pod did not exist unwatched before; call it once for each."""
        if pod.ignored:
            self.left_alone(pod.uid, pod.namespace)
            return False
        comes_late = self._selective and self._was_there(pod, relisted=relisted)
        was_ignored = self._ignored.pop(pod.uid, None) is not None
        return not (was_ignored or comes_late)

    def _was_there(self, pod: Newcomer, *, relisted: bool) -> bool:
        """Tell whether a pod is older than pods seen before it; has to be called for each."""
        created, known = pod.created_at, self._newest.get(pod.namespace)
        if created is None:
            return False
        # A list is not sorted by creation: its pods must not be compared with each other.
        newest = self._listed if relisted else self._newest
        newest[pod.namespace] = max(created, newest.get(pod.namespace, created))
        return known is not None and created < known - MARGIN_SECONDS

    def listed(
        self, seen: Collection[PodUid], namespaces: Collection[str] | None, *, version: int = 0
    ) -> None:
        """Note a complete list at *version*: *seen* are all pods of *namespaces* (`None`: all)."""
        for place in (None,) if namespaces is None else namespaces:
            self._versions[place] = version
        # The lists of other namespaces may go on: their pods are not to be compared yet.
        for namespace in tuple(self._listed) if namespaces is None else namespaces:
            if (newest := self._listed.pop(namespace, None)) is not None:
                self._newest[namespace] = max(newest, self._newest.get(namespace, newest))
        self._ignored = {
            uid: namespace
            for uid, namespace in self._ignored.items()
            if uid in seen or (namespaces is not None and namespace not in namespaces)
        }

    def left_alone(self, uid: PodUid, namespace: str) -> None:
        """Note that a tracked pod opted out: if it comes back, it is not new."""
        self._ignored[uid] = namespace

    def gone(self, uid: PodUid) -> None:
        """Forget a pod that does not exist any more."""
        self._ignored.pop(uid, None)
