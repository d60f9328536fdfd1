"""Packing: a state of the core, or what was decoded, as a few hundred bytes, and back.

What is at rest is read by nobody, so it does not have to be a tree of Python objects.
Each value has a *mirror*, made from its own declaration, that msgspec writes as a plain row
without names. What is packed comes back equal, whatever fields may be added.
"""

import dataclasses
import types
import typing
from collections.abc import Mapping
from typing import Any, Generic, TypeVar

import msgspec

T = TypeVar("T")


class Packer(Generic[T]):
    """Packs values of one dataclass or struct."""

    def __init__(self, kind: type[T]) -> None:
        self._kind = kind
        self._mirror = mirror(kind)
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder = msgspec.msgpack.Decoder(self._mirror)

    def pack(self, value: T) -> bytes:
        """Return the value as bytes."""
        row = msgspec.convert(value, self._mirror, from_attributes=True)
        # Copied, for the encoder's own bytes sit in half as much again.
        return bytes(memoryview(self._encoder.encode(row)))

    def unpack(self, body: bytes) -> T:
        """Return a value equal to the one that was packed."""
        return msgspec.convert(self._decoder.decode(body), self._kind, from_attributes=True)


def mirror(kind: Any) -> Any:  # noqa: ANN401  # a type of any kind, and what stands for it
    """Return the type that stands for *kind* in rows: what has fields becomes one without names."""
    if isinstance(kind, type) and (names := _field_names(kind)):
        hints = typing.get_type_hints(kind, include_extras=True)
        fields = [(name, mirror(hints[name])) for name in names]
        return msgspec.defstruct(kind.__name__, fields, array_like=True, gc=False)
    if typing.get_origin(kind) in {None, typing.Annotated}:
        return kind
    arguments = tuple(mirror(each) for each in typing.get_args(kind) if each is not Ellipsis)
    origin = typing.get_origin(kind)
    if origin in {typing.Union, types.UnionType}:
        return typing.Union[arguments]  # noqa: UP007  # made at run time
    if origin is tuple and Ellipsis in typing.get_args(kind):
        return tuple[arguments[0], ...]  # type: ignore[valid-type]  # made at run time
    return dict[arguments] if origin is Mapping else origin[arguments]  # type: ignore[misc,valid-type]  # likewise


def _field_names(kind: type) -> tuple[str, ...]:
    if dataclasses.is_dataclass(kind):
        return tuple(field.name for field in dataclasses.fields(kind))
    return kind.__struct_fields__ if issubclass(kind, msgspec.Struct) else ()
