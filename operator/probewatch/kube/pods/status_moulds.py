"""Status moulds: what the status of a pod says, told by that of a sibling without decoding it.

The statuses of healthy siblings are the same text but for times, names of instances, and the
addresses of node and pod. All but the addresses are as long as they were, so where they stand is
known; and if all around them is as it was, byte for byte, nothing else is to be read. What is
kept of such a status are these values, and once for all siblings the *form* that they are put
into when somebody asks what it said.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import count, islice
from operator import itemgetter
from struct import Struct

import msgspec

from probewatch.kube import objects
from probewatch.kube.parsing import keep_judged

ADDRESSES = b',"hostIP":"'
AFTER_ADDRESSES = b',"startTime":"'
"""What begins the addresses, and what follows them."""
ADDRESS_KEYS = frozenset({b"hostIP", b"podIP", b"ip"})

VOLUME = "kube-api-access-"
TOKEN = b'"name":"%b' % VOLUME.encode()
"""How the name of a token's volume begins; the rest of it is random."""

VALUES = re.compile(
    rb'("lastTransitionTime":"|"startTime":"|"startedAt":"|"finishedAt":"|"containerID":"|%b)'
    rb"([\w:./+-]+)" % TOKEN
)
"""What may differ between siblings besides, and the key before it."""

PLAIN = re.sub(rb"[^\w:./+-]", b"", bytes(range(128)))
"""What values are made of: nothing that means anything in JSON."""

MARK = b"#"
"""It stands for a value: by itself in metadata, with a number in a status."""
MARKED = re.compile(rb'"#(\d+)"')

Picker = Callable[[Sequence[bytes]], tuple[bytes, ...]]

_decode = msgspec.json.Decoder(objects.PodStatus).decode
_encode = msgspec.json.Encoder().encode


def is_plain(*texts: bytes) -> bool:
    """Whether no character of them means anything in JSON."""
    return not b"".join(texts).translate(None, PLAIN)


class Form(msgspec.Struct, gc=False):
    """What is read of a status, without its values."""

    text: bytes
    """With a mark for each value: in one piece, for it is kept longer than it is looked at."""

    def fill(self, values: bytes) -> objects.PodStatus:
        """Return the status of which these are the values."""
        first, *pieces = self.text.split(MARK)
        parts = [first]
        for value, piece in zip(values.split(b'"'), pieces, strict=True):
            parts += (value, piece)
        return _decode(b'"'.join(parts))


class _Cut(msgspec.Struct, gc=False):
    """A text, cut into what may not differ between siblings and what may, in turns."""

    layout: Struct
    fixed: tuple[bytes, ...]


class _Addresses(msgspec.Struct, gc=False):
    """The addresses of node and pod, of any length; cut at quotes."""

    quoted: int
    """So many parts are there."""
    fixed: tuple[bytes, ...]
    find_fixed: Picker
    find_values: Picker


class StatusMould(msgspec.Struct, gc=False):
    """The text of a status, cut where those of siblings differ."""

    form: Form
    find_kept: Picker
    """Finds among all values those that the form has."""
    head: _Cut
    addresses: _Addresses
    tail: _Cut

    def find_values(self, text: bytes) -> tuple[bytes, ...] | None:
        """Return what may differ in a status; None if anything else does.

        It is the same status otherwise if all of that is plain.
        """
        begin, end = self.head.layout.size, len(text) - self.tail.layout.size
        if begin > end:
            return None
        head, tail = self.head.layout.unpack_from(text), self.tail.layout.unpack_from(text, end)
        middle = text[begin:end].split(b'"')
        known = self.addresses
        if (
            head[::2] != self.head.fixed
            or tail[::2] != self.tail.fixed
            or len(middle) != known.quoted
            or known.find_fixed(middle) != known.fixed
        ):
            return None
        return (*head[1::2], *known.find_values(middle), *tail[1::2])

    def keep(self, values: tuple[bytes, ...]) -> bytes:
        """Return those of the values that the form has."""
        return b'"'.join(self.find_kept(values))


def cut_status(text: bytes) -> StatusMould | None:
    """Return the mould of a status; None where it is not clear what may differ.

    Raises what decoding does, for a text that is no status.
    """
    begin = text.find(ADDRESSES)
    end = text.find(AFTER_ADDRESSES, begin)
    if min(begin, end) < 0 or MARK in text or b"\\" in text:
        return None
    marks = map((MARK + b"%d").__mod__, count())
    head, marked_head = _cut(text[:begin], marks)
    addresses, marked_addresses = _cut_addresses(text[begin:end], marks)
    tail, marked_tail = _cut(text[end:], marks)
    status = keep_judged(_decode(marked_head + marked_addresses + marked_tail))
    pieces = MARKED.split(_encode(status))
    kept = [int(number) for number in pieces[1::2]]
    if any(MARK in piece for piece in pieces[::2]):
        return None
    return StatusMould(Form(MARK.join(pieces[::2])), _picker(kept), head, addresses, tail)


def _cut(text: bytes, marks: Iterator[bytes]) -> tuple[_Cut, bytes]:
    """Cut a text, and return it also with marks in place of its values."""
    found = VALUES.split(text)
    fixed = (*map(bytes.__add__, found[::3], found[1::3]), found[-1])
    parts = [b""] * (2 * len(fixed) - 1)
    parts[::2], parts[1::2] = fixed, found[2::3]
    layout = Struct("%ds" * len(parts) % tuple(map(len, parts)))
    parts[1::2] = islice(marks, len(fixed) - 1)
    return _Cut(layout, fixed), b"".join(parts)


def _cut_addresses(text: bytes, marks: Iterator[bytes]) -> tuple[_Addresses, bytes]:
    """Cut the addresses likewise."""
    parts = text.split(b'"')
    keys = (at for at, part in enumerate(parts[:-2]) if part in ADDRESS_KEYS)
    values = [at + 2 for at in keys if parts[at + 1] == b":"]
    find_fixed = _picker([at for at in range(len(parts)) if at not in values])
    fixed = find_fixed(parts)
    for at in values:
        parts[at] = next(marks)
    return _Addresses(len(parts), fixed, find_fixed, _picker(values)), b'"'.join(parts)


def _picker(places: Sequence[int]) -> Picker:
    """Return what picks these places of a sequence, always as a tuple."""
    if len(places) > 1:
        return itemgetter(*places)
    return lambda parts: tuple(parts[at] for at in places)
