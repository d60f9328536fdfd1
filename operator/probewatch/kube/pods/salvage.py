"""Salvage: what can be read of an object of which a part is wrong.

A decoder refuses an object for a single field of the wrong type. That one field
then must not cost the whole object: a pod's restarts would be lost with it. So what was
refused is read once more without types, field by field: a number in quotes is a
number, and what cannot be read is left out and counted. Nothing of this is on the common path.
"""

import types
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


def salvage(body: bytes | msgspec.Raw, kind: type[T]) -> tuple[T, int]:
    """Return the object without its broken fields, and how many those are.

    Raises: msgspec.DecodeError, UnicodeDecodeError or RecursionError where nothing is left.
    """
    mender = _Mender()
    mended = mender.mend(msgspec.json.decode(body), kind)
    if not isinstance(mended, kind):
        raise msgspec.ValidationError(f"no {kind.__name__}")
    return mended, mender.dropped


class _Lost:
    """What could not be read."""


_LOST = _Lost()


@dataclass
class _Mender:
    """Fits untyped values to types, and counts what does not fit."""

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
        except (msgspec.ValidationError, OverflowError):
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
        except TypeError:  # without a field that it cannot be without
            self.dropped += 1
            return _LOST
