"""A bounded cache that shares equal values, so that many pods hold one object in common."""

from collections.abc import Callable, Hashable
from hashlib import blake2b
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


DIGEST = 16
"""Bytes of a digest, enough to tell all texts apart."""


def digest(text: bytes) -> bytes:
    """Return a digest to use as a key in place of a text much longer than its value."""
    return blake2b(text, digest_size=DIGEST).digest()


class Shared(Generic[K, V]):
    """A cache of recently used values by key, with at most twice *limit* entries.

    It has two generations. When the young one is full it becomes the old one, and entries of the
    former old one that were not used meanwhile are dropped. Holders of a dropped value keep it,
    but the next equal value is a new object.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._young: dict[K, V] = {}
        self._old: dict[K, V] = {}

    def __len__(self) -> int:
        """Return the number of entries."""
        return len(self._young) + len(self._old)

    def get(self, key: K, make: Callable[[], V]) -> V:
        """Return the value of *key*; one that is missing is made and kept."""
        value = self.find(key)
        return self.keep(key, make()) if value is None else value

    def find(self, key: K) -> V | None:
        """Return the value of *key*; None if it is missing."""
        value = self._young.get(key)
        if value is not None:
            return value
        value = self._old.pop(key, None)
        return None if value is None else self.keep(key, value)

    def keep(self, key: K, value: V) -> V:
        """Set the value of *key*; return the value."""
        if len(self._young) >= self._limit:
            self._old, self._young = self._young, {}
        self._young[key] = value
        return value
