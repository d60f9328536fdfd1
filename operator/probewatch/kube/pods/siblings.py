"""Siblings: reads a pod by comparing its JSON with that of the pod before, without decoding it.

Lists are sorted by name, so the pods of a workload follow each other, and their specs are the same
JSON except for two things: the node, and the five random letters at the end of the token volume's
name. If all else is equal, byte for byte, the decoded spec is equal as well: the contents of a
string change nothing around it, as long as they have neither a quote nor a backslash. The same
holds for [metadata](metadata_templates.py), and for the [statuses](status_templates.py) of healthy
siblings. A *template* is JSON cut into the parts that all siblings have in common and those that
differ; it has nothing to do with the pod template of a workload.
"""

import re
from collections.abc import Callable
from copy import copy
from sys import intern

import msgspec

from probewatch.core.model import PodUid
from probewatch.kube import objects
from probewatch.kube.pods.metadata_templates import MetadataTemplate, cut_metadata
from probewatch.kube.pods.snapshot import Snapshot
from probewatch.kube.pods.status_templates import (
    TOKEN,
    VOLUME,
    StatusTemplate,
    cut_status,
    is_plain,
)
from probewatch.kube.times import parse_time

GENERATED = b'","generateName":"'
SIBLING_KEY = re.compile(rb'(%b|)[\w.-]+","namespace":"[\w.-]+"' % GENERATED)
"""What siblings have in common: the JSON between name and uid of a pod with a generateName. For
other pods (a StatefulSet's) it is preceded by the name up to its last dash."""
MISFITS = 8
"""After so many pods in a row that do not fit each other, no template is made for their key."""
STATUS = b'},"status":{'
"""What follows a spec. Within a spec, no key of that name has an object as its value."""
NODE = b'"nodeName":"'
LONGEST_NODE = 254
"""A DNS name, and the quote after it."""
LETTERS = 5
"""The number of random letters in the name of a token volume."""
EXAMPLES = frozenset({3, 12, 48})
"""The decoded siblings, by number, from whose status a template is made. Making one costs what it
saves for five pods, and the first siblings may be less healthy than the others."""
LARGE = 12
"""If the workload before had more pods, the next one is expected to be as large: a template is then
made from its first pod, too."""

_decode_status = msgspec.json.Decoder(objects.PodStatus).decode
_copy: Callable[[Snapshot], Snapshot] = Snapshot.__copy__  # type: ignore[attr-defined]  # every Struct has it
"""What `copy.copy` would have to find first, for each pod."""


class Sample(msgspec.Struct, gc=False):
    """A decoded pod with its JSON, from which a template can be made."""

    metadata: bytes
    """The JSON of the metadata after the resourceVersion."""
    text: bytes
    """The JSON from the spec on."""
    raw: objects.PodSpec | None
    read: Snapshot


class Template(msgspec.Struct, gc=False):
    """The JSON of a pod, cut where siblings differ."""

    example: Snapshot
    """A decoded sibling, which others are copied from."""
    raw: objects.PodSpec
    head: list[bytes]
    """The spec up to the node's name, cut at the name of the token volume."""
    tail: list[bytes]
    """From there to the status, cut at the node's name, which a DaemonSet's pods have once more."""
    metadata: MetadataTemplate
    status: StatusTemplate | None = None
    """The template of the status of `example`, once it is made."""
    seen: int = 0
    """How many siblings had their status decoded."""

    def fit_spec(self, body: bytes, begin: int) -> tuple[str, int] | None:
        """Return the node in the spec at *begin*, and the position after STATUS.

        Returns None unless the spec is surely the same otherwise.
        """
        letters = begin + len(self.head[0]) + len(TOKEN)
        token = body[letters : letters + LETTERS]
        head = (b'%b%b"' % (TOKEN, token)).join(self.head)
        at = begin + len(head)
        end = body.find(b'"', at, at + LONGEST_NODE)
        node = body[at:end]
        tail = (b'"%b"' % node).join(self.tail)
        if not (
            body.startswith(head, begin)
            and body.startswith(tail, end)
            and is_plain(node, token if len(self.head) > 1 else b"")
        ):
            return None
        return node.decode(), end + len(tail)

    def spec_on(self, node: str) -> objects.PodSpec:
        """Return the siblings' spec for a pod on this node."""
        spec = copy(self.raw)
        spec.node_name = node
        return spec

    def fit(
        self, uid: PodUid, name: bytes, node: str, metadata: bytes, status: bytes
    ) -> Snapshot | None:
        """Return the snapshot of a pod whose spec fits, unless its metadata do not.

        *metadata* is the JSON after the resourceVersion. The caller sets version and mark. Raises
        what decoding raises, for a status that has to be decoded.
        """
        template, created = self.status, self.metadata.find_created(metadata)
        values = None if template is None else template.find_values(status)
        if created is None or not is_plain(uid.encode(), name, created, *(values or ())):
            return None
        made = _copy(self.example)
        made.uid = made.evidence_uid = uid
        made.name, made.node = name.decode(), intern(node)
        made.created_at = parse_time(created.decode())
        if template is None or values is None:
            made.take_status(_decode_status(status))
            self._learn(status, made)
        else:
            made.loose, made.packed, made.form = None, template.keep(values), template.form
        return made

    def _learn(self, status: bytes, read: Snapshot) -> None:
        """Count a decoded status, and now and then make a template of it."""
        self.seen += 1
        if self.seen in EXAMPLES:
            self.example, self.status = read, cut_status(status)


class Siblings:
    """Remembers the pod that was decoded last, and its template if siblings follow."""

    def __init__(self) -> None:
        self._key = b""
        self._last: Sample | None = None
        self._template: Template | None = None
        self._misfits = 0
        self._siblings = self._siblings_before = 0
        """How many pods followed the first one of the current and of the previous key."""

    def recall(self, key: bytes) -> Template | None:
        """Return the template of the siblings with this key (see `SIBLING_KEY`), if any."""
        if key != self._key:
            return None
        self._siblings += 1
        if self._last is not None:  # the first sibling: only now is it worth making a template
            is_large = self._siblings_before >= LARGE
            self._template, self._last = _cut(self._last, with_status=is_large), None
        return self._template

    def remember(self, key: bytes, sample: Sample) -> None:
        """Remember the pod that was decoded last."""
        if key != self._key:
            self._siblings_before, self._siblings = self._siblings, 0
        self._misfits = self._misfits + 1 if key == self._key else 0
        is_like_others = self._misfits <= MISFITS and SIBLING_KEY.fullmatch(key) is not None
        self._key, self._last, self._template = key, sample if is_like_others else None, None


def _cut(sample: Sample, *, with_status: bool) -> Template | None:
    """Return the template of a pod; None if it is not clear which parts may differ."""
    raw, read = sample.raw, sample.read
    if raw is None or read.evidence_uid != read.uid:
        return None
    parts, known = _cut_spec(sample.text, raw), cut_metadata(sample.metadata)
    if parts is None or known is None:
        return None
    status = sample.text[sample.text.find(STATUS) + len(STATUS) - 1 : -1]
    return Template(read, raw, *parts, known, cut_status(status) if with_status else None)


def _cut_spec(text: bytes, raw: objects.PodSpec) -> tuple[list[bytes], list[bytes]] | None:
    """Return the head and tail of a spec; None if it is not clear which parts may differ."""
    end = text.find(STATUS)
    head, _, tail = text[: end + len(STATUS)].partition(NODE)
    node = (raw.node_name or "").encode()
    names = [each.name for each in (*(raw.init_containers or ()), *(raw.containers or ()))]
    if (
        end < 0
        or not node
        or not is_plain(node)
        or not tail.startswith(node + b'"')
        or raw.readiness_gates  # one could have the name of the node
        or any(name.startswith(VOLUME) for name in names)
    ):
        return None
    letters = head.find(TOKEN) + len(TOKEN)
    token = head[letters : letters + LETTERS]
    parts = head.split(b'%b%b"' % (TOKEN, token)) if token.isalnum() else [head]
    parts[-1] += NODE
    return parts, tail[len(node) :].split(b'"%b"' % node)
