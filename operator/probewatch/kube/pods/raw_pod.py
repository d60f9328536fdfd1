"""Pods as they come from a list or a watch: scanned once, and read only if there is news.

Most updates of a pod change nothing that anybody reads: managedFields, annotations of
others. Scanning tells where spec and status are; their bytes say whether they are those of
the last version.
"""

from typing import TypeVar

import msgspec

from probewatch.core.model import PodUid
from probewatch.kube import objects
from probewatch.kube.parsing import parse_version
from probewatch.kube.pods.salvage import salvage
from probewatch.kube.pods.snapshot import Snapshot, take_snapshot

BROKEN = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

Part = TypeVar("Part")

_decode_spec = msgspec.json.Decoder(objects.PodSpec | None).decode
_decode_status = msgspec.json.Decoder(objects.PodStatus | None).decode


class RawPod(objects.Struct):
    """A Pod whose spec and status are still the bytes that came."""

    metadata: objects.PodMetadata
    spec: msgspec.Raw = objects.ABSENT
    status: msgspec.Raw = objects.ABSENT
    flaws: int = msgspec.field(name="(flaws)", default=0)
    """Fields that could not be read, once it was; under a name that no object has."""

    @property
    def uid(self) -> PodUid:
        """`metadata.uid`."""
        return PodUid(self.metadata.uid)

    @property
    def version(self) -> int:
        """The resourceVersion as a number; 0 if it is none."""
        return parse_version(self.metadata.resource_version)

    @property
    def mark(self) -> int:
        """A number that is another one once anything of interest changes."""
        meta = self.metadata
        parts = (meta.labels, meta.annotations, meta.owner_references, self.spec, self.status)
        return hash((meta.generation, meta.deletion_timestamp, *map(bytes, parts)))

    def read(self) -> objects.Pod:
        """Return the pod; a field of the wrong type costs only itself, and is counted."""
        try:
            spec = _decode_spec(self.spec) if self.spec else None
        except BROKEN:
            spec = self._salvage(self.spec, objects.PodSpec)
        try:
            status = _decode_status(self.status) if self.status else None
        except BROKEN:
            status = self._salvage(self.status, objects.PodStatus)
        return objects.Pod(metadata=self.metadata, spec=spec, status=status)

    def take(self) -> Snapshot:
        """Return its snapshot; a field of the wrong type costs only itself, and is counted."""
        return take_snapshot(self.read(), self.mark)

    def _salvage(self, body: msgspec.Raw, kind: type[Part]) -> Part | None:
        try:
            part, dropped = salvage(body, kind)
        except BROKEN:
            self.flaws += 1
            return None
        self.flaws += dropped
        return part
