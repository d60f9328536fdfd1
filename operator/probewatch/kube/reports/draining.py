"""Writes all changed reports at shutdown, in bounded time, and counts those that are left."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterable

from probewatch.clock import Clock
from probewatch.kube.reports.situation import Situation
from probewatch.kube.reports.turns import Turns
from probewatch.kube.reports.writer import ReportWriter
from probewatch.records.book import RecordBook
from probewatch.records.entry import Key

_log = logging.getLogger(__name__)

PAUSE_SECONDS = 0.5
"""Pause between two rounds of writing, for conflicts and an absent API server."""


class Draining:
    """Writes the changed reports of *book* until there are none, or the time is up."""

    def __init__(
        self,
        writer: ReportWriter,
        turns: Turns,
        book: RecordBook,
        situation: Situation,
        clock: Clock,
    ) -> None:
        self._writer = writer
        self._turns = turns
        self._book = book
        self._situation = situation
        self._clock = clock
        self._unanswered: set[Key] = set()

    async def run(self, seconds: float, write: Callable[[Key], Awaitable[None]]) -> None:
        """Write for at most *seconds*; *write* writes one report and ends its turn."""
        end = self._clock.monotonic() + seconds
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while (work := self._find_work()) and self._clock.monotonic() < end:
                    await self._write_all(work, write)
        self._count_left()

    def note_unanswered(self, key: Key) -> None:
        """Count a write whose request was cancelled: it may have been committed all the same."""
        self._writer.stats.dropped["Unanswered"] += 1
        self._unanswered.add(key)

    def _find_work(self) -> list[Key]:
        """Return the changed reports that can be written, which a refused one cannot."""
        if not self._situation.is_open():
            return []
        return [key for key in self._book.dirty() if key not in self._writer.refused]

    async def _write_all(
        self, keys: Iterable[Key], write: Callable[[Key], Awaitable[None]]
    ) -> None:
        """Write each report once, then pause; stop if the API server is in trouble."""
        for key in keys:
            if key not in self._turns.busy:
                self._turns.busy.add(key)
                await write(key)
            if self._writer.has_trouble:
                break
        if any(map(self._book.is_dirty, keys)):
            await self._clock.sleep(PAUSE_SECONDS)

    def _count_left(self) -> None:
        """Count and log the reports that are not saved; workers may still wait for an answer."""
        left = set(self._find_work())
        unanswered = left & (self._unanswered | self._turns.busy)
        if not left:
            return
        if dropped := len(left - unanswered):
            self._writer.stats.dropped["Shutdown"] += dropped
        _log.warning(
            "Reports were not written before the shutdown; the next process writes them",
            extra={"dropped": dropped, "unanswered": len(unanswered)},
        )
