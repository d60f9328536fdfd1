"""Decodes lists and watches for a recording, which keeps each object's original JSON.

Only the metadata of an object is decoded.
"""

import msgspec

from probewatch.kube.objects import Metadata
from probewatch.watch.decoding import Decoder, ListMeta, Page, Update


class RawObject(msgspec.Struct):
    """An object's metadata, and its JSON text as it was sent."""

    metadata: Metadata = msgspec.field(default_factory=Metadata)
    text: bytes = msgspec.field(name="(text)", default=b"")
    """Filled in after decoding; no object has a field of this name."""


class _Page(msgspec.Struct):
    metadata: ListMeta
    items: list[msgspec.Raw] | None


class _Line(msgspec.Struct):
    object: msgspec.Raw


_PAGES = msgspec.json.Decoder(_Page)
_LINES = msgspec.json.Decoder(_Line)
_OBJECTS = msgspec.json.Decoder(RawObject)


class RawDecoder(Decoder[RawObject]):
    """Decodes objects and keeps their text."""

    def __init__(self) -> None:
        super().__init__(RawObject)

    def page(self, body: bytes | bytearray) -> Page[RawObject]:
        """Return a decoded page of a list."""
        page = _PAGES.decode(body)
        return Page(
            items=[_read(item) for item in page.items or ()],
            resource_version=page.metadata.resource_version,
            token=page.metadata.continue_ or "",
            broken=0,
        )

    def update(self, body: bytes, begin: int = 0, end: int | None = None) -> Update[RawObject]:
        """Return a decoded line of a watch: *body* from *begin* to *end*."""
        update = super().update(body, begin, end)
        if update.object is not None:
            update.object.text = bytes(_LINES.decode(memoryview(body)[begin:end]).object)
        return update


def _read(item: msgspec.Raw) -> RawObject:
    decoded = _OBJECTS.decode(item)
    decoded.text = bytes(item)
    return decoded
