"""The survey: the read-only half of the store."""

from collections.abc import Collection, Iterator

from probewatch.core.model import Pod, PodRef, PodUid
from probewatch.core.restarts import Watermark
from probewatch.core.sighting import Sighting
from probewatch.core.state import PodState
from probewatch.kube.pods.snapshot import Header, Snapshot
from probewatch.tracking.deadlines import Deadlines
from probewatch.tracking.shelf import Packed, Shelf


class Survey:
    """Queries of the tracked pods and their deadlines."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._deadlines = Deadlines()

    def __len__(self) -> int:
        """Count the tracked pods."""
        return len(self._shelf)

    def next_due(self) -> float | None:
        """Return the earliest deadline, if there is one."""
        return self._deadlines.next()

    def about(self, uid: PodUid) -> Header | None:
        """Return the header of a tracked pod: its metadata, without its status."""
        return self._shelf.header(uid)

    def known_version(self, uid: PodUid) -> int:
        """Return the newest version of a pod that was seen; 0 for one that is not tracked."""
        header = self._shelf.header(uid)
        return 0 if header is None else header.version

    def state(self, uid: PodUid) -> PodState | None:
        """Return the full state of a pod."""
        return self._shelf.peek(uid)

    def pod(self, uid: PodUid) -> Pod | None:
        """Return the last version of a tracked pod."""
        state = self._shelf.peek(uid)
        return state.pod if state else None

    def waiting(self) -> int:
        """Count the pods that have a deadline."""
        return len(self._deadlines)

    def waiting_in(self, namespace: str | None) -> list[PodUid]:
        """Return the pods of a namespace, or of all (`None`), that have a deadline."""
        headers = (self._shelf.header(uid) for uid in self._deadlines)
        known = (each for each in headers if each is not None)
        return [each.uid for each in known if namespace in {None, each.namespace}]

    def pending(self) -> int:
        """Count the restarts that wait for their verdict."""
        headers = (self._shelf.header(uid) for uid in self._deadlines)
        return sum(header.pending for header in headers if header is not None)

    def headers(self) -> tuple[Snapshot | Packed, ...]:
        """Return the headers of all pods, safe to read in other threads."""
        return tuple(self._shelf.headers())

    def uids(self) -> frozenset[PodUid]:
        """Return the uids of all tracked pods."""
        return frozenset(header.uid for header in self._shelf.headers())

    def on_node(self, node: str) -> tuple[PodUid, ...]:
        """Return the tracked pods of a node."""
        return tuple(each.uid for each in self._shelf.headers() if each.node == node)

    def find_missing(
        self, seen: Collection[PodUid], namespaces: Collection[str] | None, *, version: int
    ) -> list[PodUid]:
        """Return the pods of *namespaces* (`None`: all) that a list did not contain.

        Pods last seen in a newer resourceVersion than the list's are not missing.
        """
        return [
            header.uid
            for header in self._shelf.headers()
            if header.uid not in seen
            and (namespaces is None or header.namespace in namespaces)
            and not 0 < version < header.version
        ]

    def counted(self) -> Iterator[tuple[PodRef, str, Sighting]]:
        """Yield for each container up to which restart count findings were published.

        Pods that are kept as a snapshot are left out: nothing happened to them since they appeared.
        """
        for header in self._shelf.headers():
            state = self._shelf.peek(header.uid) if isinstance(header, Packed) else None
            if state is not None:
                yield from ((header.ref, mark.name, _told(state, mark)) for mark in state.marks)


def _told(state: PodState, mark: Watermark) -> Sighting:
    pending = state.memory(mark.name).pending
    return Sighting(
        # Which version showed the count before the pending restarts is not known.
        resource_version=0 if pending else state.pod.resource_version,
        restart_count=mark.count - len(pending),
        counted_from=min(mark.counted_from, mark.count - len(pending)),
    )
