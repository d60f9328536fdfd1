"""Glances: pods told by where an API server puts what in their JSON, without reading it.

An API server writes the fields of an object in the order of its Go type, without spaces. So
a few searches find the uid, the version, and the managedFields, which are a third of a pod
and change when nothing else does. What is left is hashed: if it is as it was, there is
nothing to read. Otherwise the managedFields, at least, need not be.

What is not laid out like this is no error. It gets no glance, and is decoded as a whole.
Source: apimachinery/pkg/apis/meta/v1/types.go (ObjectMeta), api/core/v1/types.go (Pod).
"""

import msgspec

from probewatch.core.model import PodUid
from probewatch.kube import objects
from probewatch.kube.pods.raw_pod import BROKEN, RawPod
from probewatch.kube.pods.salvage import salvage
from probewatch.kube.pods.siblings import GENERATED, STATUS, Sample, Siblings
from probewatch.kube.pods.snapshot import Snapshot, take_snapshot

METADATA = b'"metadata":{"name":"'
UID = b',"uid":"'
VERSION = b'","resourceVersion":"'
MANAGED = b',"managedFields":['
"""A quote within a string is escaped: so this is a key, and only metadata has it."""
SPEC = b']},"spec":{'
"""What follows the managedFields, in which each key but their own few has a prefix."""
ENDS = (b",", b"}")
"""What may follow the bracket that ends them, where they are not the last of the metadata."""

FIRST_KEYS = 64
"""Within so many bytes begins the metadata: kind and apiVersion may be before it."""
LONGEST_UID = 128
LONGEST_VERSION = 20
"""Digits of a 64-bit number, and the quote after them."""

SEARCHED = 8
"""So many brackets are looked at one by one; managedFields have none as a rule."""

_BRACE = METADATA.index(b"{")
_NAME = len(METADATA) - _BRACE
_decode = msgspec.json.Decoder(objects.Pod).decode


class Glance(msgspec.Struct, gc=False):
    """A pod of which uid and version are known, and where its parts are in the bytes that came."""

    uid: PodUid
    resource_version: str
    version: int
    """The same as a number."""
    mark: int
    """Another one once anything but version and managedFields changes."""
    body: bytes
    begin: int
    """Where the object begins in *body*; the others are where its metadata, what follows the
    version, managedFields and spec do, and where it ends."""
    metadata: int
    rest: int
    managed: int
    spec: int
    end: int
    siblings: Siblings
    """Of those that came the same way."""
    flaws: int = 0
    """Fields that could not be read, once it was."""

    def take(self) -> Snapshot | None:
        """Return its snapshot, None if it is no pod; what is broken costs only itself."""
        try:
            return self._take_parts()
        except BROKEN:
            return self._salvage()

    def _take_parts(self) -> Snapshot:
        """Its snapshot, as far as possible by what a sibling tells."""
        body, name = self.body, self.metadata + _NAME
        named = body.find(b'"', name)
        kin = body[named : body.find(UID, named)]
        if not kin.startswith(GENERATED):
            kin = body[name:named].rpartition(b"-")[0] + kin
        rest = body[self.rest : self.managed]
        mould = self.siblings.recall(kin)
        known = None if mould is None else mould.fit_spec(body, self.spec)
        if mould is None or known is None:
            text = body[self.spec : self.end]
            pod = _decode(b'{"metadata":%b%b' % (body[self.metadata : self.managed], text))
            spec, found = pod.spec, self._snap(pod)
            self.siblings.remember(kin, Sample(rest, text, spec, found))
            return found
        node, at = known
        status = body[at - 1 : self.end - 1]
        fitting = mould.fit(self.uid, body[name:named], node, rest, status)
        if fitting is not None:
            fitting.version, fitting.mark = self.version, self.mark
            return fitting
        metadata = body[self.metadata : self.managed]
        pod = _decode(b'{"metadata":%b%b%b}' % (metadata, STATUS[:-1], status))
        pod.spec = mould.spec_on(node)
        found = self._snap(pod)
        mould.learn(rest, status, found)
        return found

    def _snap(self, pod: objects.Pod) -> Snapshot:
        pod.metadata.uid = self.uid  # whoever lists holds this one: it is there once, not twice
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
    """Return what a look at the object in *body* tells; None if it is laid out in another way."""
    metadata = body.find(METADATA, begin, begin + FIRST_KEYS)
    managed = body.find(MANAGED, metadata, end)
    spec = _find_spec(body, managed, end)
    uid = body.find(UID, metadata, managed)
    inner = body.find(b"{", metadata + len(METADATA), uid)  # it would be that of something else
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
    """Where SPEC is after *managed*: a single byte is searched for much more quickly.

    Not beyond what may be the end of managedFields that something else follows.
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
