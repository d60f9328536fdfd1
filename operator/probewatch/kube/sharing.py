"""Sharing: one value for all that is equal, so that many pods hold it once. Bounded."""

from collections.abc import Callable, Hashable
from hashlib import blake2b
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


DIGEST = 16
"""Bytes, of which no two texts have the same."""


def digest(text: bytes) -> bytes:
    """Return what stands for a text as a key, where the text is much longer than what it says."""
    return blake2b(text, digest_size=DIGEST).digest()


class Shared(Generic[K, V]):
    """The values made lately, by what they were made from; at most twice *limit* of them.

    Two generations: when the young one is full, what was not asked for since the last time is
    let go. Those who hold a value keep it; only a later equal one is made anew.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._young: dict[K, V] = {}
        self._old: dict[K, V] = {}

    def __len__(self) -> int:
        """How many values are held."""
        return len(self._young) + len(self._old)

    def get(self, key: K, make: Callable[[], V]) -> V:
        """Return the value of *key*, made now if it is not known."""
        value = self.find(key)
        return self.keep(key, make()) if value is None else value

    def find(self, key: K) -> V | None:
        """Return the value of *key*, if it is known."""
        value = self._young.get(key)
        if value is not None:
            return value
        value = self._old.pop(key, None)
        return None if value is None else self.keep(key, value)

    def keep(self, key: K, value: V) -> V:
        """Let this be the value of *key*; return it."""
        if len(self._young) >= self._limit:
            self._old, self._young = self._young, {}
        self._young[key] = value
        return value
