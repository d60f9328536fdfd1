"""The baseline: what was there at the first start, until all of it is saved."""

from collections.abc import Callable, Iterable

from probewatch.records.entry import Key

WRITES = 2
"""A write that was under way when all pods were listed may have been planned before."""


class Baseline:
    """Keeps account of the reports that are to be saved; *is_dirty* tells whether one waits."""

    def __init__(self, is_dirty: Callable[[Key], bool]) -> None:
        self._is_dirty = is_dirty
        self._missing: dict[Key, int] | None = None

    def begin(self, dirty: Iterable[Key]) -> None:
        """All pods are listed: what waits now has to be saved."""
        self._missing = dict.fromkeys(dirty, WRITES)

    def written(self, key: Key) -> None:
        """A report was saved."""
        if self._missing and key in self._missing:
            self._missing[key] -= 1

    def is_saved(self) -> bool:
        """Whether all of it is saved, whatever else waits by now."""
        if self._missing is None:
            return False
        left = self._missing.items()
        self._missing = {key: n for key, n in left if n > 0 and self._is_dirty(key)}
        return not self._missing
