"""The watches of a recording: those of the operator, with every object as it was sent.

List and watch are the same as in the operator, so that a recording holds what the
operator would have seen. A pod whose deletion was missed is written as DELETED once a
new list shows that it is gone, with all that is known of it then: names and version.
"""

import asyncio
import errno
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from operator import itemgetter

import msgspec

from probewatch.clock import Clock
from probewatch.commands.record_objects import RawDecoder, RawObject
from probewatch.commands.recording import Recording
from probewatch.commands.stream import LineType
from probewatch.core.evidence import Evidence, occurrence
from probewatch.kube.event_objects import read_event
from probewatch.kube.objects import BROKEN, Metadata
from probewatch.kube.testimony import parse_evidence
from probewatch.service.watches import (
    event_target,
    node_target,
    pod_target,
    surroundings,
    watch_options,
)
from probewatch.settings import Settings
from probewatch.watch.loop import WatchLoop
from probewatch.watch.transport import Transport, WatchTarget

NEVER = (0.0, 0)
"""The place of an Event that is no evidence: the order of such Events does not matter."""


@dataclass(slots=True, kw_only=True)
class Output:
    """The output that all watches share; *failed* receives the error if a write fails."""

    recording: Recording
    clock: Clock
    failed: "asyncio.Future[None]"

    def write(self, line_type: LineType, item: bytes) -> None:
        """Write a line that is received now; does nothing once a write has failed."""
        if self.failed.done():
            return
        try:
            self.recording.write(line_type, item, self.clock.now())
        except OSError as error:
            # Raised from here, it would look like a network error to the watch.
            self.failed.set_exception(error)

    def lose_reader(self) -> None:
        """Note that nobody reads the output any more."""
        if not self.failed.done():
            self.failed.set_exception(BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE)))

    def flush(self) -> None:
        """Write what is buffered."""
        if self.failed.done():
            return
        try:
            self.recording.flush()
        except OSError as error:
            self.failed.set_exception(error)


@dataclass(slots=True, kw_only=True)
class StreamWriter:
    """The handler of one watch: writes every object to the recording."""

    output: Output
    sweeps: bool
    """Whether an object that is missing in a new list was deleted; Events only expire."""
    _known: dict[str, Metadata] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)

    def listing(self) -> None:
        """A list begins."""
        self._seen = set()

    def listed(self, raws: Sequence[RawObject]) -> None:
        """Objects of a list: written as ADDED."""
        for raw in raws:
            self._remember(raw)
            self.output.write(LineType.ADDED, raw.text)

    def synced(self, version: str = "") -> None:  # noqa: ARG002  # its objects have theirs
        """The list is complete: what it did not contain is written as DELETED."""
        for uid in self._known.keys() - self._seen:
            gone = {"kind": "Pod", "apiVersion": "v1", "metadata": self._known.pop(uid)}
            self.output.write(LineType.DELETED, msgspec.json.encode(gone))
        self._seen = set()

    def skips(self, glance: object) -> bool:  # noqa: ARG002  # everything is written
        """Skip nothing."""
        return False

    def changed(self, kind: str, raw: RawObject) -> None:
        """ADDED or MODIFIED."""
        self._remember(raw)
        self.output.write(LineType(kind), raw.text)

    def deleted(self, raw: RawObject) -> None:
        """DELETED, with the last version."""
        if self.sweeps:
            self._known.pop(raw.metadata.uid or "", None)
        self.output.write(LineType.DELETED, raw.text)

    def _remember(self, raw: RawObject) -> None:
        if not self.sweeps:
            return
        full = raw.metadata
        uid = full.uid or ""
        self._seen.add(uid)
        self._known[uid] = Metadata(
            name=full.name,
            namespace=full.namespace,
            uid=full.uid,
            resource_version=full.resource_version,
        )


@dataclass(slots=True, kw_only=True)
class EventWriter(StreamWriter):
    """The handler of a watch of Events: those of a list are written in the order they occurred.

    A list is sorted by pod and first occurrence. To a replay, which takes lines as they arrived,
    a kill would seem to follow the start of the next container.
    """

    sweeps: bool = False
    _held: list[tuple[tuple[float, int], RawObject]] = field(default_factory=list)
    """Events about the pod that the list has arrived at, and when they occurred last."""
    _pod: tuple[str, str] = ("", "")

    def listing(self) -> None:
        """A list begins; what is held of one that broke off is in this one, too."""
        StreamWriter.listing(self)
        self._held = []

    def listed(self, raws: Sequence[RawObject]) -> None:
        """Events of a list: written as ADDED once all of their pod have come."""
        for raw in raws:
            evidence = _read_evidence(raw.text)
            pod = (evidence.namespace, evidence.involved_uid) if evidence else self._pod
            if pod != self._pod:
                self._release()
                self._pod = pod
            self._held.append((occurrence(evidence) if evidence else NEVER, raw))

    def synced(self, version: str = "") -> None:
        """The list is complete."""
        self._release()
        StreamWriter.synced(self, version)

    def _release(self) -> None:
        held, self._held = self._held, []
        in_order = [raw for _, raw in sorted(held, key=itemgetter(0))]
        StreamWriter.listed(self, in_order)


def _read_evidence(text: bytes) -> Evidence | None:
    """Return the evidence in an Event; None if there is none, or it cannot be read."""
    try:
        return parse_evidence(read_event(text))
    except BROKEN:
        return None


def build_loops(
    transport: Transport, settings: Settings, output: Output, *, nodes: bool
) -> Iterator[WatchLoop[RawObject]]:
    """Yield the watches to run: pods and the kubelet's Events, of all or of named namespaces.

    *nodes* says whether Events about nodes, which tell of reboots, are recorded, too.
    """
    for namespace in settings.namespaces or (None,):
        pods = StreamWriter(output=output, sweeps=True)
        yield _loop(transport, settings, pod_target(settings, namespace), pods)
        yield _loop(transport, settings, event_target(namespace), EventWriter(output=output))
    if nodes:
        yield _loop(transport, settings, node_target(), EventWriter(output=output))


def _loop(
    transport: Transport, settings: Settings, target: WatchTarget, handler: StreamWriter
) -> WatchLoop[RawObject]:
    return WatchLoop(
        transport=transport,
        target=target,
        decoder=RawDecoder(),
        handler=handler,
        around=surroundings(handler.output.clock),
        options=watch_options(settings, target),
    )
