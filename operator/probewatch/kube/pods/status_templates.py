"""Status templates: reads the status of a pod by comparison with a sibling's, without decoding it.

The statuses of healthy siblings are the same JSON except for times, container IDs, the name of the
token volume, and the addresses of node and pod. All but the addresses have a fixed length, so their
positions are known. If everything around these values is equal, byte for byte, nothing else needs
to be read. Only the values are kept for each pod, and the *form* once for all siblings: the values
are filled into it when the status is needed.
"""

import re
from collections.abc import Callable, Sequence
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

VALUE = b"%b"
"""Stands for a value in a format string."""
UNCLEAR = (MARK, VALUE[:1], b"\\")
"""A status with one of these characters has no template."""

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


class StatusTemplate(msgspec.Struct, gc=False):
    """The JSON of a status, cut where siblings differ.

    All values but the addresses of node and pod have a fixed length, so those before and after the
    addresses are at known positions.
    """

    form: Form
    find_kept: Picker
    """Picks from all values those that the form has."""
    text: bytes
    """The whole JSON as a format string, with VALUE for each value."""
    before: Struct
    """Picks the values before the addresses."""
    quoted: int
    """How many parts the JSON of the addresses has, if it is split at its quotes."""
    find_addresses: Picker
    """Picks the addresses from these parts."""
    after: Struct
    """Picks the values after the addresses."""

    def find_values(self, text: bytes) -> tuple[bytes, ...] | None:
        """Return the values of a status; None if anything else differs.

        The caller must check that all values are plain: only then is the rest surely equal.
        """
        begin, end = self.before.size, len(text) - self.after.size
        parts = text[begin:end].split(b'"')
        if begin > end or len(parts) != self.quoted:
            return None
        addresses = self.find_addresses(parts)
        values = (*self.before.unpack_from(text), *addresses, *self.after.unpack_from(text, end))
        return values if self.text % values == text else None

    def keep(self, values: tuple[bytes, ...]) -> bytes:
        """Return the values that the form has, separated by quotes."""
        return b'"'.join(self.find_kept(values))


def cut_status(text: bytes) -> StatusTemplate | None:
    """Return the template of a status; None if it is not clear which parts may differ.

    Raises what the decoder raises if the text is no status.
    """
    begin = text.find(ADDRESSES)
    end = text.find(AFTER_ADDRESSES, begin)
    if min(begin, end) < 0 or any(each in text for each in UNCLEAR):
        return None
    head, before = _cut(text[:begin])
    tail, after = _cut(text[end:])
    parts = text[begin:end].split(b'"')
    places = _find_addresses(parts)
    for at in places:
        parts[at] = VALUE
    whole = b"%b%b%b" % (head, b'"'.join(parts), tail)
    marks = tuple(map((MARK + b"%d").__mod__, range(whole.count(VALUE))))
    pieces = MARKED.split(_encode(keep_judged(_decode(whole % marks))))
    if any(MARK in piece for piece in pieces[::2]):
        return None
    return StatusTemplate(
        form=Form(MARK.join(pieces[::2])),
        find_kept=_picker([int(number) for number in pieces[1::2]]),
        text=whole,
        before=before,
        quoted=len(parts),
        find_addresses=_picker(places),
        after=after,
    )


def _cut(text: bytes) -> tuple[bytes, Struct]:
    """Return the JSON with VALUE in place of its values, and the layout that picks these."""
    pieces = VALUES.split(text)
    count = len(pieces) // 3
    layout = Struct(("%dx%dx%ds" * count + "%dx") % tuple(map(len, pieces)))
    pieces[2::3] = [VALUE] * count
    return b"".join(pieces), layout


def _find_addresses(parts: Sequence[bytes]) -> list[int]:
    """Return the places of the addresses among the parts of their JSON, split at its quotes."""
    keys = (at for at, part in enumerate(parts[:-2]) if part in ADDRESS_KEYS)
    return [at + 2 for at in keys if parts[at + 1] == b":"]


def _picker(places: Sequence[int]) -> Picker:
    """Return a function that picks these places of a sequence, always as a tuple."""
    if len(places) > 1:
        return itemgetter(*places)
    return lambda parts: tuple(parts[at] for at in places)
