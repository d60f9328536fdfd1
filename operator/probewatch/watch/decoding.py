"""Decodes watch lines and list pages into typed objects, in one pass.

The type of the object decides which fields are read; all others are skipped.
"""

from collections.abc import Sequence
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from probewatch.kube.objects import BROKEN
from probewatch.kube.pods.salvage import salvage
from probewatch.watch.splitting import split_page


class Versioned(Protocol):
    """An API object, as far as a watch needs to know it."""

    @property
    def metadata(self) -> "HasVersion":
        """The object's metadata."""
        ...


class HasVersion(Protocol):
    """The one field of `metadata` that a watch needs."""

    @property
    def resource_version(self) -> str | None:
        """The object's resourceVersion."""
        ...


T = TypeVar("T")
V = TypeVar("V", bound=Versioned)
L = TypeVar("L")

CHANGES = frozenset({"ADDED", "MODIFIED", "DELETED"})

INITIAL_END = "k8s.io/initial-events-end"
"""The annotation of the bookmark that ends a streaming list."""


class ListMeta(msgspec.Struct, rename="camel"):
    """`metadata` of a list or a bookmark."""

    resource_version: str = ""
    continue_: str | None = msgspec.field(name="continue", default=None)
    annotations: dict[str, str] | None = None


class _Versioned(msgspec.Struct):
    metadata: ListMeta = msgspec.field(default_factory=ListMeta)
    code: int | None = None
    reason: str | None = None


class _Line(msgspec.Struct, Generic[L]):
    type: str
    object: L


class _Page(msgspec.Struct, Generic[L]):
    metadata: ListMeta
    items: list[L] | None


class Page(msgspec.Struct, Generic[T]):
    """One page of a list."""

    items: list[T]
    resource_version: str
    token: str
    broken: int = 0
    """How many items could not be decoded."""
    dropped: int = 0
    """How many fields could not be decoded, of items that could."""


class Update(msgspec.Struct, Generic[T], gc=False):
    """One line of a watch; `code` is set for an ERROR."""

    type: str
    version: str = ""
    object: T | None = None
    dropped: int = 0
    code: int = 0
    ends_list: bool = False
    """Whether this is the bookmark that ends the initial events of a streaming list."""


class Decodes(Protocol[T]):
    """Decodes the pages of a list and the lines of a watch.

    All methods raise one of `BROKEN` (msgspec.DecodeError, UnicodeDecodeError or
    RecursionError) for input that does not have the expected form.
    """

    def page(self, body: bytes | bytearray) -> Page[T]:
        """Decode a page of a list; broken items are left out and counted."""
        ...

    def update(self, body: bytes, begin: int = 0, end: int | None = None) -> Update[T]:
        """Decode the line of a watch that is at *body*[*begin*:*end*]."""
        ...


class Decoder(Generic[V]):
    """Decodes objects of one type, each of them completely."""

    def __init__(self, kind: type[V]) -> None:
        self._kind = kind
        self._lines: msgspec.json.Decoder[_Line[V]] = _line_decoder(kind)
        self._pages = msgspec.json.Decoder(_Page[kind])  # type: ignore[valid-type]  # likewise
        self._items = msgspec.json.Decoder(kind)

    def page(self, body: bytes | bytearray) -> Page[V]:
        """Decode a page of a list; broken items are left out and counted."""
        try:
            page = self._pages.decode(body)
        except BROKEN:
            found, items = open_page(body)
            for item in items:
                self.add(item, found)
            return found
        return Page(
            items=page.items or [],
            resource_version=page.metadata.resource_version,
            token=page.metadata.continue_ or "",
        )

    def update(self, body: bytes, begin: int = 0, end: int | None = None) -> Update[V]:
        """Decode the line of a watch that is at *body*[*begin*:*end*]."""
        line = memoryview(body)[begin:end]
        try:
            read = self._lines.decode(line)
        except BROKEN:
            return self._odd_line(line)
        if read.type not in CHANGES:
            return self._odd_line(line)
        return Update(read.type, read.object.metadata.resource_version or "", read.object)

    def _odd_line(self, line: memoryview) -> Update[V]:
        """Decode a bookmark, an error, or a change of an object with broken fields."""
        raw = _RAW_LINES.decode(line)
        if raw.type in CHANGES:
            found, dropped = salvage(raw.object, self._kind)
            version = found.metadata.resource_version or ""
            return Update(raw.type, version, found, dropped)
        if raw.type == "ERROR":
            return Update("ERROR", code=_read_code(raw.object))
        status = _VERSIONED.decode(raw.object)
        if raw.type != "BOOKMARK":
            raise msgspec.ValidationError("not a watch event")
        meta = status.metadata
        ends = (meta.annotations or {}).get(INITIAL_END) == "true"
        return Update("BOOKMARK", meta.resource_version, ends_list=ends)

    def add(self, item: bytes | msgspec.Raw, page: Page[V]) -> None:
        """Decode an item and add it to a page, without its broken fields; else count it broken."""
        try:
            page.items.append(self._items.decode(item))
        except BROKEN:
            try:
                mended, dropped = salvage(item, self._kind)
            except BROKEN:
                page.broken += 1
                return
            page.items.append(mended)
            page.dropped += dropped


def open_page(body: bytes | bytearray) -> tuple[Page[Any], Sequence[bytes | msgspec.Raw]]:
    """Return a page without its items, and the items undecoded; raises one of `BROKEN`."""
    items: Sequence[bytes | msgspec.Raw] | None
    try:
        page = _RAW_PAGES.decode(body)
        items = page.items
    except RecursionError:
        head, items = split_page(body)
        page = _RAW_PAGES.decode(head)
    meta = page.metadata
    return Page([], meta.resource_version, meta.continue_ or ""), items or ()


def _line_decoder(kind: type[L]) -> "msgspec.json.Decoder[_Line[L]]":
    return msgspec.json.Decoder(_Line[kind])  # type: ignore[valid-type]  # made at run time


def _read_code(status: msgspec.Raw) -> int:
    """Return the HTTP code of a watch's ERROR; 500 where it cannot be read."""
    try:
        read = _VERSIONED.decode(status)
    except BROKEN:
        return 500
    return 410 if read.reason in {"Expired", "Gone"} else read.code or 500


_VERSIONED = msgspec.json.Decoder(_Versioned)
_RAW_LINES = msgspec.json.Decoder(_Line[msgspec.Raw])
_RAW_PAGES = msgspec.json.Decoder(_Page[msgspec.Raw])
