"""How long findings wait for their report to be saved, before they are passed on unsaved.

The time counts, not the tries: a request that nobody answers takes as long as its timeout, so a few
of them would take minutes. And reports that wait for a worker are not tried at all while all
workers wait for answers.
"""

from collections.abc import Collection

from probewatch.clock import Clock
from probewatch.records.entry import Key

PATIENCE_SECONDS = 15.0
"""Longer than a webhook may take by default (10 s), and than a short overload of the API server."""


class Patience:
    """Measures since when each report is tried without success, by the monotonic clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since: dict[Key, float] = {}
        self._progress_at = clock.monotonic()

    def begin(self, key: Key) -> None:
        """Note that a report is tried, if that is not noted yet."""
        self._since.setdefault(key, self._clock.monotonic())

    def end(self, key: Key) -> None:
        """Note that a report was written or read, or is not to be written any more."""
        self._since.pop(key, None)

    def end_all(self) -> None:
        """Measure anew for all reports."""
        self._since.clear()
        self.note_progress()

    def note_progress(self) -> None:
        """Note that the API server answered, or that no report waits for a worker."""
        self._progress_at = self._clock.monotonic()

    def known(self) -> Collection[Key]:
        """Return the reports that are tried without success."""
        return tuple(self._since)

    def find_over(self) -> Collection[Key]:
        """Return the reports that are tried for too long."""
        return tuple(filter(self.is_over, self._since))

    def is_over(self, key: Key) -> bool:
        """Tell whether a report is tried for too long."""
        now = self._clock.monotonic()
        return now - self._since.get(key, now) >= PATIENCE_SECONDS

    def is_over_for_all(self) -> bool:
        """Tell whether reports wait for a worker for too long, and nothing is answered."""
        return self._clock.monotonic() - self._progress_at >= PATIENCE_SECONDS
