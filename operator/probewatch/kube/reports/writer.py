"""Writes one report once, over the known resourceVersion or after reading the current one.

`answers` classifies the API server's answer, and what follows from it is decided here. After a
conflict the report is read. One that is missing is created again. One that is refused is put off,
and its findings are passed on unsaved. Temporary failures are retried with exponential back-off.
"""

import logging
import math
from collections.abc import Callable
from dataclasses import replace

from probewatch.clock import Clock
from probewatch.core.findings import Finding
from probewatch.core.model import Workload
from probewatch.kube.reports import objects
from probewatch.kube.reports.answers import Answer, Outcome
from probewatch.kube.reports.api import ReportApi, loaded
from probewatch.kube.reports.complaints import Complaints, words_of
from probewatch.kube.reports.doubt import Doubt
from probewatch.kube.reports.patience import Patience
from probewatch.kube.reports.situation import Situation
from probewatch.kube.reports.stats import ReportStats
from probewatch.kube.reports.status import render_status
from probewatch.kube.reports.turns import Turns
from probewatch.kube.reports.unanswered import UnansweredWrites
from probewatch.records.book import RecordBook
from probewatch.records.entry import Key, Write

_log = logging.getLogger(__name__)

RESUME_SECONDS = 20.0
"""Time until the next try after a refusal."""

HOPELESS_SECONDS = 300.0
"""Time until the next try of a report that is rejected as invalid again and again: it can only be
saved after a change of the CRD or of the admission that rejects it."""

REJECTIONS = 5
"""After so many rejections in a row a report is retried only after `HOPELESS_SECONDS`."""

LONG_WAIT_SECONDS = 15.0
"""Findings do not wait if the API server asks for a pause of at least this."""


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
        self._book, self._api, self._situation = book, api, situation
        self._turns, self._hand_on = turns, hand_on
        self._interval, self._clock = interval_seconds, clock
        self._complaints, self._doubt = Complaints(clock), Doubt(clock)
        self.patience, self._unanswered = Patience(clock), UnansweredWrites()
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
        return {*self._before, *self.doubted, *self.refused, *self.patience.known()}

    def forget(self, key: Key) -> None:
        """Drop the state of a report that does not exist any more."""
        self._before.pop(key, None)
        self.doubted.discard(key)
        self.refused.discard(key)
        self._doubt.forget(key)
        self.patience.end(key)
        self._unanswered.forget(key)

    async def write(self, key: Key) -> float:
        """Write a report once; return the seconds until it may be tried again."""
        if not self._situation.is_open():
            return 0.0
        self.patience.begin(key)
        if (wait := self._quiet_until - self._clock.monotonic()) > 0:
            return self._hold_back(key, wait)
        if key in self.doubted:
            return await self._reload(key)
        write = self._book.plan(key, self._clock.monotonic())
        if write is None:
            self.patience.end(key)
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
            self.remember(key, status)
            self._accept(write, answer.report.metadata.resource_version, verb=verb)
            return self._interval
        if answer.outcome is Outcome.CHANGED:
            return await self._reload(key, is_conflict=True)
        if answer.outcome is Outcome.MISSING:
            self._book.vanished(key)
            return self._turns.miss(key)
        if answer.outcome is Outcome.LATER and verb == "update":
            self._unanswered.add(write, status)
        return self._give_way(key, answer)

    def _heed(self, answer: Answer) -> None:
        self.has_trouble = answer.outcome is Outcome.LATER
        if not self.has_trouble:
            self.patience.note_progress()
        if answer.wait:
            self._quiet_until = self._clock.monotonic() + answer.wait

    def _hold_back(self, key: Key, wait: float) -> float:
        """Hold back a report because the API server asked for a pause, which covers all reports."""
        self._turns.fault(key)
        if wait >= LONG_WAIT_SECONDS:
            self.let_go(key)
        return max(wait, self._turns.pause(key))

    def _accept(self, write: Write, version: str, *, verb: str) -> None:
        """Note that a report was written, which ends its faults and its refusal."""
        key, is_first = write.key, not self._book.was_saved(write.key)
        self.stats.written[verb] += 1
        self._doubt.note_written(key)
        self._turns.calm(key)
        self.patience.end(key)
        self._unanswered.forget(key)
        if key in self.refused:
            self.refused.discard(key)
            _log.info("A report is written again", extra={"report": f"{key.namespace}/{key.name}"})
        for finding in self._book.saved(write, version):
            self._hand_on(finding, write.record.workload)
        self._situation.restore(key, is_first=is_first)

    def let_go(self, key: Key | None = None) -> None:
        """Pass on the unsaved findings of a report, or of all, rather than wait any longer."""
        if self.is_ending:
            return
        for finding, workload in self._book.untold(None if key is None else (key,)):
            self._hand_on(finding, workload)

    async def _reload(self, key: Key, *, is_conflict: bool = False) -> float:
        answer = await self._api.read(key)
        self._heed(answer)
        if answer.outcome is Outcome.DONE and answer.report is not None:
            self.doubted.discard(key)
            self.remember(key, answer.report.status)
            self.stats.conflicts += not self._learn(key, answer.report) and is_conflict
            self.patience.end(key)
            self._unanswered.forget(key)
            return 0.0
        if answer.outcome is Outcome.MISSING:
            self.doubted.discard(key)
            self._book.vanished(key)
            return self._turns.miss(key)
        return self._give_way(key, answer)

    def _learn(self, key: Key, report: objects.Report) -> bool:
        """Process a report that was read; tell whether it is one of our own unanswered writes."""
        found, version = loaded(report), report.metadata.resource_version
        own = self._unanswered.find(key, report.status)
        if own is not None:
            self._accept(own, version, verb="update")
        elif found is None:
            self._book.created(key, version)
        elif version != self._book.version(key):  # it may have been written meanwhile
            self._book.reloaded(key, found, self._clock.monotonic())
            self._situation.reloaded(key)
        return own is not None

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
        is_late = self.patience.is_over(key) and not self.is_ending
        if answer.outcome is Outcome.INVALID:
            self.stats.dropped["Rejected"] += 1
            record = self._book.record(key)
            if answer.is_too_large and record is not None and len(record.incidents) > 1:
                self._book.shorten(key)  # the incidents dropped here are lost
            elif tries >= REJECTIONS and not self.is_ending:
                self._go_on_without(key, answer, tries)
                return HOPELESS_SECONDS
        elif is_late:
            self.stats.dropped["Unanswered"] += 1  # until then it is only late
        if is_late or answer.wait >= LONG_WAIT_SECONDS:
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
