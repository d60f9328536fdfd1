"""A sink that keeps records as ProbeReports and never blocks its caller.

Findings are added to the records in memory at once. Workers write the reports: each at most once
in five seconds, only if it changed, and only over the resourceVersion that is known (optimistic
concurrency). After a conflict the report is read, and what is not saved yet is added to it.

A restart is passed to the other sinks, which are metrics and Events, only once it is saved,
whatever its cause. So /metrics never shows more before a crash than after it, and no restart
gets two Events with different causes. All other findings are passed on at once, and so are restarts
whose report is refused; those of a report that cannot be written wait for a while (`patience`).
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from probewatch.boundary import Boundary
from probewatch.core.findings import Finding, Restart
from probewatch.core.model import Workload
from probewatch.kube.reports.api import ReportApi
from probewatch.kube.reports.draining import Draining
from probewatch.kube.reports.situation import Situation
from probewatch.kube.reports.turns import Turns
from probewatch.kube.reports.writer import ReportWriter
from probewatch.records.book import RecordBook
from probewatch.records.entry import Key

TICK_SECONDS, LOOK_SECONDS = 0.1, 0.25


class Sink(Protocol):
    """A sink that findings are passed to after the records: metrics or Events."""

    def publish(self, finding: Finding, workload: Workload) -> None:
        """Take a finding."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOptions:
    """Limits; the settings of the same names explain the defaults."""

    interval_seconds: float = 5.0
    workers: int = 4
    jitter: Callable[[], float] = random.random
    """Returns a random number between 0 and 1 that spreads the pauses after failures."""


class Reports:
    """The sink; `run` must be running for anything to be written."""

    def __init__(
        self,
        *,
        book: RecordBook,
        api: ReportApi,
        sinks: Sequence[Sink],
        situation: Situation,
        options: ReportOptions,
        boundary: Boundary,
    ) -> None:
        self._book = book
        self._api = api
        self._sinks = tuple((boundary.guard(type(sink).__name__), sink) for sink in sinks)
        self._situation, self._options = situation, options
        self._clock, self._guard = boundary.clock, boundary.guard("reports")
        self._turns = Turns(options.jitter)
        self._next = asyncio.Lock()
        """Held by the one worker that waits for the next turn: one is enough to poll the clock."""
        self.writer = ReportWriter(
            book=book,
            api=api,
            situation=situation,
            turns=self._turns,
            hand_on=self._hand_on,
            interval_seconds=options.interval_seconds,
            clock=self._clock,
        )
        self.stats = self.writer.stats
        self._draining = Draining(self.writer, self._turns, book, situation, self._clock)

    @property
    def queued(self) -> int:
        """How many reports are scheduled to be written."""
        return len(self._turns)

    def publish(self, finding: Finding, workload: Workload) -> None:
        """Record a finding; returns at once."""
        if isinstance(finding, Restart) and finding.baseline:
            return
        limit, told, age = None, True, 0.0
        if isinstance(finding, Restart):
            limit = self._situation.limit_for(finding.pod.uid)
            told = not self._situation.is_recording()
            age = max(0.0, self._clock.now() - finding.observed_at)
        now = self._clock.monotonic()
        key = self._book.take(finding, workload, now, age=age, limit=limit, told=told)
        if told:
            self._hand_on(finding, workload)
        if key is None:
            return
        self.schedule(key)
        if key in self.writer.refused:
            self.writer.let_go(key)

    def schedule(self, key: Key) -> None:
        """Schedule a report to be written at its next turn."""
        self._turns.schedule(key)

    def seen(self, key: Key, version: str) -> None:
        """Note the version of a report seen in the API (empty: deleted); our own are ignored."""
        known = self._book.version(key)
        if not self._situation.is_open() or key in self._turns.busy or version == known:
            return
        if version:  # even an older one: the cluster may have been restored from a backup
            self.writer.doubted.add(key)
        else:
            self._book.vanished(key)
            self.writer.forget(key)
        if version or self._book.record(key) is not None:
            self.schedule(key)

    async def run(self) -> None:
        """Write scheduled reports until cancelled."""
        async with asyncio.TaskGroup() as group:
            for number in range(self._options.workers):
                group.create_task(self._work(), name=f"report writer {number}")
            group.create_task(self._hasten(), name="report patience")

    async def drain(self, seconds: float) -> None:
        """Write all changed reports now, regardless of their turns, for at most *seconds*.

        What cannot be saved by then is not passed on either: the next process finds it again.
        Workers go on with the requests that they have sent.
        """
        self.writer.is_ending = True
        await self._draining.run(seconds, self._write)

    async def _work(self) -> None:
        while True:
            async with self._next:
                key = await self._wait_for_turn()
            await self._write(key)

    async def _hasten(self) -> None:
        """Check, while there are reports to write, whether their findings have waited too long.

        Without the right to write, which another replica may have by now, they wait on: what is
        passed on unsaved would be missing in the counters of that replica.
        """
        while True:
            if not (self._turns.busy or self.queued):
                await self._turns.wait()
                self.writer.patience.note_progress()
            self._let_go_of_late()
            await self._clock.sleep(LOOK_SECONDS)

    def _let_go_of_late(self) -> None:
        patience = self.writer.patience
        if not self._situation.is_open():
            patience.end_all()
        elif not self._turns.has_due(self._clock.monotonic()):
            patience.note_progress()
        if patience.is_over_for_all():
            self.writer.let_go()
        for key in patience.find_over():
            self.writer.let_go(key)

    async def _wait_for_turn(self) -> Key:
        """Return the next report that is due; polls the clock while any are scheduled."""
        while True:
            await self._turns.wait()
            key = self._turns.take(self._clock.monotonic()) if self._situation.is_open() else None
            if key is not None:
                return key
            await self._clock.sleep(TICK_SECONDS)

    async def _write(self, key: Key) -> None:
        pause = None
        try:
            with self._guard:  # a report that meets a bug must not stop the others
                pause = await self.writer.write(key)
        except asyncio.CancelledError:
            self._draining.note_unanswered(key)
            raise
        finally:
            self._end_turn(key, pause)

    def _end_turn(self, key: Key, pause: float | None) -> None:
        """End the turn of a report, after an error (None) with a growing pause."""
        if pause is None:
            self._turns.fault(key)
            pause = self._turns.pause(key)
        self._turns.done(key, self._clock.monotonic() + pause)
        if self._book.is_dirty(key) or key in self.writer.doubted:
            self.schedule(key)
        elif self._book.record(key) is None:
            self._turns.forget(key)
            self.writer.forget(key)

    async def look_around(self) -> None:
        """Compare the reports in the API with the known versions; raises what listing them does."""
        known = {key: self._book.version(key) for key in self._book.all_keys()}
        there = {key: version async for key, version in self._api.versions()}
        for key, version in there.items():
            self.seen(key, version)
        for key, version in known.items():
            # A report created since the list was read is not missing.
            is_missing = key not in there and key.namespace not in self._api.refused
            if version and is_missing and self._book.version(key) == version:
                self.seen(key, "")

    def tidy(self) -> None:
        """Drop the state of reports without a record, and all turns if records are not kept."""
        if not self._situation.is_open():
            self._turns.clear()
            self.writer.patience.end_all()
        for key in (self._turns.known() | self.writer.known()) - self._turns.busy:
            if self._book.record(key) is None:
                self._turns.forget(key)
                self.writer.forget(key)

    def _hand_on(self, finding: Finding, workload: Workload) -> None:
        for guard, sink in self._sinks:
            with guard:
                sink.publish(finding, workload)
