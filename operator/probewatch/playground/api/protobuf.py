"""Decodes request bodies in Kubernetes' protobuf, for the kinds that clients send that way.

client-go encodes built-in kinds so, whatever the server prefers: Helm its releases, kubectl what
it creates without a manifest. A kind or a field that is not in the tables is rejected rather
than decoded in part.
"""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import replace

from probewatch.playground.api.protobuf_kinds import ENVELOPE, KINDS, Field, Schema, Type
from probewatch.playground.api.protobuf_workloads import WORKLOADS
from probewatch.playground.json_object import JsonObject

MAGIC = b"k8s\x00"
VARINT, LENGTH = 0, 2


class UnreadableError(ValueError):
    """The body is not protobuf, or has a kind or field that is not in the tables."""


def decode(body: bytes) -> JsonObject:
    """Return the object in its JSON form; raises UnreadableError."""
    if not body.startswith(MAGIC):
        raise UnreadableError("it does not begin with the magic number")
    envelope = _read_message(body[len(MAGIC) :], ENVELOPE)
    meta = envelope.get("typeMeta") or {}
    kind = meta.get("kind", "")
    schema = KINDS.get(kind) or WORKLOADS.get(kind)
    if schema is None:
        raise UnreadableError(f"the kind {kind!r} is not known")
    raw = base64.b64decode(envelope.get("raw", ""))
    return {**meta, **_read_message(raw, schema)}


def _read_message(data: bytes, schema: Schema) -> JsonObject:
    found: JsonObject = {}
    for number, value in _split(data):
        field = schema.get(number)
        if field is None:
            raise UnreadableError(f"field {number} is not known")
        if not _is_unset(field, value):
            _put(found, field, value)
    return found


def _is_unset(field: Field, value: int | bytes) -> bool:
    """Whether a field counts as not set: it is empty, or a time, which only the server sets."""
    is_single = field.type in {Type.TEXT, Type.BYTES, Type.MESSAGE}
    return field.type is Type.TIME or (is_single and value == b"")


def _put(found: JsonObject, field: Field, value: int | bytes) -> None:
    """Add a field's value to *found*; a repeated field occurs once for each item."""
    match field.type:
        case Type.MESSAGES | Type.TEXTS:
            item = replace(field, type=Type.MESSAGE if field.of else Type.TEXT)
            found.setdefault(field.name, []).append(_read_value(item, value))
        case Type.TEXT_MAP | Type.BYTES_MAP:
            of = Type.TEXT if field.type is Type.TEXT_MAP else Type.BYTES
            found.setdefault(field.name, {}).update(_read_entry(of, value))
        case _:
            found[field.name] = _read_value(field, value)


def _read_value(field: Field, value: int | bytes) -> object:
    match field.type, value:
        case Type.NUMBER, int():
            # Negative numbers are sent in two's complement, with 64 bits.
            return value - (1 << 64) if value >> 63 else value
        case Type.FLAG, int():
            return bool(value)
        case Type.TEXT, bytes():
            return value.decode()
        case Type.BYTES, bytes():
            return base64.b64encode(value).decode()
        case Type.MESSAGE, bytes() if field.of is not None:
            return _read_message(value, field.of)
        case _:
            raise UnreadableError(f"{field.name} has another type")


def _read_entry(of: Type, data: int | bytes) -> JsonObject:
    entry = _read_value(Field("entry", Type.MESSAGE, _ENTRIES[of]), data)
    assert isinstance(entry, dict)  # noqa: S101  # a message always is
    return {entry.get("key", ""): entry.get("value", "")}


_ENTRIES: Mapping[Type, Schema] = {
    of: {1: Field("key"), 2: Field("value", of)} for of in (Type.TEXT, Type.BYTES)
}


def _split(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield number and raw value of each field."""
    at = 0
    while at < len(data):
        tag, at = _read_varint(data, at)
        number, wire = tag >> 3, tag & 7
        if wire == VARINT:
            value, at = _read_varint(data, at)
            yield number, value
            continue
        if wire != LENGTH:
            raise UnreadableError(f"wire type {wire} is not known")
        length, at = _read_varint(data, at)
        if at + length > len(data):
            raise UnreadableError("it ends too early")
        yield number, data[at : at + length]
        at += length


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    found = shift = 0
    while at < len(data):
        found |= (data[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not data[at - 1] & 0x80:
            return found, at
    raise UnreadableError("it ends too early")
