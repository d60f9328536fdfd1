"""Status moulds: what the status of a pod says, told by that of a sibling without decoding it.

The statuses of healthy siblings are the same text but for times, names of instances, and the
addresses of node and pod. All but the addresses are as long as they were, so where they stand is
known; and if all around them is as it was, byte for byte, nothing else is to be read. What is
kept of such a status are these values, and once for all siblings the *form* that they are put
into when somebody asks what it said.
"""

import re
from collections.abc import Callable, Iterator
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

VALUES = re.compile(
    rb'("lastTransitionTime":"|"startTime":"|"startedAt":"|"finishedAt":"|"containerID":"'
    rb'|"name":"kube-api-access-)([\w:./+-]+)'
)
"""What may differ between siblings besides, and the key before it."""

PLAIN = re.sub(rb"[^\w:./+-]", b"", bytes(range(128)))
"""What values are made of: nothing that means anything in JSON."""

MARK = b"#"
"""With a number it stands for a value."""
MARKED = re.compile(rb'"#(\d+)"')

_decode = msgspec.json.Decoder(objects.PodStatus).decode
_encode = msgspec.json.Encoder().encode


def is_plain(*texts: bytes) -> bool:
    """Whether no character of them means anything in JSON."""
    return not b"".join(texts).translate(None, PLAIN)


class Form(msgspec.Struct, gc=False):
    """What is read of a status, without its values."""

    pieces: list[bytes]

    def fill(self, values: bytes) -> objects.PodStatus:
        """Return the status of which these are the values."""
        parts = [self.pieces[0]]
        for value, piece in zip(values.split(b'"'), self.pieces[1:], strict=True):
            parts += (value, piece)
        return _decode(b'"'.join(parts))


class _Cut(msgspec.Struct, gc=False):
    """A text, cut into what may not differ between siblings and what may, in turns."""

    layout: Struct
    fixed: tuple[bytes, ...]


class StatusMould(msgspec.Struct, gc=False):
    """The text of a status, cut where those of siblings differ."""

    form: Form
    find_kept: Callable[[tuple[bytes, ...]], tuple[bytes, ...]]
    """Finds among all values those that the form has."""
    head: _Cut
    tail: _Cut
    quotes: int
    """Between the two are addresses of any length, with so many quotes."""
    fixed: tuple[bytes, ...]
    """What is between these quotes and no address."""
    find_fixed: Callable[[list[bytes]], tuple[bytes, ...]]
    find_addresses: Callable[[list[bytes]], tuple[bytes, ...]]

    def find_values(self, text: bytes) -> tuple[bytes, ...] | None:
        """Return what may differ in a status; None if anything else does.

        It is the same status otherwise if all of that is plain.
        """
        begin, end = self.head.layout.size, len(text) - self.tail.layout.size
        if begin > end or text.count(b'"', begin, end) != self.quotes:
            return None
        head, tail = self.head.layout.unpack_from(text), self.tail.layout.unpack_from(text, end)
        middle = text[begin:end].split(b'"')
        if (
            head[::2] != self.head.fixed
            or tail[::2] != self.tail.fixed
            or self.find_fixed(middle) != self.fixed
        ):
            return None
        return (*head[1::2], *self.find_addresses(middle), *tail[1::2])

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
    middle = text[begin:end].split(b'"')
    keys = (at for at, part in enumerate(middle[:-2]) if part in ADDRESS_KEYS)
    addresses = [at + 2 for at in keys if middle[at + 1] == b":"]
    others = [at for at in range(len(middle)) if at not in addresses]
    marks = map((MARK + b"%d").__mod__, count())
    head, marked_head = _cut(text[:begin], marks)
    find_fixed = itemgetter(*others)
    fixed = find_fixed(middle)
    for at in addresses:
        middle[at] = next(marks)
    tail, marked_tail = _cut(text[end:], marks)
    status = keep_judged(_decode(marked_head + b'"'.join(middle) + marked_tail))
    pieces = MARKED.split(_encode(status))
    kept = [int(number) for number in pieces[1::2]]
    if len(addresses) < 2 or len(kept) < 2 or any(MARK in piece for piece in pieces[::2]):  # noqa: PLR2004  # one is got without a tuple
        return None
    return StatusMould(
        Form(pieces[::2]),
        itemgetter(*kept),
        head,
        tail,
        len(middle) - 1,
        fixed,
        find_fixed,
        itemgetter(*addresses),
    )


def _cut(text: bytes, marks: Iterator[bytes]) -> tuple[_Cut, bytes]:
    """Cut a text, and return it also with marks in place of its values."""
    found = VALUES.split(text)
    fixed = (*map(bytes.__add__, found[::3], found[1::3]), found[-1])
    parts = [b""] * (2 * len(fixed) - 1)
    parts[::2], parts[1::2] = fixed, found[2::3]
    layout = Struct("%ds" * len(parts) % tuple(map(len, parts)))
    parts[1::2] = islice(marks, len(fixed) - 1)
    return _Cut(layout, fixed), b"".join(parts)
