"""The situation: what a writer of reports asks of whoever knows what this process is to do now."""

from typing import Protocol

from probewatch.core.model import PodUid
from probewatch.records.entry import Key


class Situation(Protocol):
    """Who knows what this process is to do now."""

    def is_open(self) -> bool:
        """Whether it is to write records."""
        ...

    def is_recording(self) -> bool:
        """Whether records are kept, by this process or by the one that leads."""
        ...

    def refused(self, words: str) -> None:
        """Records cannot be kept; that will not pass soon."""
        ...

    def restore(self, key: Key, *, is_first: bool) -> None:
        """A record was saved, the *first* that is known of this report: counters go on from it."""
        ...

    def reloaded(self, key: Key) -> None:
        """A report was found to be written by someone else."""
        ...

    def limit_for(self, uid: PodUid) -> int | None:
        """How many incidents are kept for a pod; None where it is not known any more."""
        ...
