"""What a recording takes in: the watches of the operator, with every object as it was sent.

The same list and watch as in the operator, so that a recording holds what the
operator would have seen. A pod whose deletion was missed is written as deleted
once a new list proves it, with what is left to say of it: its names and its version.
"""

import asyncio
from collections.abc import Iterator
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
class Sheet:
    """Where all streams write; an error of the file is kept for whoever waits for it."""

    recording: Recording
    clock: Clock
    failed: "asyncio.Future[None]"

    def write(self, line_type: LineType, item: bytes) -> None:
        """Write a line received now; nothing more once writing failed."""
        if self.failed.done():
            return
        try:
            self.recording.write(line_type, item, self.clock.now())
        except OSError as error:
            # It must not look like a fault of the network to the watch.
            self.failed.set_exception(error)

    def flush(self) -> None:
        """Hand everything to the system."""
        if self.failed.done():
            return
        try:
            self.recording.flush()
        except OSError as error:
            self.failed.set_exception(error)


@dataclass(slots=True, kw_only=True)
class StreamWriter:
    """The handler of one watch: writes down what it is told."""

    sheet: Sheet
    sweeps: bool
    """Whether what a new list does not contain is gone; Events only expire."""
    _known: dict[str, Metadata] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)

    def listing(self) -> None:
        """A list begins."""
        self._seen = set()

    def listed(self, raw: RawObject) -> None:
        """An object of a list: new as far as this recording is concerned."""
        self._remember(raw)
        self.sheet.write(LineType.ADDED, raw.text)

    def synced(self, version: str = "") -> None:  # noqa: ARG002  # its objects have theirs
        """The list is complete: what it did not contain is gone."""
        for uid in self._known.keys() - self._seen:
            gone = {"kind": "Pod", "apiVersion": "v1", "metadata": self._known.pop(uid)}
            self.sheet.write(LineType.DELETED, msgspec.json.encode(gone))
        self._seen = set()

    def skips(self, glance: object) -> bool:  # noqa: ARG002  # everything is written
        """Let nothing pass."""
        return False

    def changed(self, kind: str, raw: RawObject) -> None:
        """ADDED or MODIFIED."""
        self._remember(raw)
        self.sheet.write(LineType(kind), raw.text)

    def deleted(self, raw: RawObject) -> None:
        """DELETED, with the last version."""
        if self.sweeps:
            self._known.pop(raw.metadata.uid or "", None)
        self.sheet.write(LineType.DELETED, raw.text)

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
    transport: Transport, settings: Settings, sheet: Sheet
) -> Iterator[WatchLoop[RawObject]]:
    """Yield the loops to run: pods and the kubelet's Events, of all or of named namespaces."""
    for namespace in settings.namespaces or (None,):
        yield _loop(transport, settings, sheet, pod_target(settings, namespace), sweeps=True)
        yield _loop(transport, settings, sheet, event_target(namespace), sweeps=False)


def _loop(
    transport: Transport,
    settings: Settings,
    sheet: Sheet,
    target: WatchTarget,
    *,
    sweeps: bool,
) -> WatchLoop[RawObject]:
    return WatchLoop(
        transport=transport,
        target=target,
        decoder=RawDecoder(),
        handler=StreamWriter(sheet=sheet, sweeps=sweeps),
        around=surroundings(sheet.clock),
        options=watch_options(settings, target),
    )
