"""Glances: finds the parts of a pod in its JSON by searching for their keys, without decoding.

An API server writes the fields of an object in the order of its Go type, without spaces. So a few
searches find the uid, the resourceVersion, and the managedFields, which are a third of a pod and
change when nothing else does. The rest is hashed: if the hash is unchanged, nothing needs to be
decoded. Otherwise, at least the managedFields can be skipped.

A pod with another layout is no error: it has no glance, and is decoded completely.
Source: apimachinery/pkg/apis/meta/v1/types.go (ObjectMeta), api/core/v1/types.go (Pod).
"""

import msgspec

from probewatch.core.model import PodUid
from probewatch.kube import objects
from probewatch.kube.objects import BROKEN
from probewatch.kube.pods.raw_pod import RawPod
from probewatch.kube.pods.salvage import salvage
from probewatch.kube.pods.siblings import GENERATED, STATUS, Sample, Siblings
from probewatch.kube.pods.snapshot import Snapshot, take_snapshot

METADATA = b'"metadata":{"name":"'
UID = b',"uid":"'
VERSION = b'","resourceVersion":"'
MANAGED = b',"managedFields":['
"""Always a key, since a quote within a string is escaped; only metadata has this key."""
SPEC = b']},"spec":{'
"""Ends the managedFields if they are the last of the metadata. They cannot contain it themselves:
within them, the names of fields have a prefix (`f:spec`)."""
ENDS = (b",", b"}")
"""What may follow the bracket that ends the managedFields if SPEC does not."""

FIRST_KEYS = 64
"""The metadata begins within so many bytes; kind and apiVersion may be before it."""
LONGEST_UID = 128
LONGEST_VERSION = 20
"""Digits of a 64-bit number, and the quote after them."""

SEARCHED = 8
"""How many closing brackets are examined; managedFields usually contain none."""

_BRACE = METADATA.index(b"{")
_NAME = len(METADATA) - _BRACE
_decode = msgspec.json.Decoder(objects.Pod).decode


class Glance(msgspec.Struct, gc=False):
    """A pod that is not decoded yet: its uid and version, and the positions of its parts."""

    uid: PodUid
    resource_version: str
    version: int
    """`resource_version` as a number."""
    mark: int
    """A hash that changes when anything but the version and the managedFields does."""
    body: bytes
    begin: int
    """Where the object begins in *body*. The next fields are where its metadata, the text after
    the version, the managedFields and the spec begin, and where the object ends."""
    metadata: int
    rest: int
    managed: int
    spec: int
    end: int
    siblings: Siblings
    """What the decoder remembers of earlier pods."""
    flaws: int = 0
    """How many fields could not be decoded; set by `take`."""

    def take(self) -> Snapshot | None:
        """Decode the pod into a snapshot; None if it is no pod. Broken fields are left out."""
        try:
            return self._take_parts()
        except BROKEN:
            return self._salvage()

    def _take_parts(self) -> Snapshot:
        """Return the snapshot, decoding only what differs from the sibling decoded before."""
        body, name = self.body, self.metadata + _NAME
        named = body.find(b'"', name)
        key = body[named : body.find(UID, named)]
        if not key.startswith(GENERATED):
            key = body[name:named].rpartition(b"-")[0] + key
        rest = body[self.rest : self.managed]
        template = self.siblings.recall(key)
        known = None if template is None else template.fit_spec(body, self.spec)
        if template is None or known is None:
            text = body[self.spec : self.end]
            pod = _decode(b'{"metadata":%b%b' % (body[self.metadata : self.managed], text))
            spec, found = pod.spec, self._snap(pod)
            self.siblings.remember(key, Sample(rest, text, spec, found))
            return found
        node, at = known
        status = body[at - 1 : self.end - 1]
        fitting = template.fit(self.uid, body[name:named], node, rest, status)
        if fitting is not None:
            fitting.version, fitting.mark = self.version, self.mark
            return fitting
        metadata = body[self.metadata : self.managed]
        pod = _decode(b'{"metadata":%b%b%b}' % (metadata, STATUS[:-1], status))
        pod.spec = template.spec_on(node)
        return self._snap(pod)

    def _snap(self, pod: objects.Pod) -> Snapshot:
        pod.metadata.uid = self.uid  # share one string with the handler of the list
        return take_snapshot(pod, self.mark)

    def _salvage(self) -> Snapshot | None:
        try:
            raw, self.flaws = salvage(self.body[self.begin : self.end], RawPod)
        except BROKEN:
            self.flaws = 1
            return None
        found = take_snapshot(raw.read(), self.mark)
        self.flaws += raw.flaws
        return found


def glance(body: bytes, begin: int, end: int, siblings: Siblings) -> Glance | None:
    """Return the glance at the object in *body*; None if it has another layout."""
    metadata = body.find(METADATA, begin, begin + FIRST_KEYS)
    managed = body.find(MANAGED, metadata, end)
    spec = _find_spec(body, managed, end)
    uid = body.find(UID, metadata, managed)
    inner = body.find(b"{", metadata + len(METADATA), uid)  # then the uid is another object's
    if metadata < 0 or managed < 0 or spec < 0 or uid < 0 or inner > 0:
        return None
    uid += len(UID)
    uid_end = body.find(VERSION, uid, min(uid + LONGEST_UID, managed))
    version = uid_end + len(VERSION)
    version_end = body.find(b'"', version, version + LONGEST_VERSION)
    digits = body[version:version_end]
    if uid_end <= uid or version_end < 0 or not digits.isdigit():
        return None
    return Glance(
        PodUid(body[uid:uid_end].decode()),
        digits.decode(),
        int(digits),
        hash((body[metadata:uid_end], body[version_end:managed], body[spec:end])),
        body,
        begin,
        metadata + _BRACE,
        version_end,
        managed,
        spec + 1,
        end,
        siblings,
    )


def _find_spec(body: bytes, managed: int, end: int) -> int:
    """Return where SPEC is after *managed*; -1 if managedFields may end before it.

    It is found by its first byte, because searching for a single byte is much faster.
    """
    if not body.endswith(b"}}", managed, end):
        return -1
    at = managed
    for _ in range(SEARCHED):
        at = body.find(b"]", at, end)
        if at < 0 or body.startswith(SPEC, at):
            return at
        at += 1
        if body.startswith(ENDS, at):
            return -1
    return -1
