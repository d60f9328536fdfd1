"""Decoding: watch lines and list pages into typed objects, in one pass.

The type of the object decides which fields are read; all others are skipped.
"""

from typing import Generic, TypeVar

import msgspec

T = TypeVar("T")


class ListMeta(msgspec.Struct, rename="camel"):
    """`metadata` of a list, and what is needed of a bookmark's."""

    resource_version: str = ""
    continue_: str | None = msgspec.field(name="continue", default=None)


class _Versioned(msgspec.Struct):
    metadata: ListMeta = msgspec.field(default_factory=ListMeta)
    code: int | None = None
    reason: str | None = None


class _Envelope(msgspec.Struct):
    type: str = ""
    object: msgspec.Raw = msgspec.Raw(b"null")


class _Page(msgspec.Struct):
    metadata: ListMeta
    items: list[msgspec.Raw] | None


class Page(msgspec.Struct, Generic[T]):
    """One page of a list."""

    items: list[T]
    resource_version: str
    token: str
    broken: int
    """Items that could not be decoded."""


class Update(msgspec.Struct, Generic[T]):
    """One line of a watch; `code` is set for an ERROR."""

    type: str
    version: str = ""
    object: T | None = None
    code: int = 0


class Decoder(Generic[T]):
    """Decodes objects of one type.

    All methods raise msgspec.DecodeError, UnicodeDecodeError or RecursionError for
    what is not of the expected form: `BROKEN`.
    """

    def __init__(self, kind: type[T]) -> None:
        self._object: msgspec.json.Decoder[T] = msgspec.json.Decoder(kind)
        self._versioned = msgspec.json.Decoder(_Versioned)
        self._envelope = msgspec.json.Decoder(_Envelope)
        self._page = msgspec.json.Decoder(_Page)

    def page(self, body: bytes) -> Page[T]:
        """A page of a list; items that are broken are left out and counted."""
        raw = self._page.decode(body)
        items: list[T] = []
        for item in raw.items or ():
            try:
                items.append(self._object.decode(item))
            except BROKEN:
                continue
        return Page(
            items=items,
            resource_version=raw.metadata.resource_version,
            token=raw.metadata.continue_ or "",
            broken=len(raw.items or ()) - len(items),
        )

    def update(self, line: bytes) -> Update[T]:
        """A line of a watch."""
        raw = self._envelope.decode(line)
        if raw.type == "ERROR":
            status = self._versioned.decode(raw.object)
            gone = status.reason in {"Expired", "Gone"}
            return Update(type="ERROR", code=410 if gone else status.code or 500)
        version = self._versioned.decode(raw.object).metadata.resource_version
        if raw.type == "BOOKMARK":
            return Update(type="BOOKMARK", version=version)
        if raw.type not in {"ADDED", "MODIFIED", "DELETED"}:
            message = "not a watch event"
            raise msgspec.DecodeError(message)
        return Update(type=raw.type, version=version, object=self._object.decode(raw.object))


BROKEN = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What a decoder raises for bytes that are not what they should be."""
