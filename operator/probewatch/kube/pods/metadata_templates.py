"""Metadata templates: reads the metadata of a pod by comparison with a sibling's.

After the resourceVersion, the metadata of siblings are the same JSON except for the creation time,
and for annotations that a network plugin adds to each pod. Only our own annotations and that of
mirror pods are read, so without those the annotations may differ.
"""

import msgspec

from probewatch.kube import objects
from probewatch.kube.parsing import has_notes
from probewatch.kube.pods.status_templates import MARK

CREATED = b'"creationTimestamp":"'
TIME_LENGTH = len("2006-01-02T15:04:05Z")
ANNOTATIONS = b',"annotations":{'
OWNERS = b'},"ownerReferences":['
"""What comes before and after the annotations; it cannot occur in one, where quotes are escaped."""

_decode_any = msgspec.json.Decoder(msgspec.Raw).decode


class _Own(objects.Struct):
    """The fields in which siblings may differ; none may occur twice, as the last one counts."""

    name: msgspec.Raw = objects.ABSENT
    generate_name: msgspec.Raw = objects.ABSENT
    namespace: msgspec.Raw = objects.ABSENT
    uid: msgspec.Raw = objects.ABSENT
    resource_version: msgspec.Raw = objects.ABSENT
    creation_timestamp: msgspec.Raw = objects.ABSENT


_CREATED = _Own(creation_timestamp=msgspec.Raw(b'"%b"' % MARK))
_decode_own = msgspec.json.Decoder(_Own).decode


class MetadataTemplate(msgspec.Struct, gc=False):
    """The JSON of metadata after the resourceVersion, cut where siblings differ."""

    before: bytes
    """The JSON up to the creation time."""
    after: bytes
    """The JSON after the creation time."""
    labels: bytes = b""
    """The part of `after` before the annotations; empty if those must be equal."""
    owners: bytes = b""
    """The part of `after` after the annotations."""

    def find_created(self, text: bytes) -> bytes | None:
        """Return the creation time; None if anything else differs that is read."""
        begin = len(self.before)
        end = begin + TIME_LENGTH
        if not text.startswith(self.before):
            return None
        if text[end:] != self.after and not self._has_other_notes(text, end):
            return None
        return text[begin:end]

    def _has_other_notes(self, text: bytes, begin: int) -> bool:
        """Whether only annotations that are not read differ after *begin*."""
        if not self.labels or not text.startswith(self.labels, begin):
            return False
        notes = text[begin + len(self.labels) : len(text) - len(self.owners)]
        try:
            _decode_any(b"{%b}" % notes)
        except objects.BROKEN:
            return False
        return text.endswith(self.owners) and not has_notes(notes)


def cut_metadata(text: bytes) -> MetadataTemplate | None:
    """Return the template of metadata after the resourceVersion; None if its layout is unclear."""
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
        return MetadataTemplate(before, after)
    return MetadataTemplate(before, after, labels + begin, end + owners)
