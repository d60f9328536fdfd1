"""Feeds: what a watch hands over, translated into observations.

One for each watch. They decide nothing; what they do is parse, and remember
during a list which pods were in it. One object that cannot be taken in costs
only itself.
"""

from collections.abc import Collection
from typing import Protocol

from probewatch.boundary import Boundary
from probewatch.core.model import PodUid
from probewatch.core.observe import EvidenceObserved, Observation, PodGone, PodObserved
from probewatch.kube import objects, parsing, testimony


class Observer(Protocol):
    """What feeds need of the controller."""

    def observe(self, observation: Observation) -> None:
        """Take in one observation, received now."""
        ...

    def sweep(self, seen: Collection[PodUid], namespaces: Collection[str] | None) -> None:
        """Let go of the pods that a complete list did not contain."""
        ...


class PodFeed:
    """Pods of one namespace, or (`None`) of all."""

    def __init__(
        self, observer: Observer, boundary: Boundary, *, namespace: str | None = None
    ) -> None:
        self._observer = observer
        self._boundary = boundary
        self._namespaces = None if namespace is None else (namespace,)
        self._seen: set[PodUid] = set()

    def listing(self) -> None:
        """A list begins: what it will not contain is gone."""
        self._seen = set()

    def listed(self, raw: objects.Pod) -> None:
        """A pod in a list: anything may have happened since it was last seen."""
        # Seen even if it cannot be taken in: it is not gone.
        self._seen.add(PodUid(raw.metadata.uid or ""))
        with self._boundary.guard("pod feed"):
            pod = parsing.parse_pod(raw)
            self._observer.observe(PodObserved(pod=pod, relisted=True))

    def synced(self, version: str) -> None:  # noqa: ARG002  # used below
        """The list is complete."""
        with self._boundary.guard("sweep"):
            self._observer.sweep(self._seen, self._namespaces)
        self._seen = set()

    def changed(self, kind: str, raw: objects.Pod) -> None:  # noqa: ARG002  # new or not, the store knows
        """A new version of a pod."""
        with self._boundary.guard("pod feed"):
            self._observer.observe(PodObserved(pod=parsing.parse_pod(raw)))

    def deleted(self, raw: objects.Pod) -> None:
        """The last version of a pod is looked at too: it may hold a last restart."""
        with self._boundary.guard("pod feed"):
            pod = parsing.parse_pod(raw)
            self._observer.observe(PodObserved(pod=pod))
            self._observer.observe(PodGone(uid=pod.uid))


class EvidenceFeed:
    """Events of the kubelet. That one expires says nothing, so nothing is swept."""

    def __init__(self, observer: Observer, boundary: Boundary) -> None:
        self._observer = observer
        self._boundary = boundary

    def listing(self) -> None:
        """Nothing to do: Events are facts, not state."""

    def listed(self, raw: objects.Event) -> None:
        """An Event in a list: the store knows which it has seen."""
        self._observe(raw)

    def synced(self, version: str) -> None:
        """Nothing to do."""

    def changed(self, kind: str, raw: objects.Event) -> None:  # noqa: ARG002  # likewise
        """A new or repeated Event."""
        self._observe(raw)

    def deleted(self, raw: objects.Event) -> None:
        """Nothing to do: what was said stays said."""

    def _observe(self, raw: objects.Event) -> None:
        with self._boundary.guard("evidence feed"):
            evidence = testimony.parse_evidence(raw)
            if evidence is not None:
                self._observer.observe(EvidenceObserved(evidence=evidence))
