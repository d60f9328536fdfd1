"""Recording: which replica keeps the records, and from where they go on.

    start ─▶ read the Lease ─▶ load reports ─▶ watch ─▶ all listed ─▶ /metrics answers
                 │
                 ├─ held ──────▶ write: reports, Events
                 └─ not held ──▶ keep in step; when it is taken: load, fold in, write

Where reports cannot be kept, it says so once, lets metrics and Events go on, and
tries again. Nothing here is waited for by the watch, once it has begun.
"""

from collections.abc import Sequence
from contextlib import suppress

import msgspec

from probewatch.boundary import Boundary
from probewatch.core.model import PodUid
from probewatch.errors import ApiError
from probewatch.kube.lease import RELEASE_SECONDS
from probewatch.kube.reports.api import ReportApi, Requester
from probewatch.kube.reports.reports import Reports
from probewatch.kube.reports.writer import RESUME_SECONDS
from probewatch.recording.reading import Reading
from probewatch.recording.refusal import Refusal
from probewatch.recording.settling import Settling
from probewatch.recording.surroundings import (
    Surroundings,
    begin_term,
    build_book,
    build_lease,
    go_on,
    report_options,
    scope_of,
    tell_lately,
    tell_unwritten,
)
from probewatch.recording.unread import Unread
from probewatch.records.display import Display
from probewatch.records.entry import STALE_SECONDS, Key
from probewatch.settings import Settings

LOOK_SECONDS, RETRY_SECONDS = 0.2, 2.0

LOOK_AROUND_SECONDS = 30.0
"""How often it is looked whether somebody changed or deleted reports: metadata alone."""


class Recording:
    """Keeps the records; `start` before anything is watched, then `run`."""

    def __init__(
        self,
        *,
        settings: Settings,
        requester: Requester,
        lease_namespace: str,
        around: Surroundings,
        boundary: Boundary,
    ) -> None:
        clock = boundary.clock
        self.lease = build_lease(settings, requester, lease_namespace, clock)
        self.book = build_book(settings, self.lease)
        self.display = Display(self.lease, clock)
        self._api = ReportApi(requester, settings.namespaces)
        self.reports = Reports(
            book=self.book,
            api=self._api,
            sinks=around.sinks,
            situation=self,
            options=report_options(settings),
            boundary=boundary,
        )
        self._reading = Reading(self._api, self.reports.writer.remember)
        self._around, self._clock, self._scope = around, clock, scope_of(settings)
        self._is_started = self._is_loaded = self._is_writing = self._is_refused = False
        self._again_at = self._look_at = self._begun_at = 0.0
        self.unread = Unread(self.book, around.counters, clock=clock)
        self._settling = Settling(self.book, around)
        self._refusal = Refusal()

    # --- the situation that the sink asks about

    def is_open(self) -> bool:
        """Whether this process is to write records now."""
        return self._is_writing and not self._is_refused and self.lease.is_held

    def is_recording(self) -> bool:
        """Whether records are kept, by this process or by the one that leads."""
        return not self._is_refused

    def refused(self, words: str, *, until_written: bool = True) -> None:
        """Records cannot be kept: go on without, and try again."""
        self._refusal.begin(words, until_written=until_written)
        self._is_refused = True
        self._again_at = self._clock.monotonic() + RESUME_SECONDS
        self.reports.writer.let_go()

    def restore(self, key: Key, *, is_first: bool = False) -> None:
        """A report was saved: counters go on from it."""
        go_on(key, self.book, self._around.counters, is_first=is_first)
        self._settling.written(key)
        self._refusal.written()

    def reloaded(self, key: Key) -> None:
        """A report was written by someone else, who may not have come to write its Events."""
        self.unread.tell_one_apart(key)
        self.restore(key)
        record = self.book.record(key)
        if record is not None:
            tell_lately(record, self._around.events, now=self._clock.now())

    def limit_for(self, uid: PodUid) -> int | None:
        """How many incidents are kept for a pod."""
        return self._around.limit_for(uid)

    # --- life

    def find_missing(self) -> Sequence[str]:
        """Return a sentence for what is missing before counters can go on."""
        return () if self._is_loaded or self._is_refused else ("the records are not loaded yet",)

    def leads(self) -> bool:
        """Whether this is the replica that writes."""
        return self.lease.is_held

    def stands_by(self) -> bool:
        """Whether the workloads are not to be shown here: another does, or will in a moment."""
        return self.display.hides()

    async def start(self) -> None:
        """Learn who writes, and load what is recorded; in bounded time."""
        begun, pause = self._clock.monotonic(), LOOK_SECONDS
        while not await self._prepare():
            if self._clock.monotonic() - begun >= self._reading.patience:
                break
            await self._clock.sleep(pause)
            pause = min(2 * pause, RETRY_SECONDS)
        if not self._is_loaded and (self.lease.known or not await self._load()):
            self._go_without()
        elif self.lease.is_held:
            self._begin()
        self._is_started = True

    def _go_without(self) -> None:
        """Go on without records, and try again; counters of a new term begin without them."""
        self.refused(self._reading.words, until_written=False)
        if self.lease.is_held or not self._is_started:
            self.unread.begin(self.lease.term, is_hopeless=self._reading.will_not_pass)
            self.display.level()

    async def _prepare(self) -> bool:
        """Ask what is not known yet; tell whether that is all."""
        if not self.lease.known:
            await self.lease.step()
        return self.lease.known and await self._load() and not self.book.unread

    async def hold(self) -> None:
        """Hold the Lease or wait for it, for ever; once it was looked at for the first time."""
        while not (self.lease.known or self._is_started):
            await self._clock.sleep(LOOK_SECONDS)
        await self.lease.run()

    async def run(self) -> None:
        """Take over when it is time, and let go when it is not any more; until cancelled."""
        while True:
            if self._is_started:
                await self.step()
            await self._clock.sleep(LOOK_SECONDS)

    async def step(self) -> None:
        """Look at the situation once."""
        held, now = self.lease.is_held, self._clock.monotonic()
        if not held or self.display.is_behind:
            self._is_writing = False
        if held and self._is_refused and self.display.is_behind:
            self._go_without()
        if now >= self._again_at and (self._is_refused or (held and not self._is_writing)):
            await self._take_over(now)
        if self._is_writing and self._around.is_synced():
            await self._settle(now)
        if now >= self._look_at:
            self._look_at = now + LOOK_AROUND_SECONDS
            await self._look_around(now)

    async def stop(self, seconds: float) -> None:
        """Write what is to be written, and give the Lease back; some of the time is for that."""
        kept = min(RELEASE_SECONDS, seconds / 2)
        await self.reports.drain(seconds - kept)
        self._is_writing = False
        await self.lease.release(kept)

    # --- inside

    async def _take_over(self, now: float) -> None:
        """Go on from what is recorded by now, whoever recorded it."""
        # What was found before anything was read is told from what others recorded by its age.
        waits = len(self.book.beginnings) and not self._around.heard_since(now - STALE_SECONDS)
        if waits or not await self._load():
            self._again_at = max(self._again_at, now + RETRY_SECONDS)
            if not waits and self._reading.will_not_pass:
                self._go_without()
            return
        self._settling.begin()
        if self.lease.is_held:
            self._begin()

    async def _load(self) -> bool:
        """Read all reports; tell whether that worked."""
        found = await self._reading.read()
        if found is None:
            return False
        self._refusal.read()
        self._is_refused, self.book.unread = False, self._api.refused
        if self.lease.is_held or self.lease.is_elsewhere or not self._is_started:
            self.unread.read(is_shown=self._is_started and self.lease.is_held)
        if self.lease.known:
            self.book.learn(complete=self.lease.scope == self._scope)
        self.book.load(found.items(), self._clock.monotonic())
        self._is_loaded = True
        return True

    def _begin(self) -> None:
        """Write from now on; first of all the Events that may not have been written."""
        self._is_writing, self._begun_at = True, self._clock.monotonic()
        self._look_at = self._begun_at + LOOK_AROUND_SECONDS
        self.unread.tell_apart()
        begin_term(self.lease.term, self.book, self._around.counters)
        self.display.level()
        tell_unwritten(self.book, self._around.events, now=self._clock.now())
        self._schedule()

    async def _look_around(self, now: float) -> None:
        """See what others did to reports, and let go of what is over."""
        if self.is_open():
            with suppress(ApiError, OSError, msgspec.DecodeError):
                await self.reports.look_around()
                # What may be read by now is loaded, as in a takeover.
                self._is_writing = self.book.unread <= self._api.refused
        elif self._around.is_synced():
            is_led = self.lease.is_elsewhere and not self._is_refused
            self.book.tidy(self._around.store.uids(), now, is_led=is_led)
        self.reports.tidy()

    def _schedule(self) -> None:
        for key in self.book.dirty():
            self.reports.schedule(key)

    async def _settle(self, now: float) -> None:
        """All pods are listed: bring the book in line with them, and agree on what is recorded."""
        if self._settling.settle(now, since=self._begun_at):
            self._schedule()
        if not self.book.complete and self._settling.is_saved():
            self.book.complete = True
            await self.lease.agree(self._scope)
