"""Recording: holds the Lease, loads the records, and lets one replica write them.

    start ─▶ read the Lease ─▶ load reports ─▶ watch ─▶ all listed ─▶ /metrics answers
                 │
                 ├─ held ──────▶ write: reports, Events
                 └─ not held ──▶ stand by; once it is acquired: load, fold in, write

If reports cannot be read or written, that is logged once, metrics and Events go on
without them, and it is retried. Once the watch has begun, it never waits for records.
"""

from collections.abc import Sequence
from contextlib import suppress

from probewatch.boundary import Boundary
from probewatch.core.model import PodUid
from probewatch.errors import ApiError
from probewatch.kube.lease import RELEASE_SECONDS
from probewatch.kube.objects import BROKEN
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
    report_options,
    republish_recent,
    republish_unwritten,
    restore_counters,
    scope_of,
)
from probewatch.recording.unread import Unread
from probewatch.records.display import Display
from probewatch.records.entry import STALE_SECONDS, Key
from probewatch.settings import Settings

LOOK_SECONDS, RETRY_SECONDS = 0.2, 2.0

LOOK_AROUND_SECONDS = 30.0
"""How often the reports' metadata is listed, to see whether somebody changed or deleted one."""


class Recording:
    """Keeps the records: call `start` before anything is watched, then `run`."""

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

    # --- what `Reports` asks, and tells

    def is_open(self) -> bool:
        """Tell whether this process may write records now."""
        return self._is_writing and not self._is_refused and self.lease.is_held

    def is_recording(self) -> bool:
        """Tell whether records are kept at all, here or by the leader."""
        return not self._is_refused

    def refused(self, words: str, *, until_written: bool = True) -> None:
        """Go on without records, which were rejected with *words*, and retry later."""
        self._refusal.begin(words, until_written=until_written)
        self._is_refused = True
        self._again_at = self._clock.monotonic() + RESUME_SECONDS
        self.reports.writer.let_go()

    def restore(self, key: Key, *, is_first: bool) -> None:
        """Restore counters from a report that was saved; *is_first* if it is new."""
        self._restore(key, is_first=is_first)
        self._refusal.written()

    def reloaded(self, key: Key) -> None:
        """Process a report that another writer changed, who may have stopped before its Events."""
        self.unread.tell_one_apart(key)
        self._restore(key)
        record = self.book.record(key)
        if record is not None:
            republish_recent(record, self._around.events, now=self._clock.now())

    def limit_for(self, uid: PodUid) -> int | None:
        """Return how many incidents a pod's policy keeps, if it has one."""
        return self._around.limit_for(uid)

    # --- life

    def find_missing(self) -> Sequence[str]:
        """Return a sentence if counters cannot be exposed yet, because records are not loaded."""
        return () if self._is_loaded or self._is_refused else ("the records are not loaded yet",)

    def leads(self) -> bool:
        """Tell whether this replica holds the Lease."""
        return self.lease.is_held

    def stands_by(self) -> bool:
        """Tell whether the metrics of workloads are hidden because another replica shows them."""
        return self.display.hides()

    async def start(self) -> None:
        """Read the Lease and load the records, in bounded time."""
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
        """Go on without records, and retry later; counters of a new term start at 0."""
        self.refused(self._reading.words, until_written=False)
        if self.lease.is_held or not self._is_started:
            self.unread.begin(self.lease.term, is_hopeless=self._reading.will_not_pass)
            self.display.mark_restored()

    async def _prepare(self) -> bool:
        """Read what is still missing of Lease and records; tell whether all is known."""
        if not self.lease.known:
            await self.lease.step()
        return self.lease.known and await self._load() and not self.book.unread

    async def hold(self) -> None:
        """Hold the Lease or wait for it, for ever; begins once `start` has read it or given up."""
        while not (self.lease.known or self._is_started):
            await self._clock.sleep(LOOK_SECONDS)
        await self.lease.run()

    async def run(self) -> None:
        """Start writing when the Lease is acquired, stop when it is lost; until cancelled."""
        while True:
            if self._is_started:
                await self.step()
            await self._clock.sleep(LOOK_SECONDS)

    async def step(self) -> None:
        """Check once whether to take over, to stop writing, or to look at the reports."""
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
        """Write what is pending, then release the Lease, for which some of the time is reserved."""
        kept = min(RELEASE_SECONDS, seconds / 2)
        await self.reports.drain(seconds - kept)
        is_complete = self._is_writing and self._settling.is_saved()
        await self.lease.release(kept, scope=self._scope if is_complete else None)

    # --- inside

    def _restore(self, key: Key, *, is_first: bool = False) -> None:
        restore_counters(key, self.book, self._around.counters, is_first=is_first)
        self._settling.written(key)

    async def _take_over(self, now: float) -> None:
        """Load the records of the leader before, and continue from them."""
        # Findings from before the first read are matched with those of other leaders by their age.
        waits = len(self.book.beginnings) and not self._around.active_since(now - STALE_SECONDS)
        if waits or not await self._load():
            self._again_at = max(self._again_at, now + RETRY_SECONDS)
            if not waits and self._reading.will_not_pass:
                self._go_without()
            return
        self._settling.begin()
        if self.lease.is_held:
            self._begin()

    async def _load(self) -> bool:
        """Read and load all reports; tell whether that worked."""
        found = await self._reading.read()
        if found is None:
            return False
        self._refusal.read(is_led=self.lease.is_elsewhere)
        self._is_refused, self.book.unread = False, self._api.refused
        if self.lease.is_held or self.lease.is_elsewhere or not self._is_started:
            self.unread.read(is_shown=self._is_started and self.lease.is_held)
        if self.lease.known:
            self.book.learn(complete=self.lease.scope == self._scope)
        self.book.load(found.items(), self._clock.monotonic())
        self._is_loaded = True
        return True

    def _begin(self) -> None:
        """Start writing; first the Events that the leader before may not have written."""
        self._is_writing, self._begun_at = True, self._clock.monotonic()
        self._look_at = self._begun_at + LOOK_AROUND_SECONDS
        self.unread.tell_apart()
        begin_term(self.lease.term, self.book, self._around.counters)
        self.display.mark_restored()
        republish_unwritten(self.book, self._around.events, now=self._clock.now())
        self._schedule()

    async def _look_around(self, now: float) -> None:
        """Look for reports that others changed or deleted, and free what is not needed any more."""
        if self.is_open():
            with suppress(ApiError, OSError, *BROKEN):
                await self.reports.look_around()
                # A namespace that can be read by now is loaded by a new takeover.
                self._is_writing = self.book.unread <= self._api.refused
        elif self._around.is_synced():
            is_led = self.lease.is_elsewhere and not self._is_refused
            self.book.tidy(self._around.store.uids(), now, is_led=is_led)
        self.reports.tidy()

    def _schedule(self) -> None:
        for key in self.book.dirty():
            self.reports.schedule(key)

    async def _settle(self, now: float) -> None:
        """After all pods were listed: reconcile the book with them, and mark records complete."""
        if self._settling.settle(now, since=self._begun_at):
            self._schedule()
        if not self.book.complete and self._settling.is_saved():
            self.book.complete = True
            await self.lease.agree(self._scope)
