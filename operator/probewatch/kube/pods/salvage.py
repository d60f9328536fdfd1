"""Salvage: decodes an object without its broken fields.

The decoder rejects a whole object for a single field of the wrong type, and the restarts of a pod
would be lost with it. So a rejected object is decoded again without types, and then converted
field by field: a number in quotes becomes a number, and what cannot be converted is left out and
counted. This is slow, and used for rejected objects only.
"""

import types
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


def salvage(body: bytes | msgspec.Raw, kind: type[T]) -> tuple[T, int]:
    """Return the object without its broken fields, and how many there were.

    Raises one of `objects.BROKEN` if nothing can be decoded.
    """
    mender = _Mender()
    mended = mender.mend(msgspec.json.decode(body), kind)
    if not isinstance(mended, kind):
        raise msgspec.ValidationError(f"no {kind.__name__}")
    return mended, mender.dropped


class _Lost:
    """The type of `_LOST`, which stands for a value that could not be converted."""


_LOST = _Lost()


@dataclass
class _Mender:
    """Converts untyped values to types, and counts what cannot be converted."""

    dropped: int = 0

    def mend(self, value: Any, kind: Any) -> Any:  # noqa: ANN401  # anything that JSON can hold
        """Return the value as *kind*, or `_LOST`."""
        if kind is msgspec.Raw:
            return msgspec.Raw(msgspec.json.encode(value))
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            return self._struct(value, kind)
        origin, arguments = typing.get_origin(kind), typing.get_args(kind)
        if origin in {typing.Union, types.UnionType}:
            return self._union(value, arguments)
        if origin is list and isinstance(value, list):
            return [each for each in self._all(value, arguments[0]) if each is not _LOST]
        if origin is dict and isinstance(value, dict):
            pairs = zip(value, self._all(value.values(), arguments[1]), strict=True)
            return {key: each for key, each in pairs if each is not _LOST}
        return self._plain(value, kind)

    def _all(self, values: Any, kind: Any) -> Iterator[Any]:  # noqa: ANN401  # likewise
        return (self.mend(each, kind) for each in values)

    def _plain(self, value: Any, kind: Any) -> Any:  # noqa: ANN401  # likewise
        try:
            return msgspec.convert(value, kind, strict=False)
        except msgspec.ValidationError:
            self.dropped += 1
            return _LOST

    def _union(self, value: Any, arguments: tuple[Any, ...]) -> Any:  # noqa: ANN401  # likewise
        """An absent value is one; else there is one type that it can be, or plain ones."""
        if value is None:
            return None
        others = tuple(each for each in arguments if each is not type(None))
        if len(others) == 1:
            return self.mend(value, others[0])
        return self._plain(value, typing.Union[others])  # noqa: UP007  # made at run time

    def _struct(self, value: Any, kind: type[msgspec.Struct]) -> Any:  # noqa: ANN401  # likewise
        if not isinstance(value, dict):
            self.dropped += 1
            return _LOST
        hints = typing.get_type_hints(kind, include_extras=True)
        fields: dict[str, Any] = {}
        for field in msgspec.structs.fields(kind):
            if field.encode_name in value:
                mended = self.mend(value[field.encode_name], hints[field.name])
                if mended is not _LOST:
                    fields[field.name] = mended
        try:
            return kind(**fields)
        except TypeError:  # a required field is missing
            self.dropped += 1
            return _LOST
