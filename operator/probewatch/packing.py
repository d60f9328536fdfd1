"""Packing: stores dataclasses and structs as a few hundred bytes of msgpack, and restores them.

The state of a pod that nothing happens to is not read, so it need not be a tree of Python objects.
Each value is written as an array of its fields, and decoded as its *mirror*: a struct with
the same fields, encoded as an array. Both are derived from the declaration of the class, so
that a packed value comes back equal, whatever fields are added.
"""

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

import msgspec

T = TypeVar("T")


class Packer(Generic[T]):
    """Packs values of one dataclass or struct."""

    def __init__(self, kind: type[T]) -> None:
        self._kind = kind
        self._row = write_row(kind, {})
        self._encoder = msgspec.msgpack.Encoder(enc_hook=_as_dict)
        self._decoder = msgspec.msgpack.Decoder(mirror(kind))

    def pack(self, value: T) -> bytes:
        """Return the value as bytes."""
        # Copy: the bytes that the encoder returns occupy half as much memory again.
        return bytes(memoryview(self._encoder.encode(self._row(value))))

    def unpack(self, body: bytes) -> T:
        """Return a value equal to the one that was packed."""
        return msgspec.convert(self._decoder.decode(body), self._kind, from_attributes=True)


def _as_dict(value: object) -> object:
    """Return a mapping as a dictionary, which msgpack can encode; raises TypeError otherwise."""
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} cannot be packed")


def mirror(kind: Any) -> Any:  # noqa: ANN401  # types of any kind
    """Return *kind* with all dataclasses and structs in it replaced by array-like structs."""
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


def write_row(kind: type, known: dict[str, Any]) -> Callable[[Any], tuple[Any, ...]]:
    """Generate the function that turns a value of *kind* into a tuple of its fields.

    *known* holds the functions of the classes it contains. Code is generated for each class,
    because letting msgspec convert the value takes three times as long.
    """
    hints = typing.get_type_hints(kind, include_extras=True)
    fields = "".join(f"{_in_row(hints[name], f'v.{name}', known)}, " for name in _field_names(kind))
    written: Callable[[Any], tuple[Any, ...]] = eval(f"lambda v: ({fields})", known)  # noqa: S307  # of names of fields alone
    return written


def _in_row(hint: Any, value: str, known: dict[str, Any]) -> str:  # noqa: ANN401  # a type of any kind
    """Return the expression that packs a *value* of this type; *value* itself for plain types."""
    arguments = typing.get_args(hint)
    origin = typing.get_origin(hint)
    if isinstance(hint, type) and _field_names(hint):
        name = f"row_of_{hint.__module__}_{hint.__qualname__}".replace(".", "_")
        if name not in known:
            known[name] = write_row(hint, known)
        return f"{name}({value})"
    if origin is typing.Annotated or not any(_has_fields(each) for each in arguments):
        return value
    if origin in {typing.Union, types.UnionType}:
        (one,) = (each for each in arguments if each is not type(None))
        return f"(None if {value} is None else {_in_row(one, value, known)})"
    if origin is Mapping:
        return f"{{k: {_in_row(arguments[1], 'e', known)} for k, e in {value}.items()}}"
    if origin is tuple and Ellipsis not in arguments:
        each = (_in_row(one, f"{value}[{at}]", known) for at, one in enumerate(arguments))
        return f"({', '.join(each)})"
    return f"[{_in_row(arguments[0], 'e', known)} for e in {value}]"


def _has_fields(hint: Any) -> bool:  # noqa: ANN401  # likewise
    if isinstance(hint, type) and _field_names(hint):
        return True
    return any(_has_fields(each) for each in typing.get_args(hint))
