"""Writes one report once, over the known resourceVersion or after reading the current one.

`answers` classifies the API server's answer, and what follows from it is decided here. After a
conflict the report is read. One that is missing is created again. One that is refused is put off,
and its findings are passed on unsaved. Temporary failures are retried with exponential back-off.
"""

import logging
import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from probewatch.clock import Clock
from probewatch.core.findings import Finding
from probewatch.core.model import Workload
from probewatch.kube.reports import objects
from probewatch.kube.reports.answers import Answer, Outcome
from probewatch.kube.reports.api import ReportApi, loaded
from probewatch.kube.reports.complaints import Complaints, words_of
from probewatch.kube.reports.doubt import Doubt
from probewatch.kube.reports.situation import Situation
from probewatch.kube.reports.status import render_status
from probewatch.kube.reports.turns import Turns
from probewatch.records.book import RecordBook
from probewatch.records.entry import Key, Write

_log = logging.getLogger(__name__)

RESUME_SECONDS = 20.0
"""Time until the next try after a refusal."""

HOPELESS_SECONDS = 300.0
"""Time until the next try of a report that is rejected as invalid again and again: it can only be
saved after a change of the CRD or of the admission that rejects it."""

PATIENCE = 5
"""After so many faults in a row, about 15 seconds, findings are passed on although unsaved."""

LONG_WAIT_SECONDS = 15.0
"""Nor do findings wait if the API server asks for a pause of at least this."""


@dataclass(slots=True, kw_only=True)
class ReportStats:
    """What became of the reports; read by the metrics."""

    written: Counter[str] = field(default_factory=Counter)
    """By verb."""
    conflicts: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    """Writes that were given up, by cause."""


class ReportWriter:
    """Writes what the record book plans; *hand_on* passes on the findings saved with it."""

    def __init__(
        self,
        *,
        book: RecordBook,
        api: ReportApi,
        situation: Situation,
        turns: Turns,
        hand_on: Callable[[Finding, Workload], None],
        interval_seconds: float,
        clock: Clock,
    ) -> None:
        self.stats = ReportStats()
        self.doubted: set[Key] = set()
        """Reports that someone else wrote: they are read before they are written."""
        self.is_ending = False
        """Whether this process shuts down: then unsaved findings are not passed on."""
        self.has_trouble = False
        """Whether the last request had no answer, or one that means a temporary failure."""
        self._book = book
        self._api = api
        self._situation = situation
        self._turns, self._hand_on = turns, hand_on
        self._interval, self._clock = interval_seconds, clock
        self._complaints, self._doubt = Complaints(clock), Doubt(clock)
        self._quiet_until = -math.inf
        """Until when the API server asked to send nothing, by the monotonic clock."""
        self.refused: set[Key] = set()
        """Reports that are forbidden or invalid, while others can be written."""
        self._before: dict[Key, objects.Status] = {}
        """Per report, the status written or read last, reduced to its conditions."""

    def remember(self, key: Key, status: objects.Status | None) -> None:
        """Remember the conditions of a status that was read or written."""
        if status is not None:
            self._before[key] = objects.Status(
                workload=status.workload, conditions=status.conditions
            )

    def known(self) -> set[Key]:
        """Return the reports for which there is state."""
        return self._before.keys() | self.doubted | self.refused

    def forget(self, key: Key) -> None:
        """Drop the state of a report that does not exist any more."""
        self._before.pop(key, None)
        self.doubted.discard(key)
        self.refused.discard(key)
        self._doubt.forget(key)

    async def write(self, key: Key) -> float:
        """Write a report once; return the seconds until it may be tried again."""
        if not self._situation.is_open():
            return 0.0
        if (wait := self._quiet_until - self._clock.monotonic()) > 0:
            return self._hold_back(key, wait)
        if key in self.doubted:
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
        self._heed(answer)
        if answer.outcome is Outcome.DONE and answer.report is not None:
            self.stats.written[verb] += 1
            self._doubt.note_written(key)
            self._accept(key)
            self.remember(key, status)
            self._release(write, answer.report.metadata.resource_version)
            return self._interval
        if answer.outcome is Outcome.CHANGED:
            self.stats.conflicts += 1
            return await self._reload(key)
        if answer.outcome is Outcome.MISSING:
            self._book.vanished(key)
            return 0.0
        return self._give_way(key, answer)

    def _heed(self, answer: Answer) -> None:
        self.has_trouble = answer.outcome is Outcome.LATER
        if answer.wait:
            self._quiet_until = self._clock.monotonic() + answer.wait

    def _hold_back(self, key: Key, wait: float) -> float:
        """Hold back a report because the API server asked for a pause, which covers all reports."""
        if self._turns.fault(key) >= PATIENCE or wait >= LONG_WAIT_SECONDS:
            self.let_go(key)
        return max(wait, self._turns.pause(key))

    def _release(self, write: Write, version: str) -> None:
        is_first = not self._book.was_saved(write.key)
        for finding in self._book.saved(write, version):
            self._hand_on(finding, write.record.workload)
        self._situation.restore(write.key, is_first=is_first)

    def _accept(self, key: Key) -> None:
        """Note that a report was written, which ends its faults and its refusal."""
        self._turns.calm(key)
        if key in self.refused:
            self.refused.discard(key)
            _log.info("A report is written again", extra={"report": f"{key.namespace}/{key.name}"})

    def let_go(self, key: Key | None = None) -> None:
        """Pass on the unsaved findings of a report, or of all, rather than wait any longer."""
        if self.is_ending:
            return
        for finding, workload in self._book.untold(None if key is None else (key,)):
            self._hand_on(finding, workload)

    async def _reload(self, key: Key) -> float:
        answer = await self._api.read(key)
        self._heed(answer)
        if answer.outcome is Outcome.DONE and answer.report is not None:
            self.doubted.discard(key)
            self.remember(key, answer.report.status)
            found = loaded(answer.report)
            if found is None:
                self._book.created(key, answer.report.metadata.resource_version)
            elif found.version != self._book.version(key):  # it may have been written meanwhile
                self._book.reloaded(key, found, self._clock.monotonic())
                self._situation.reloaded(key)
            return 0.0
        if answer.outcome is Outcome.MISSING:
            self.doubted.discard(key)
            self._book.vanished(key)
            return 0.0
        return self._give_way(key, answer)

    def _give_way(self, key: Key, answer: Answer) -> float:
        """Handle an answer by which a report cannot be written; return the pause."""
        tries = self._turns.fault(key)
        if answer.outcome is Outcome.GOING:
            self.stats.dropped["NamespaceTerminating"] += 1
            self.let_go(key)
            self._book.forget(key)
            return 0.0
        if self._doubt.covers(key, answer):
            answer = replace(answer, outcome=Outcome.LATER)
        if answer.outcome is Outcome.REFUSED:
            self.stats.dropped["Forbidden"] += 1
            self._refuse(key, answer, tries)
            return RESUME_SECONDS
        is_given_up = tries >= PATIENCE and not self.is_ending
        if answer.outcome is Outcome.INVALID:
            self.stats.dropped["Rejected"] += 1
            record = self._book.record(key)
            if answer.is_too_large and record is not None and len(record.incidents) > 1:
                self._book.shorten(key)  # the incidents dropped here are lost
            elif is_given_up:
                self._go_on_without(key, answer, tries)
                return HOPELESS_SECONDS
        elif is_given_up:
            self.stats.dropped["Unanswered"] += 1  # until then it is only late
        if is_given_up or answer.wait >= LONG_WAIT_SECONDS:
            self.let_go(key)
        self._complaints.add(key, answer, tries)
        return max(answer.wait, self._turns.pause(key))

    def _refuse(self, key: Key, answer: Answer, tries: int) -> None:
        """Go on without this report, or without all of them if the refusal concerns all."""
        if not self._api.is_of_one(answer):
            self._situation.refused(f"{answer.status}: {words_of(answer)}")
        else:
            self._go_on_without(key, answer, tries)

    def _go_on_without(self, key: Key, answer: Answer, tries: int) -> None:
        if key not in self.refused:
            self._complaints.add(key, answer, tries)
        self.refused.add(key)
        self.let_go(key)
