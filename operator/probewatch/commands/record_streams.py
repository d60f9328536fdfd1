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

import msgspec

from probewatch.clock import Clock
from probewatch.commands.record_objects import RawDecoder, RawObject
from probewatch.commands.recording import Recording
from probewatch.commands.stream import LineType
from probewatch.kube.objects import Metadata
from probewatch.service.watches import event_target, pod_target, surroundings, watch_options
from probewatch.settings import Settings
from probewatch.watch.loop import WatchLoop
from probewatch.watch.transport import Transport, WatchTarget


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


def build_loops(
    transport: Transport, settings: Settings, output: Output
) -> Iterator[WatchLoop[RawObject]]:
    """Yield the watches to run: pods and the kubelet's Events, of all or of named namespaces."""
    for namespace in settings.namespaces or (None,):
        yield _loop(transport, settings, output, pod_target(settings, namespace), sweeps=True)
        yield _loop(transport, settings, output, event_target(namespace), sweeps=False)


def _loop(
    transport: Transport,
    settings: Settings,
    output: Output,
    target: WatchTarget,
    *,
    sweeps: bool,
) -> WatchLoop[RawObject]:
    return WatchLoop(
        transport=transport,
        target=target,
        decoder=RawDecoder(),
        handler=StreamWriter(output=output, sweeps=sweeps),
        around=surroundings(output.clock),
        options=watch_options(settings, target),
    )
