"""Feeds: what a watch hands over, translated into observations.

One for each watch. They decide nothing; what they do is parse, and remember
during a list which pods were in it. One object that cannot be taken in costs
only itself.
"""

import asyncio
from collections.abc import Collection
from typing import Protocol

from probewatch.boundary import Boundary
from probewatch.core.model import PodUid
from probewatch.core.observe import EvidenceObserved, Observation
from probewatch.kube import event_objects, testimony
from probewatch.kube.parsing import parse_version
from probewatch.kube.pods.snapshot import Snapshot


class Observer(Protocol):
    """What feeds need of the controller."""

    def observe(self, observation: Observation) -> None:
        """Take in one observation, received now."""
        ...

    def skips(self, uid: PodUid, version: int, mark: int) -> bool:
        """Tell whether a version of a pod, known by its mark, has nothing new in it."""
        ...

    def see(self, snapshot: Snapshot, *, relisted: bool) -> None:
        """Take in a version of a pod, received now."""
        ...

    def known_version(self, uid: PodUid) -> int:
        """The newest version of a pod that was seen; 0 for one that is not known."""
        ...

    def gone(self, uid: PodUid, version: int) -> None:
        """Take in that a pod was deleted, as of this resourceVersion."""
        ...

    def sweep(
        self, seen: Collection[PodUid], namespaces: Collection[str] | None, version: int
    ) -> None:
        """Let go of the pods that a complete list did not contain."""
        ...

    def list_ended(self) -> None:
        """Take in that a list is complete, and all that it shows was told."""
        ...


class Unread(Protocol):
    """A pod of which no more is known yet than which one it is, and whether there is news of it."""

    @property
    def uid(self) -> PodUid:
        """Its uid."""
        ...

    @property
    def version(self) -> int:
        """Its resourceVersion."""
        ...

    @property
    def mark(self) -> int:
        """Another one once anything of interest changes."""
        ...

    def take(self) -> Snapshot | None:
        """Return its snapshot; None if it turns out to be no pod."""
        ...


class PodFeed:
    """Pods of one namespace, or (`None`) of all."""

    def __init__(
        self, observer: Observer, boundary: Boundary, *, namespace: str | None = None
    ) -> None:
        self._observer = observer
        self._guard = boundary.guard("pod feed")
        self._sweep_guard = boundary.guard("sweep")
        self._namespaces = None if namespace is None else (namespace,)
        self._seen: set[PodUid] = set()
        self._newest_lost = 0
        self._recorded: set[PodUid] = set()
        """Pods known by a newer version than was seen: records tell of it, maybe of a lost one."""
        self.complete = asyncio.Event()
        """Set once a list was complete: every pod there is, is known."""

    def listing(self) -> None:
        """A list begins: what it will not contain is gone."""
        self._seen, self._newest_lost = set(), 0

    def listed(self, raw: Unread) -> None:
        """A pod in a list: anything may have happened since it was last seen."""
        self._seen.add(raw.uid)  # even if it cannot be taken in: it is not gone
        with self._guard:
            known = self._observer.known_version(raw.uid)
            if 0 < raw.version < known and raw.uid not in self._recorded:
                self._newest_lost = max(self._newest_lost, known)
            if not known or not self.skips(raw):  # of a first list none is known
                self._see(raw, relisted=True)

    def synced(self, version: str) -> None:
        """The list is complete."""
        with self._sweep_guard:
            self._observer.sweep(self._seen, self._namespaces, parse_version(version))
        self._observer.list_ended()
        self._recorded &= self._seen
        self._seen = set()
        self.complete.set()

    def newest_lost(self) -> int:
        """The newest version known of a pod that the list shows in an older one; or 0."""
        return self._newest_lost

    def skips(self, raw: Unread) -> bool:
        """Whether nothing that is read changed in this version of a pod."""
        return self._observer.skips(raw.uid, raw.version, raw.mark)

    def changed(self, kind: str, raw: Unread) -> None:  # noqa: ARG002  # new or not, the store knows
        """A new version of a pod, which was not skipped."""
        with self._guard:
            self._see(raw, relisted=False)

    def deleted(self, raw: Unread) -> None:
        """The last version of a pod is looked at too: it may hold a last restart."""
        with self._guard:
            self._see(raw, relisted=False)
        with self._guard:
            self._observer.gone(raw.uid, raw.version)

    def _see(self, raw: Unread, *, relisted: bool) -> None:
        snapshot = raw.take()
        if snapshot is None:
            return
        self._observer.see(snapshot, relisted=relisted)
        if 0 < raw.version < self._observer.known_version(raw.uid):
            self._recorded.add(raw.uid)


class EvidenceFeed:
    """Events of the kubelet. That one expires says nothing, so nothing is swept.

    Those of the first list were counted by the process before, if there was one.
    """

    def __init__(self, observer: Observer, boundary: Boundary) -> None:
        self._observer = observer
        self._guard = boundary.guard("evidence feed")
        self._is_first = True

    def listing(self) -> None:
        """Nothing to do: Events are facts, not state."""

    def listed(self, raw: event_objects.Event) -> None:
        """An Event in a list: the store knows which it has seen."""
        self._observe(raw)

    def synced(self, version: str) -> None:  # noqa: ARG002  # likewise
        """The list is complete."""
        self._is_first = False
        self._observer.list_ended()

    def changed(self, kind: str, raw: event_objects.Event) -> None:  # noqa: ARG002  # likewise
        """A new or repeated Event."""
        self._observe(raw)

    def deleted(self, raw: event_objects.Event) -> None:
        """Nothing to do: what was said stays said."""

    def _observe(self, raw: event_objects.Event) -> None:
        with self._guard:
            evidence = testimony.parse_evidence(raw)
            if evidence is not None:
                observed = EvidenceObserved(evidence=evidence, is_history=self._is_first)
                self._observer.observe(observed)
