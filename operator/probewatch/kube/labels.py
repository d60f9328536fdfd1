"""Labels of pods, kept as JSON and decoded on first use.

The labels of most pods are never used: only policies with a selector need them, and only of pods
to which something happened, or that they count. Ten thousand workloads have as many sets of
labels, and JSON takes a third of the memory of a dictionary.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache

import msgspec

from probewatch.kube.objects import BROKEN

READ = 1024
"""How many decoded sets of labels are cached, for when a policy goes through a namespace."""

_decode_strings = msgspec.json.Decoder(dict[str, str] | None).decode
_decode_mixed = msgspec.json.Decoder().decode


class Labels(Mapping[str, str]):
    """A read-only mapping over JSON; values that are not strings are left out.

    JSON that cannot be decoded (such as invalid UTF-8) makes an empty mapping.
    """

    __slots__ = ("_text",)

    def __init__(self, text: bytes) -> None:
        self._text = text

    def __getitem__(self, key: str) -> str:
        """Return the value of a label."""
        return _read(self._text)[key]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the keys."""
        return iter(_read(self._text))

    def __len__(self) -> int:
        """Return the number of labels."""
        return len(_read(self._text))

    def __eq__(self, other: object) -> bool:
        """Whether another mapping has the same labels."""
        return self is other or super().__eq__(other)

    __hash__ = None  # type: ignore[assignment]  # like other mappings


def read_strings(text: bytes) -> Mapping[str, str]:
    """Decode a mapping of strings; other values are left out, and no mapping is an empty one.

    Raises one of `BROKEN` for JSON that cannot be decoded.
    """
    try:
        return _decode_strings(text) or {}
    except msgspec.ValidationError:
        mixed = _decode_mixed(text)
        pairs = mixed.items() if isinstance(mixed, dict) else ()
        return {key: value for key, value in pairs if isinstance(value, str)}


@lru_cache(maxsize=READ)
def _read(text: bytes) -> Mapping[str, str]:
    """Decode labels; unreadable ones are empty, as callers far from the decoding cannot help it."""
    try:
        return read_strings(text)
    except BROKEN:
        return {}
