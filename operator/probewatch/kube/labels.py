"""Labels of pods: kept as the text that came, and read when somebody asks for them.

Of most pods nobody ever does: only policies with a selector ask, and only of pods to which
something happened, or which they count. Ten thousand workloads have as many sets of labels, and
as text one takes a third of what it takes as a dictionary.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache

import msgspec

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

READ = 1024
"""Sets of labels that are kept as they were read: those of a namespace that is gone through."""

_decode_strings = msgspec.json.Decoder(dict[str, str] | None).decode
_decode_mixed = msgspec.json.Decoder().decode


class Labels(Mapping[str, str]):
    """A map of strings in JSON, which nobody changes; what is no string is left out.

    Of what cannot be read (letters or numbers that there are not) there are none.
    """

    __slots__ = ("_text",)

    def __init__(self, text: bytes) -> None:
        self._text = text

    def __getitem__(self, key: str) -> str:
        """Return the value of a label."""
        return _read(self._text)[key]

    def __iter__(self) -> Iterator[str]:
        """Yield the keys."""
        return iter(_read(self._text))

    def __len__(self) -> int:
        """How many there are."""
        return len(_read(self._text))

    def __eq__(self, other: object) -> bool:
        """Whether it has the same labels as another map."""
        return self is other or super().__eq__(other)

    __hash__ = None  # type: ignore[assignment]  # as of any map


def read_strings(text: bytes) -> Mapping[str, str]:
    """Return a map of strings; what is no string is left out, and what is no map is empty.

    Raises what UNREADABLE names for what cannot be read.
    """
    try:
        return _decode_strings(text) or {}
    except msgspec.ValidationError:
        mixed = _decode_mixed(text)
        pairs = mixed.items() if isinstance(mixed, dict) else ()
        return {key: value for key, value in pairs if isinstance(value, str)}


@lru_cache(maxsize=READ)
def _read(text: bytes) -> Mapping[str, str]:
    """Whoever asks is far from where the pod was read, and has nobody to complain to."""
    try:
        return read_strings(text)
    except UNREADABLE:
        return {}
