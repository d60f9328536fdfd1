"""Siblings: what a pod is, told by the pod before it without decoding it.

Lists are in the order of names, so the pods of a workload come one after the other, and their
specs are the same text but for two things: the node, and the five letters that end the name of
the token's volume. Where all else is as it was, byte for byte, so is what is read of it: what
stands between the quotes of a string changes nothing around it, as long as it has neither a
quote nor a backslash. So it is with [metadata](metadata_moulds.py), and with the
[statuses](status_moulds.py) of those that are as healthy as others.
"""

import re
from copy import copy
from sys import intern

import msgspec

from probewatch.core.model import PodUid
from probewatch.kube import objects
from probewatch.kube.pods.metadata_moulds import MetadataMould, cut_metadata
from probewatch.kube.pods.snapshot import Snapshot
from probewatch.kube.pods.status_moulds import TOKEN, VOLUME, StatusMould, cut_status, is_plain
from probewatch.kube.times import parse_time

GENERATED = b'","generateName":"'
KIN = re.compile(rb'(%b|)[\w.-]+","namespace":"[\w.-]+"' % GENERATED)
"""What is between name and uid of a pod that some controller made; of others, from the name up to
its last part as well."""
MISFITS = 8
"""After so many pods that do not fit each other, they are no siblings, whatever they are called."""
STATUS = b'},"status":{'
"""What follows a spec: no key in one is called so and holds an object."""
NODE = b'"nodeName":"'
LONGEST_NODE = 254
"""A DNS name, and the quote after it."""
LETTERS = 5
"""So many random ones are in the name of a token's volume."""
EXAMPLES = frozenset({3, 12, 48})
"""Which siblings have their status cut, of those that had to be read: it costs what is saved with
five pods, and the first ones may not be as healthy as the others."""


class Sample(msgspec.Struct, gc=False):
    """A pod that was read as a whole, and its text."""

    metadata: bytes
    """From the version on."""
    text: bytes
    """From the spec on."""
    raw: objects.PodSpec | None
    read: Snapshot


class Mould(msgspec.Struct, gc=False):
    """The text of a pod, cut where those of siblings differ."""

    like: Snapshot
    """A pod that was read."""
    raw: objects.PodSpec
    head: list[bytes]
    """The spec up to the node's name, cut at the name of the token."""
    tail: list[bytes]
    """From there to the status, cut at the node's name: pods of a DaemonSet have it again."""
    metadata: MetadataMould
    status: StatusMould | None = None
    """That of `like`, once it is cut."""
    seen: int = 0
    """How many siblings had to be read."""

    def fit_spec(self, body: bytes, begin: int) -> tuple[str, int] | None:
        """Return the node of the spec at *begin*, and where what follows STATUS begins.

        None where the spec is not surely the same otherwise.
        """
        letters = begin + len(self.head[0]) + len(TOKEN)
        token = body[letters : letters + LETTERS]
        head = (b'%b%b"' % (TOKEN, token)).join(self.head)
        at = begin + len(head)
        end = body.find(b'"', at, at + LONGEST_NODE)
        node = body[at:end]
        tail = (b'"%b"' % node).join(self.tail)
        if not (
            node
            and body.startswith(head, begin)
            and body.startswith(tail, end)
            and is_plain(node, token if len(self.head) > 1 else b"")
        ):
            return None
        return node.decode(), end + len(tail)

    def spec_on(self, node: str) -> objects.PodSpec:
        """Return the spec of a pod on this node."""
        raw = self.raw
        return objects.PodSpec(
            containers=raw.containers,
            init_containers=raw.init_containers,
            restart_policy=raw.restart_policy,
            termination_grace_period_seconds=raw.termination_grace_period_seconds,
            node_name=node,
            host_network=raw.host_network,
            readiness_gates=raw.readiness_gates,
        )

    def fit(
        self, uid: PodUid, name: bytes, node: str, metadata: bytes, status: bytes
    ) -> Snapshot | None:
        """Return a pod whose spec fits; None where the rest of it is not surely the same.

        *metadata* is its text from the version on. Its version and mark are left to be set.
        """
        mould, created = self.status, self.metadata.find_created(metadata)
        values = None if mould is None else mould.find_values(status)
        if (
            mould is None
            or created is None
            or values is None
            or not is_plain(uid.encode(), name, created, *values)
        ):
            return None
        made = copy(self.like)
        made.uid = made.evidence_uid = uid
        made.name, made.node = name.decode(), intern(node)
        made.created_at = parse_time(created.decode())
        made.loose, made.packed, made.form = None, mould.keep(values), mould.form
        return made

    def learn(self, metadata: bytes, status: bytes, read: Snapshot) -> None:
        """Take the status of a pod whose spec fits, and which had to be *read*, as an example."""
        self.seen += 1
        if self.seen in EXAMPLES and self.metadata.find_created(metadata) is not None:
            self.like, self.status = read, cut_status(status)


class Siblings:
    """Knows the pod that was read last."""

    def __init__(self) -> None:
        self._kin = b""
        self._last: Sample | None = None
        self._mould: Mould | None = None
        self._misfits = 0

    def recall(self, kin: bytes) -> Mould | None:
        """Return what a pod may be told by; *kin* is what is alike in the names of siblings."""
        if kin != self._kin:
            return None
        if self._last is not None:  # it has a sibling: only now it is worth to be cut
            self._mould, self._last = _cut(self._last), None
        return self._mould

    def remember(self, kin: bytes, sample: Sample) -> None:
        """Take note of the pod that was read last."""
        self._misfits = self._misfits + 1 if kin == self._kin else 0
        is_like_others = self._misfits <= MISFITS and KIN.fullmatch(kin) is not None
        self._kin, self._last, self._mould = kin, sample if is_like_others else None, None


def _cut(sample: Sample) -> Mould | None:
    """Return the mould of a pod; None where it is not sure what may be cut."""
    raw, read = sample.raw, sample.read
    if raw is None or read.evidence_uid != read.uid:
        return None
    parts, known = _cut_spec(sample.text, raw), cut_metadata(sample.metadata)
    if parts is None or known is None:
        return None
    return Mould(read, raw, *parts, known)


def _cut_spec(text: bytes, raw: objects.PodSpec) -> tuple[list[bytes], list[bytes]] | None:
    """Return head and tail of a spec; None where it is not sure what may be cut."""
    end = text.find(STATUS)
    head, _, tail = text[: end + len(STATUS)].partition(NODE)
    node = (raw.node_name or "").encode()
    names = [each.name for each in (*(raw.init_containers or ()), *(raw.containers or ()))]
    if (
        end < 0
        or not node
        or not is_plain(node)
        or not tail.startswith(node + b'"')
        or NODE in tail
        or raw.readiness_gates  # one could be called like the node
        or any(name.startswith(VOLUME) for name in names)
    ):
        return None
    letters = head.find(TOKEN) + len(TOKEN)
    token = head[letters : letters + LETTERS]
    parts = head.split(b'%b%b"' % (TOKEN, token)) if token.isalnum() else [head]
    parts[-1] += NODE
    return parts, tail[len(node) :].split(b'"%b"' % node)
