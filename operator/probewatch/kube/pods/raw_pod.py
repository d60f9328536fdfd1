"""Pods as they arrive in a list or a watch: scanned first, and decoded only if they changed.

Most updates of a pod change nothing of interest, only managedFields or annotations of others.
A scan extracts the bytes of spec and status, and their hash tells whether they have changed.
"""

from typing import TypeVar

import msgspec

from probewatch.core.model import PodUid
from probewatch.kube import objects
from probewatch.kube.objects import BROKEN
from probewatch.kube.parsing import parse_version
from probewatch.kube.pods.salvage import salvage
from probewatch.kube.pods.snapshot import Snapshot, take_snapshot

Part = TypeVar("Part")

_decode_spec = msgspec.json.Decoder(objects.PodSpec | None).decode
_decode_status = msgspec.json.Decoder(objects.PodStatus | None).decode


class RawPod(objects.Struct):
    """A Pod whose spec and status are not decoded yet."""

    metadata: objects.PodMetadata
    spec: msgspec.Raw = objects.ABSENT
    status: msgspec.Raw = objects.ABSENT
    flaws: int = msgspec.field(name="(flaws)", default=0)
    """How many fields could not be decoded; set by `read`. No JSON object has a field so named."""

    @property
    def uid(self) -> PodUid:
        """`metadata.uid`."""
        return PodUid(self.metadata.uid)

    @property
    def version(self) -> int:
        """The resourceVersion as a number; 0 if it is not one."""
        return parse_version(self.metadata.resource_version)

    @property
    def mark(self) -> int:
        """A hash that changes when anything of interest does."""
        meta = self.metadata
        parts = (meta.labels, meta.annotations, meta.owner_references, self.spec, self.status)
        return hash((meta.generation, meta.deletion_timestamp, *map(bytes, parts)))

    def read(self) -> objects.Pod:
        """Decode the pod; a field of the wrong type is left out and counted in `flaws`."""
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
        """Decode the pod into a snapshot; fields of the wrong type are left out and counted."""
        return take_snapshot(self.read(), self.mark)

    def _salvage(self, body: msgspec.Raw, kind: type[Part]) -> Part | None:
        try:
            part, dropped = salvage(body, kind)
        except BROKEN:
            self.flaws += 1
            return None
        self.flaws += dropped
        return part
