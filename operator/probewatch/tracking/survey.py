"""The survey: what can be asked of the store without changing anything."""

from collections.abc import Collection, Iterator

from probewatch.core.model import Pod, PodRef, PodUid
from probewatch.core.restarts import Watermark
from probewatch.core.sighting import Sighting
from probewatch.core.state import PodState
from probewatch.kube.pods.snapshot import Header, Snapshot
from probewatch.tracking.deadlines import Deadlines
from probewatch.tracking.shelf import Packed, Shelf


class Survey:
    """Answers from the shelf and the deadlines."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._deadlines = Deadlines()

    def __len__(self) -> int:
        """How many pods are tracked."""
        return len(self._shelf)

    def next_due(self) -> float | None:
        """When time matters next, if at all."""
        return self._deadlines.next()

    def about(self, uid: PodUid) -> Header | None:
        """What is known of a tracked pod without a look at its status."""
        return self._shelf.header(uid)

    def state(self, uid: PodUid) -> PodState | None:
        """All that is remembered of a pod."""
        return self._shelf.look(uid)

    def pod(self, uid: PodUid) -> Pod | None:
        """The last version of a tracked pod."""
        state = self._shelf.look(uid)
        return state.pod if state else None

    def waiting(self) -> int:
        """How many pods asked for time to pass."""
        return len(self._deadlines)

    def waiting_in(self, namespace: str) -> list[PodUid]:
        """The pods of a namespace that asked for time to pass."""
        headers = (self._shelf.header(uid) for uid in self._deadlines)
        return [each.uid for each in headers if each is not None and each.namespace == namespace]

    def pending(self) -> int:
        """How many restarts wait for their verdict."""
        headers = (self._shelf.header(uid) for uid in self._deadlines)
        return sum(header.pending for header in headers if header is not None)

    def headers(self) -> tuple[Snapshot | Packed, ...]:
        """What can be said of all pods now; nobody changes what a survey asks of them."""
        return tuple(self._shelf.headers())

    def uids(self) -> frozenset[PodUid]:
        """All pods that are tracked."""
        return frozenset(header.uid for header in self._shelf.headers())

    def on_node(self, node: str) -> tuple[PodUid, ...]:
        """The tracked pods of a node."""
        return tuple(each.uid for each in self._shelf.headers() if each.node == node)

    def find_missing(
        self, seen: Collection[PodUid], namespaces: Collection[str] | None, *, version: int
    ) -> list[PodUid]:
        """Return the pods of *namespaces* (`None`: all) that a list did not contain."""
        return [
            header.uid
            for header in self._shelf.headers()
            if header.uid not in seen
            and (namespaces is None or header.namespace in namespaces)
            and not 0 < version < header.version
        ]

    def counted(self) -> Iterator[tuple[PodRef, str, Sighting]]:
        """What is told of each container: the count up to which, and in which version.

        Of pods to which nothing happened since they were first seen there is nothing to tell.
        """
        for header in self._shelf.headers():
            state = self._shelf.look(header.uid) if isinstance(header, Packed) else None
            if state is not None:
                yield from ((header.ref, mark.name, _told(state, mark)) for mark in state.marks)


def _told(state: PodState, mark: Watermark) -> Sighting:
    pending = state.memory(mark.name).pending
    return Sighting(
        # No version is known that showed the count before those that wait for their verdict.
        resource_version=0 if pending else state.pod.resource_version,
        restart_count=mark.count - len(pending),
        counted_from=min(mark.counted_from, mark.count - len(pending)),
    )
