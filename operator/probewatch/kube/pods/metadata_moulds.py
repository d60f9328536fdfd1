"""Metadata moulds: what the metadata of a pod say, told by those of a sibling.

From the version on they are the same text but for the time of creation, and for annotations that
a network plugin writes to each pod. Of annotations only our own and a mirror's are read: where
there is none of them, they may be any.
"""

import msgspec

from probewatch.kube import objects
from probewatch.kube.parsing import has_notes
from probewatch.kube.pods.status_moulds import MARK

CREATED = b'"creationTimestamp":"'
TIME_LENGTH = len("2006-01-02T15:04:05Z")
ANNOTATIONS = b',"annotations":{'
OWNERS = b'},"ownerReferences":['
"""What is before and behind the annotations; the quotes in one are escaped."""

_decode_any = msgspec.json.Decoder(msgspec.Raw).decode


class _Own(objects.Struct):
    """What siblings have for themselves; nothing of it stands twice, for the last one counts."""

    name: msgspec.Raw = objects.ABSENT
    generate_name: msgspec.Raw = objects.ABSENT
    namespace: msgspec.Raw = objects.ABSENT
    uid: msgspec.Raw = objects.ABSENT
    resource_version: msgspec.Raw = objects.ABSENT
    creation_timestamp: msgspec.Raw = objects.ABSENT


_CREATED = _Own(creation_timestamp=msgspec.Raw(b'"%b"' % MARK))
_decode_own = msgspec.json.Decoder(_Own).decode


class MetadataMould(msgspec.Struct, gc=False):
    """The text of metadata from the version on, cut where those of siblings differ."""

    before: bytes
    """Up to the time of creation."""
    after: bytes
    labels: bytes = b""
    """Of `after`, what is before the annotations, where those may differ."""
    owners: bytes = b""
    """What is behind them."""

    def find_created(self, text: bytes) -> bytes | None:
        """Return the time of creation; None where something else differs that is read."""
        begin = len(self.before)
        end = begin + TIME_LENGTH
        if not text.startswith(self.before):
            return None
        if text[end:] != self.after and not self._has_other_notes(text, end):
            return None
        return text[begin:end]

    def _has_other_notes(self, text: bytes, begin: int) -> bool:
        """Whether nothing differs after *begin* but annotations that nobody reads."""
        if not self.labels or not text.startswith(self.labels, begin):
            return False
        notes = text[begin + len(self.labels) : len(text) - len(self.owners)]
        try:
            _decode_any(b"{%b}" % notes)
        except msgspec.DecodeError:
            return False
        return text.endswith(self.owners) and not has_notes(notes)


def cut_metadata(text: bytes) -> MetadataMould | None:
    """Return the mould of metadata that begin at the version; None where it is not sure."""
    before, created, rest = text.partition(CREATED)
    before, after = before + created, rest[TIME_LENGTH:]
    if (
        not after.startswith(b'"')
        or _decode_own(b'{"":"%b%b%b}' % (before, MARK, after)) != _CREATED
    ):
        return None
    labels, begin, rest = after.partition(ANNOTATIONS)
    notes, end, owners = rest.partition(OWNERS)
    if not end or has_notes(notes):
        return MetadataMould(before, after)
    return MetadataMould(before, after, labels + begin, end + owners)
