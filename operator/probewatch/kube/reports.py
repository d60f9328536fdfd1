"""A sink that keeps records as ProbeReports and never makes anyone wait.

Findings are folded into records at once; workers write them, at most once in five
seconds for each report, only if something changed, and only over the version that is
known. What someone else wrote meanwhile is read, and what is not saved yet is folded in.

A restart goes on to the other sinks once it is saved, whatever it was judged to be: so what
/metrics showed before a crash is never more than what it goes on from afterwards, and no
restart is told as two Events with different causes. Where records cannot be written, findings
go on at once; so does whatever is no restart.
"""

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from probewatch.boundary import Boundary
from probewatch.clock import Clock
from probewatch.core.findings import Finding, Restart
from probewatch.core.model import PodUid, Workload
from probewatch.kube import report_objects as objects
from probewatch.kube.report_api import Answer, Outcome, ReportApi, loaded
from probewatch.kube.report_status import render_status
from probewatch.kube.report_turns import FIRST_PAUSE_SECONDS, Turns
from probewatch.kube.sanitize import sanitize
from probewatch.record_book import RecordBook
from probewatch.record_entry import Key, Write

_log = logging.getLogger(__name__)

RESUME_SECONDS = 20.0
"""Where records cannot be kept, that is tried again after so long."""

DRAIN_ROUNDS = 3
"""At the end: a conflict or two may have to be read."""

PATIENCE = 5
"""After so many faults, about 15 seconds, the counters do not wait for the record any more."""

TICK_SECONDS = 0.1
WORDS_BYTES = 256


class Sink(Protocol):
    """What comes after the records: counters and Events."""

    def publish(self, finding: Finding, workload: Workload) -> None:
        """Take a finding."""
        ...


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

    def restore(self, key: Key) -> None:
        """A record was saved: counters go on from it."""
        ...

    def reloaded(self, key: Key) -> None:
        """A report was found to be written by someone else."""
        ...

    def limit_for(self, uid: PodUid) -> int | None:
        """How many incidents are kept for a pod; None where it is not known any more."""
        ...


@dataclass(slots=True, kw_only=True)
class ReportStats:
    """What became of the reports, for the metrics to read."""

    written: Counter[str] = field(default_factory=Counter)
    """By verb."""
    conflicts: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    """Writes that came to nothing, by why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOptions:
    """Bounds; the reasons are with the settings of the same name."""

    interval_seconds: float = 5.0
    workers: int = 4
    jitter: Callable[[], float] = random.random
    """Between 0 and 1: pauses after faults are spread."""


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
        clock: Clock,
    ) -> None:
        self.stats = ReportStats()
        self._book = book
        self._api = api
        self._sinks = tuple(sinks)
        self._situation = situation
        self._options = options
        self._boundary = boundary
        self._clock = clock
        self._turns = Turns(options.jitter)
        self._doubted: set[Key] = set()
        """Those that someone else wrote: they are read before they are written."""
        self._before: dict[Key, objects.Status] = {}
        """The conditions that were written last."""

    @property
    def queued(self) -> int:
        """How many reports wait to be written."""
        return len(self._turns)

    def publish(self, finding: Finding, workload: Workload) -> None:
        """Take a finding; returns at once."""
        if isinstance(finding, Restart) and finding.baseline:
            return
        limit, told = None, True
        if isinstance(finding, Restart):
            limit = self._situation.limit_for(finding.pod.uid)
            told = not self._situation.is_recording()
        now = self._clock.monotonic()
        key = self._book.take(finding, workload, now, limit=limit, told=told)
        if told:
            self._hand_on(finding, workload)
        if key is not None:
            self.schedule(key)

    def schedule(self, key: Key) -> None:
        """Have a report written as soon as that is its turn."""
        self._turns.schedule(key)

    def seen(self, key: Key, version: str) -> None:
        """Take note that a report is at this version (empty: deleted); ours are no news."""
        known = self._book.version(key)
        if not self._situation.is_open() or key in self._turns.busy or version == known:
            return
        if version and not _is_newer(version, known):
            return
        if version:
            self._doubted.add(key)
        else:
            self._book.vanished(key)
            self._before.pop(key, None)
        if version or self._book.record(key) is not None:
            self.schedule(key)

    def remember(self, key: Key, status: objects.Status | None) -> None:
        """Keep a status that was read, for its conditions."""
        if status is not None:
            self._before[key] = objects.Status(
                workload=status.workload, conditions=status.conditions
            )

    async def run(self) -> None:
        """Write what is to be written until cancelled."""
        async with asyncio.TaskGroup() as group:
            for number in range(self._options.workers):
                group.create_task(self._work(), name=f"report writer {number}")

    async def drain(self, seconds: float) -> None:
        """Write everything that waits now, its turn or not, at most for *seconds*."""
        try:
            async with asyncio.timeout(seconds):
                await self._drain()
        except TimeoutError:
            self.stats.dropped["Shutdown"] += len(list(self._book.dirty()))

    async def _drain(self) -> None:
        for _ in range(DRAIN_ROUNDS):
            keys = [key for key in self._book.dirty() if key not in self._turns.busy]
            if not keys or not self._situation.is_open():
                return
            for key in keys:
                self._turns.busy.add(key)
                await self._write(key)

    async def _work(self) -> None:
        while True:
            key = self._turns.take(self._clock.monotonic()) if self._situation.is_open() else None
            if key is None:
                await self._clock.sleep(TICK_SECONDS)
            else:
                await self._write(key)

    async def _write(self, key: Key) -> None:
        pause = FIRST_PAUSE_SECONDS
        try:
            pause = await self._try(key)
        finally:
            self._turns.done(key, self._clock.monotonic() + pause)
            if self._book.is_dirty(key) or key in self._doubted:
                self.schedule(key)
            elif self._book.record(key) is None:
                self._turns.forget(key)
                self._before.pop(key, None)

    async def _try(self, key: Key) -> float:
        """Write a report once; return the seconds until it may be tried again."""
        if not self._situation.is_open():
            return 0.0
        if key in self._doubted:
            return await self._reload(key)
        write = self._book.plan(key, self._clock.monotonic())
        if write is None:
            return 0.0
        if not write.version:
            return await self._create(write)
        status = self._render(write)
        answer = await self._api.replace_status(key, write.version, status)
        return await self._settle(write, status, answer, verb="update")

    async def _create(self, write: Write) -> float:
        status = self._render(write)
        answer = await self._api.create(write.key, status)
        if answer.outcome is Outcome.DONE and answer.report is not None:
            self.stats.written["create"] += 1
            self._book.created(write.key, answer.report.metadata.resource_version)
            answer = await self._api.replace_status(
                write.key, answer.report.metadata.resource_version, status
            )
            return await self._settle(write, status, answer, verb="update")
        return await self._settle(write, status, answer, verb="create")

    def _render(self, write: Write) -> objects.Status:
        before = self._before.get(write.key)
        return render_status(write.record, before=before, now=self._clock.now())

    async def _settle(
        self, write: Write, status: objects.Status, answer: Answer, *, verb: str
    ) -> float:
        key = write.key
        if answer.outcome is Outcome.DONE and answer.report is not None:
            self.stats.written[verb] += 1
            self._turns.calm(key)
            self.remember(key, status)
            self._release(write, answer.report.metadata.resource_version)
            return self._options.interval_seconds
        if answer.outcome is Outcome.CHANGED:
            self.stats.conflicts += 1
            return await self._reload(key)
        if answer.outcome is Outcome.MISSING:
            self._book.vanished(key)
            return 0.0
        return self._give_way(key, answer)

    def _release(self, write: Write, version: str) -> None:
        for finding in self._book.saved(write, version):
            self._hand_on(finding, write.record.workload)
        self._situation.restore(write.key)

    def let_go(self, key: Key | None = None) -> None:
        """Count what is not saved, of one report or of all: that would take too long."""
        for finding, workload in self._book.untold(None if key is None else (key,)):
            self._hand_on(finding, workload)

    def _hand_on(self, finding: Finding, workload: Workload) -> None:
        for sink in self._sinks:
            with self._boundary.guard(type(sink).__name__):
                sink.publish(finding, workload)

    async def _reload(self, key: Key) -> float:
        answer = await self._api.read(key)
        if answer.outcome is Outcome.DONE and answer.report is not None:
            self._doubted.discard(key)
            self.remember(key, answer.report.status)
            found = loaded(answer.report)
            if found is None:
                self._book.created(key, answer.report.metadata.resource_version)
            else:
                self._book.reloaded(key, found, self._clock.monotonic())
                self._situation.reloaded(key)
            return 0.0
        if answer.outcome is Outcome.MISSING:
            self._doubted.discard(key)
            self._book.vanished(key)
            return 0.0
        return self._give_way(key, answer)

    def _give_way(self, key: Key, answer: Answer) -> float:
        """Do what is left where a report cannot be written; return the pause."""
        tries = self._turns.fault(key)
        if answer.outcome is Outcome.GOING:
            self.stats.dropped["NamespaceTerminating"] += 1
            self.let_go(key)
            self._book.forget(key)
            return 0.0
        if answer.outcome is Outcome.REFUSED:
            self.stats.dropped["Forbidden"] += 1
            self._situation.refused(f"{answer.status}: {_sanitized(answer)}")
            return RESUME_SECONDS
        is_invalid = answer.outcome is Outcome.INVALID
        self.stats.dropped["Rejected" if is_invalid else "Unanswered"] += 1
        if is_invalid:
            self._book.shorten(key)
        if tries >= PATIENCE:
            self.let_go(key)
        self._complain(key, answer, tries)
        return max(answer.wait, self._turns.pause(key))

    def _complain(self, key: Key, answer: Answer, tries: int) -> None:
        report = f"{key.namespace}/{key.name}"
        extra = {"report": report, "status": answer.status, "answer": _sanitized(answer)}
        _log.warning("A report cannot be written", extra={**extra, "tries": tries})


def _sanitized(answer: Answer) -> str:
    return sanitize(answer.words, limit=WORDS_BYTES)


def _is_newer(version: str, known: str) -> bool:
    if version.isdecimal() and known.isdecimal():
        return int(version) > int(known)
    return version != known
