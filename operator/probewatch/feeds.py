"""Feeds: translate what a watch delivers into observations, one feed per watch.

Feeds decide nothing. They parse objects, and remember which pods a running list
contained. An object that cannot be processed is skipped and does not stop the feed.
"""

import asyncio
from collections.abc import Collection, Sequence
from functools import partial
from typing import Protocol

from probewatch.boundary import Boundary
from probewatch.core.evidence import Evidence, occurrence
from probewatch.core.model import PodUid
from probewatch.core.observe import EvidenceObserved, Observation
from probewatch.kube import event_objects, testimony
from probewatch.kube.parsing import parse_version
from probewatch.kube.pods.snapshot import Snapshot


class Observer(Protocol):
    """What feeds need from the controller."""

    def observe(self, observation: Observation) -> None:
        """Process one observation, received now."""
        ...

    def skips(self, uid: PodUid, version: int, mark: int) -> bool:
        """Tell whether this version of a pod, by its digest *mark*, holds nothing new."""
        ...

    def see(self, snapshot: Snapshot, *, relisted: bool) -> None:
        """Process a version of a pod, received now; *relisted* if it comes from a list."""
        ...

    def known_version(self, uid: PodUid) -> int:
        """Return the newest resourceVersion seen of a pod; 0 if the pod is unknown."""
        ...

    def gone(self, uid: PodUid, version: int) -> None:
        """Process the deletion of a pod at this resourceVersion."""
        ...

    def sweep(
        self, seen: Collection[PodUid], namespaces: Collection[str] | None, version: int
    ) -> None:
        """Forget the pods that a complete list did not contain."""
        ...

    def list_ended(self) -> None:
        """Note that a list is complete and all its objects were observed."""
        ...


class Unread(Protocol):
    """A pod that is not decoded yet: only its identity, version and digest are known."""

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
        """A digest that changes with anything that is read from the pod."""
        ...

    def take(self) -> Snapshot | None:
        """Decode the pod and return its snapshot; None if it cannot be decoded."""
        ...


class PodFeed:
    """Feeds pods of one namespace, or of all (`None`), to the controller."""

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
        """Pods known by a newer version than was seen here: it may be that of a record."""
        self.complete = asyncio.Event()
        """Set once a list was complete, so that every existing pod is known."""

    def listing(self) -> None:
        """Start a list: pods that it does not contain are gone."""
        self._seen, self._newest_lost = set(), 0

    def listed(self, raws: Sequence[Unread]) -> None:
        """Process pods of a list; they may have changed in any way since they were last seen."""
        found: list[Snapshot] = []
        self._guard.each(raws, partial(self._take_listed, found))
        self._guard.each(found, partial(self._see, relisted=True))

    def _take_listed(self, found: list[Snapshot], raw: Unread) -> None:
        """Add the snapshot of a pod to *found*, unless it holds nothing new."""
        self._seen.add(raw.uid)  # even if it cannot be decoded: it exists
        known = self._observer.known_version(raw.uid)
        if 0 < raw.version < known and raw.uid not in self._recorded:
            self._newest_lost = max(self._newest_lost, known)
        # Spare a first list the look-up: no pod is known.
        if (not known or not self.skips(raw)) and (snapshot := raw.take()) is not None:
            found.append(snapshot)

    def synced(self, version: str) -> None:
        """Complete the list of this resourceVersion, and forget pods that were not in it."""
        with self._sweep_guard:
            self._observer.sweep(self._seen, self._namespaces, parse_version(version))
        self._observer.list_ended()
        self._recorded &= self._seen
        self._seen = set()
        self.complete.set()

    def newest_lost(self) -> int:
        """Return the newest known version of pods that the list showed in an older one; or 0.

        Such a list is a sign that the cluster was restored from a backup.
        """
        return self._newest_lost

    def skips(self, raw: Unread) -> bool:
        """Tell whether this version of a pod holds nothing new."""
        return self._observer.skips(raw.uid, raw.version, raw.mark)

    def changed(self, kind: str, raw: Unread) -> None:  # noqa: ARG002  # new or not, the store knows
        """Process a pod that was added or modified."""
        self._take(raw)

    def deleted(self, raw: Unread) -> None:
        """Process the last version of a deleted pod, which may show a last restart."""
        self._take(raw)
        with self._guard:
            self._observer.gone(raw.uid, raw.version)

    def _take(self, raw: Unread) -> None:
        with self._guard:
            snapshot = raw.take()
            if snapshot is not None:
                self._see(snapshot, relisted=False)

    def _see(self, snapshot: Snapshot, *, relisted: bool) -> None:
        self._observer.see(snapshot, relisted=relisted)
        if 0 < snapshot.version < self._observer.known_version(snapshot.uid):
            self._recorded.add(snapshot.uid)


class EvidenceFeed:
    """Feeds the kubelet's Events to the controller.

    Events expire, so one that is missing from a list means nothing. Those of the first list
    are marked as history: an earlier process, if there was one, has counted them.

    A list is in the order of names, which begin with that of the pod and go on with the time of
    the first occurrence. So the Events of each pod are sorted by their latest occurrence, as a
    watch delivers them: that a container was started again, without a kill before, says something.
    """

    def __init__(self, observer: Observer, boundary: Boundary) -> None:
        self._observer = observer
        self._guard = boundary.guard("evidence feed")
        self._is_first = True
        self._held: list[Evidence] = []
        """Events about the pod that the list has arrived at."""

    def listing(self) -> None:
        """Start a list: an Event that it does not contain has only expired."""
        self._held = []

    def listed(self, raws: Sequence[event_objects.Event]) -> None:
        """Process Events of a list; the core ignores those it has seen."""
        self._guard.each(raws, self._hold)

    def _hold(self, raw: event_objects.Event) -> None:
        evidence = testimony.parse_evidence(raw)
        if evidence is None:
            return
        if self._held and _pod_of(evidence) != _pod_of(self._held[0]):
            self._release()
        self._held.append(evidence)

    def synced(self, version: str) -> None:  # noqa: ARG002  # likewise
        """Complete the list."""
        self._release()
        self._is_first = False
        self._observer.list_ended()

    def _release(self) -> None:
        held, self._held = self._held, []
        for evidence in sorted(held, key=occurrence):
            self._observe(evidence)

    def changed(self, kind: str, raw: event_objects.Event) -> None:  # noqa: ARG002  # likewise
        """Process an Event that was added or repeated."""
        with self._guard:
            evidence = testimony.parse_evidence(raw)
            if evidence is not None:
                self._observe(evidence)

    def deleted(self, raw: event_objects.Event) -> None:
        """Do nothing: an expired Event stays true."""

    def _observe(self, evidence: Evidence) -> None:
        with self._guard:
            self._observer.observe(EvidenceObserved(evidence=evidence, is_history=self._is_first))


def _pod_of(evidence: Evidence) -> tuple[str, str]:
    return evidence.namespace, evidence.involved_uid
