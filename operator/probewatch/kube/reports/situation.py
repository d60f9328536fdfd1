"""The interface by which the report writer learns whether this process records at the moment."""

from typing import Protocol

from probewatch.core.model import PodUid
from probewatch.records.entry import Key


class Situation(Protocol):
    """Knows whether this process records, and reacts to what the writer finds."""

    def is_open(self) -> bool:
        """Whether this process writes records now."""
        ...

    def is_recording(self) -> bool:
        """Whether records are kept, by this process or by the leader."""
        ...

    def refused(self, words: str) -> None:
        """Note that records cannot be written, and that this will last for a while."""
        ...

    def restore(self, key: Key, *, is_first: bool) -> None:
        """Note that a record was saved; after the *first* save, counters go on from it."""
        ...

    def reloaded(self, key: Key) -> None:
        """Note that a report was read again because someone else wrote it."""
        ...

    def limit_for(self, uid: PodUid) -> int | None:
        """Return how many incidents are kept for a pod; None for an unknown pod."""
        ...
