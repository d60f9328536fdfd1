"""The baseline: the reports that had to be written when all pods were listed, until all are saved.

Once they are, the records are complete: every restart that the pods showed then is in them.
"""

from collections.abc import Callable, Iterable

from probewatch.records.entry import Key

WRITES = 2
"""Two, because a write in flight when all pods were listed may lack what was found last."""


class Baseline:
    """Counts the writes of these reports; *is_dirty* tells whether a report has to be written."""

    def __init__(self, is_dirty: Callable[[Key], bool]) -> None:
        self._is_dirty = is_dirty
        self._missing: dict[Key, int] | None = None

    def begin(self, dirty: Iterable[Key]) -> None:
        """Start with the reports that have to be written now that all pods are listed."""
        self._missing = dict.fromkeys(dirty, WRITES)

    def written(self, key: Key) -> None:
        """Note that a report was saved."""
        if self._missing and key in self._missing:
            self._missing[key] -= 1

    def is_saved(self) -> bool:
        """Tell whether all of them were saved; reports that became dirty since do not count."""
        if self._missing is None:
            return False
        left = self._missing.items()
        self._missing = {key: n for key, n in left if n > 0 and self._is_dirty(key)}
        return not self._missing
