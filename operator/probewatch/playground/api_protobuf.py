"""Bodies in Kubernetes' protobuf, as far as clients send them: what Helm keeps its releases in.

client-go writes built-in kinds so, whatever the server likes better. Known are the kinds of
`KINDS`, by their field numbers in the published `generated.proto` files; another kind, or
a field that is not listed, is refused rather than half understood.
"""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Any

JsonObject = dict[str, Any]

MAGIC = b"k8s\x00"
VARINT, LENGTH = 0, 2


class UnreadableError(ValueError):
    """It is not protobuf of a kind that is known here."""


class Type(Enum):
    """How a field's value is read."""

    TEXT = auto()
    BYTES = auto()
    NUMBER = auto()
    FLAG = auto()
    TIME = auto()
    TEXTS = auto()
    TEXT_MAP = auto()
    BYTES_MAP = auto()
    MESSAGE = auto()
    MESSAGES = auto()


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a message; `of` is the message's schema where the value is one."""

    name: str
    type: Type = Type.TEXT
    of: "Mapping[int, Field] | None" = None


Schema = Mapping[int, Field]

OWNER: Schema = {
    1: Field("kind"),
    3: Field("name"),
    4: Field("uid"),
    5: Field("apiVersion"),
    6: Field("controller", Type.FLAG),
    7: Field("blockOwnerDeletion", Type.FLAG),
}
METADATA: Schema = {
    1: Field("name"),
    2: Field("generateName"),
    3: Field("namespace"),
    4: Field("selfLink"),
    5: Field("uid"),
    6: Field("resourceVersion"),
    7: Field("generation", Type.NUMBER),
    8: Field("creationTimestamp", Type.TIME),
    11: Field("labels", Type.TEXT_MAP),
    12: Field("annotations", Type.TEXT_MAP),
    13: Field("ownerReferences", Type.MESSAGES, OWNER),
    14: Field("finalizers", Type.TEXTS),
}
PRECONDITIONS: Schema = {1: Field("uid"), 2: Field("resourceVersion")}
OBJECT = Field("metadata", Type.MESSAGE, METADATA)

KINDS: Mapping[str, Schema] = {
    "Secret": {
        1: OBJECT,
        2: Field("data", Type.BYTES_MAP),
        3: Field("type"),
        4: Field("stringData", Type.TEXT_MAP),
        5: Field("immutable", Type.FLAG),
    },
    "ConfigMap": {
        1: OBJECT,
        2: Field("data", Type.TEXT_MAP),
        3: Field("binaryData", Type.BYTES_MAP),
        4: Field("immutable", Type.FLAG),
    },
    "DeleteOptions": {
        1: Field("gracePeriodSeconds", Type.NUMBER),
        2: Field("preconditions", Type.MESSAGE, PRECONDITIONS),
        3: Field("orphanDependents", Type.FLAG),
        4: Field("propagationPolicy"),
        5: Field("dryRun", Type.TEXTS),
    },
}

TYPE_META: Schema = {1: Field("apiVersion"), 2: Field("kind")}
ENVELOPE: Schema = {
    1: Field("typeMeta", Type.MESSAGE, TYPE_META),
    2: Field("raw", Type.BYTES),
    3: Field("contentEncoding"),
    4: Field("contentType"),
}


def decode(body: bytes) -> JsonObject:
    """Return the object as JSON has it.

    Raises: UnreadableError.
    """
    if not body.startswith(MAGIC):
        raise UnreadableError("it does not begin with the magic number")
    envelope = _read_message(body[len(MAGIC) :], ENVELOPE)
    meta = envelope.get("typeMeta") or {}
    schema = KINDS.get(meta.get("kind", ""))
    if schema is None:
        raise UnreadableError(f"the kind {meta.get('kind')!r} is not known")
    raw = base64.b64decode(envelope.get("raw", ""))
    return {**meta, **_read_message(raw, schema)}


def _read_message(data: bytes, schema: Schema) -> JsonObject:
    found: JsonObject = {}
    for number, value in _split(data):
        field = schema.get(number)
        if field is None:
            raise UnreadableError(f"field {number} is not known")
        # Times are the server's to set, and an empty value is how these messages say "none".
        if field.type is not Type.TIME and value != b"":
            _put(found, field, value)
    return found


def _put(found: JsonObject, field: Field, value: int | bytes) -> None:
    """Put a field's value into *found*; a repeated one comes once for each item."""
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
            return value
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
