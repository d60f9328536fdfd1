"""The forms in which objects are sent: whole, as metadata only, or as rows of a table."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

import msgspec

from probewatch.playground.api.requests import Request
from probewatch.playground.json_object import JsonObject
from probewatch.playground.objects.faces import to_shown
from probewatch.playground.objects.status import StatusError
from probewatch.playground.objects.store import Stored
from probewatch.playground.objects.types import ResourceType

META = "meta.k8s.io"
PARTIAL_HEAD = {"kind": "PartialObjectMetadata", "apiVersion": f"{META}/v1"}
MEDIA = ("application/json", "application/yaml")


class Projection(Protocol):
    """Encodes objects in one of these forms."""

    def one(self, stored: Stored) -> bytes:
        """Return one object, for a response or a watch event."""
        ...

    def many(self, items: Iterable[Stored], meta: JsonObject) -> bytes:
        """Return a list with that metadata."""
        ...

    def bookmark(self, meta: JsonObject) -> bytes:
        """Return an object that has metadata only."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """Objects as they are."""

    type_: ResourceType

    def one(self, stored: Stored) -> bytes:
        """Return one object."""
        return stored.encode(self.type_.group_version, lambda obj: to_shown(self.type_, obj))

    def many(self, items: Iterable[Stored], meta: JsonObject) -> bytes:
        """Return a list; as from a real server, built-in objects do not repeat their kind."""
        if self.type_.custom:
            parts = [self.one(item) for item in items]
        else:
            face = f"{self.type_.group_version} in a list"
            parts = [item.encode(face, self._without_kind) for item in items]
        return wrap_list(self.type_.list_kind, self.type_.group_version, meta, parts)

    def _without_kind(self, obj: JsonObject) -> JsonObject:
        shown = to_shown(self.type_, obj)
        return {key: value for key, value in shown.items() if key not in {"kind", "apiVersion"}}

    def bookmark(self, meta: JsonObject) -> bytes:
        """Return an object that has metadata only."""
        head = {"kind": self.type_.kind, "apiVersion": self.type_.group_version}
        return msgspec.json.encode({**head, "metadata": meta})


@dataclass(frozen=True, slots=True, kw_only=True)
class Partial:
    """Objects as PartialObjectMetadata."""

    def one(self, stored: Stored) -> bytes:
        """Return the metadata of one object."""
        return stored.encode("partial", self._strip)

    def _strip(self, obj: JsonObject) -> JsonObject:
        return {**PARTIAL_HEAD, "metadata": obj["metadata"]}

    def many(self, items: Iterable[Stored], meta: JsonObject) -> bytes:
        """Return a list of metadata."""
        parts = [self.one(item) for item in items]
        whole = wrap_list("PartialObjectMetadataList", f"{META}/v1", meta, parts)
        # For an empty list a real server writes null: apimachinery leaves the slice nil.
        return whole if parts else whole.replace(b'"items":[]', b'"items":null')

    def bookmark(self, meta: JsonObject) -> bytes:
        """Return an object that has metadata only."""
        return msgspec.json.encode({**PARTIAL_HEAD, "metadata": meta})


def wrap_list(kind: str, version: str, meta: JsonObject, parts: Iterable[bytes]) -> bytes:
    """Return a list of items that are encoded already."""
    head = {"kind": kind, "apiVersion": version, "metadata": meta}
    return b"".join((msgspec.json.encode(head)[:-1], b',"items":[', b",".join(parts), b"]}\n"))


MakeTable = Callable[[ResourceType, Request], Projection]


def choose_projection(type_: ResourceType, request: Request, make_table: MakeTable) -> Projection:
    """Return the form that the request prefers; raises StatusError 406 if it accepts none."""
    for media, parameters in parse_accept(request.headers.get("Accept", "*/*")):
        if media not in {"application/json", "application/*", "*/*"}:
            continue
        form, is_meta = parameters.get("as", ""), parameters.get("g", META) == META
        if not form:
            return Whole(type_=type_)
        if not is_meta or parameters.get("v") != "v1":
            continue
        if form == "Table":
            return make_table(type_, request)
        if form in {"PartialObjectMetadata", "PartialObjectMetadataList"}:
            return Partial()
    raise not_acceptable()


def parse_accept(text: str) -> list[tuple[str, Mapping[str, str]]]:
    """Return the media types of an Accept header with their parameters, the preferred first."""
    found = []
    for part in text.split(","):
        media, *parameters = (piece.strip() for piece in part.split(";"))
        pairs = (item.partition("=") for item in parameters)
        found.append((media.lower(), {key.strip(): value.strip() for key, _, value in pairs}))
    return sorted(found, key=lambda item: -_quality(item[1]))


def _quality(parameters: Mapping[str, str]) -> float:
    try:
        return float(parameters.get("q", "1"))
    except ValueError:
        return 1.0


def not_acceptable() -> StatusError:
    """Return the error for a request that accepts no form that the server has."""
    text = f"only the following media types are accepted: {MEDIA[0]}"
    return StatusError(406, "NotAcceptable", text)
