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
from probewatch.kube.raw_pod import BROKEN, RawPod
from probewatch.kube.salvage import salvage
from probewatch.kube.siblings import STATUS, Siblings

METADATA = b'"metadata":{"name":"'
UID = b',"uid":"'
VERSION = b'","resourceVersion":"'
MANAGED = b',"managedFields":['
"""A quote within a string is escaped: so this is a key, and only metadata has it."""
SPEC = b']},"spec":{'
"""What follows the managedFields, in which each key but their own few has a prefix."""

FIRST_KEYS = 64
"""Within so many bytes begins the metadata: kind and apiVersion may be before it."""
LONGEST_UID = 128
LONGEST_VERSION = 20
"""Digits of a 64-bit number, and the quote after them."""

SEARCHED = 8
"""So many brackets are looked at one by one; managedFields have none as a rule."""

_BRACE = METADATA.index(b"{")
_NAME = len(METADATA) - _BRACE
_siblings = Siblings()
_decode = msgspec.json.Decoder(objects.Pod).decode


class Glance(msgspec.Struct, gc=False):
    """A pod of which uid and version are known, and where its parts are in the bytes that came."""

    uid: PodUid
    resource_version: str
    mark: int
    """Another one once anything but version and managedFields changes."""
    body: bytes
    begin: int
    """Where the object begins in *body*; the others are where its metadata, managedFields and
    spec do, and where it ends."""
    metadata: int
    managed: int
    spec: int
    end: int
    flaws: int = 0
    """Fields that could not be read, once it was."""

    @property
    def version(self) -> int:
        """The resourceVersion as a number."""
        return int(self.resource_version)

    def read(self) -> objects.Pod | None:
        """Return the pod, None if it is none; what is broken costs only itself, and is counted."""
        try:
            pod = self._read_parts()
        except BROKEN:
            return self._salvage()
        pod.metadata.uid = self.uid  # whoever lists holds this one: it is there once, not twice
        return pod

    def _read_parts(self) -> objects.Pod:
        """Its metadata and status, and its spec unless that is a sibling's."""
        body, spec = self.body, self.spec
        metadata = body[self.metadata : self.managed]
        named = body.find(b'"', self.metadata + _NAME)
        kin = body[named : body.find(UID, named)]
        known = _siblings.recall(kin, body, spec)
        if known is None:
            rest = body[spec : self.end]
            pod = _decode(b'{"metadata":%b%b' % (metadata, rest))
            _siblings.remember(kin, rest, pod.spec)
            return pod
        pod = _decode(b'{"metadata":%b%b%b' % (metadata, STATUS, body[known[1] : self.end]))
        pod.spec = known[0]
        return pod

    def _salvage(self) -> objects.Pod | None:
        try:
            raw, self.flaws = salvage(self.body[self.begin : self.end], RawPod)
        except BROKEN:
            self.flaws = 1
            return None
        pod = raw.read()
        self.flaws += raw.flaws
        return pod


def glance(body: bytes, begin: int, end: int) -> Glance | None:
    """Return what a look at the object in *body* tells; None if it is laid out in another way."""
    metadata = body.find(METADATA, begin, begin + FIRST_KEYS)
    managed = body.find(MANAGED, metadata, end)
    spec = _find_spec(body, managed, end)
    uid = body.find(UID, metadata, managed)
    if min(metadata, managed, spec, uid) < 0 or not body.endswith(b"}}", begin, end):
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
        hash((body[metadata:uid_end], body[version_end:managed], body[spec:end])),
        body,
        begin,
        metadata + _BRACE,
        managed,
        spec + 1,
        end,
    )


def _find_spec(body: bytes, managed: int, end: int) -> int:
    """Where SPEC is after *managed*: a single byte is searched for much more quickly."""
    at = managed
    for _ in range(SEARCHED):
        at = body.find(b"]", at, end)
        if at < 0 or body.startswith(SPEC, at):
            return at
        at += 1
    return body.find(SPEC, at, end)
