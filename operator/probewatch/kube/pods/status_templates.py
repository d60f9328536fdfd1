"""Status templates: reads the status of a pod by comparison with a sibling's, without decoding it.

The statuses of healthy siblings are the same JSON except for times, container IDs, the name of the
token volume, and the addresses of node and pod. All but the addresses have a fixed length, so their
positions are known. If everything around these values is equal, byte for byte, nothing else needs
to be read. Only the values are kept for each pod, and the *form* once for all siblings: the values
are filled into it when the status is needed.
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
"""Where the addresses begin, and what follows them."""
ADDRESS_KEYS = frozenset({b"hostIP", b"podIP", b"ip"})

VOLUME = "kube-api-access-"
TOKEN = b'"name":"%b' % VOLUME.encode()
"""The beginning of a token volume's name; the rest is random."""

VALUES = re.compile(
    rb'("lastTransitionTime":"|"startTime":"|"startedAt":"|"finishedAt":"|"containerID":"|%b)'
    rb"([\w:./+-]+)" % TOKEN
)
"""The other values that may differ between siblings, with the key before them."""

PLAIN = re.sub(rb"[^\w:./+-]", b"", bytes(range(128)))
"""The characters of values: none of them has a meaning in JSON."""

MARK = b"#"
"""A placeholder for a value: by itself in metadata, followed by a number in a status."""
MARKED = re.compile(rb'"#(\d+)"')

Picker = Callable[[Sequence[bytes]], tuple[bytes, ...]]

_decode = msgspec.json.Decoder(objects.PodStatus).decode
_encode = msgspec.json.Encoder().encode


def is_plain(*texts: bytes) -> bool:
    """Whether none of the characters has a meaning in JSON."""
    return not b"".join(texts).translate(None, PLAIN)


class Form(msgspec.Struct, gc=False):
    """The JSON of the fields that are read of a status, with placeholders for its values."""

    text: bytes
    """Has a MARK for each value. Kept in one piece to save memory, since it is rarely used."""

    def fill(self, values: bytes) -> objects.PodStatus:
        """Return the status with these values, which are separated by quotes."""
        first, *pieces = self.text.split(MARK)
        parts = [first]
        for value, piece in zip(values.split(b'"'), pieces, strict=True):
            parts += (value, piece)
        return _decode(b'"'.join(parts))


class _Cut(msgspec.Struct, gc=False):
    """JSON cut into fixed parts and values, in turns; all have a fixed length."""

    layout: Struct
    fixed: tuple[bytes, ...]


class _Addresses(msgspec.Struct, gc=False):
    """The JSON of the addresses of node and pod, cut at quotes, since their lengths differ."""

    quoted: int
    """The number of parts."""
    fixed: tuple[bytes, ...]
    find_fixed: Picker
    find_values: Picker


class StatusTemplate(msgspec.Struct, gc=False):
    """The JSON of a status, cut where siblings differ."""

    form: Form
    find_kept: Picker
    """Picks from all values those that the form has."""
    head: _Cut
    addresses: _Addresses
    tail: _Cut

    def find_values(self, text: bytes) -> tuple[bytes, ...] | None:
        """Return the values of a status; None if anything else differs.

        The caller must check that all values are plain: only then is the rest surely equal.
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
        """Return the values that the form has, separated by quotes."""
        return b'"'.join(self.find_kept(values))


def cut_status(text: bytes) -> StatusTemplate | None:
    """Return the template of a status; None if it is not clear which parts may differ.

    Raises what the decoder raises if the text is no status.
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
    return StatusTemplate(Form(MARK.join(pieces[::2])), _picker(kept), head, addresses, tail)


def _cut(text: bytes, marks: Iterator[bytes]) -> tuple[_Cut, bytes]:
    """Cut JSON at its values; return it also with marks in place of these."""
    found = VALUES.split(text)
    fixed = (*map(bytes.__add__, found[::3], found[1::3]), found[-1])
    parts = [b""] * (2 * len(fixed) - 1)
    parts[::2], parts[1::2] = fixed, found[2::3]
    layout = Struct("%ds" * len(parts) % tuple(map(len, parts)))
    parts[1::2] = islice(marks, len(fixed) - 1)
    return _Cut(layout, fixed), b"".join(parts)


def _cut_addresses(text: bytes, marks: Iterator[bytes]) -> tuple[_Addresses, bytes]:
    """Cut the addresses; return them also with marks in place of these."""
    parts = text.split(b'"')
    keys = (at for at, part in enumerate(parts[:-2]) if part in ADDRESS_KEYS)
    values = [at + 2 for at in keys if parts[at + 1] == b":"]
    find_fixed = _picker([at for at in range(len(parts)) if at not in values])
    fixed = find_fixed(parts)
    for at in values:
        parts[at] = next(marks)
    return _Addresses(len(parts), fixed, find_fixed, _picker(values)), b'"'.join(parts)


def _picker(places: Sequence[int]) -> Picker:
    """Return a function that picks these places of a sequence, always as a tuple."""
    if len(places) > 1:
        return itemgetter(*places)
    return lambda parts: tuple(parts[at] for at in places)
