"""The list-and-watch loop: list, watch, and never stop.

A watch starts from the list's resourceVersion and, after a fault, goes on from the last version
received. A new list is needed if the server says that this version is gone (410, as status or
as ERROR), or if watches have become silent or skipped a line; the handler then drops what the
list does not contain, so that no deletion is missed. The loop ends only by being cancelled.
"""

import logging
import math
from collections.abc import Mapping
from typing import Generic, NoReturn

from probewatch.clock import SILENCE_SECONDS
from probewatch.kube.objects import BROKEN
from probewatch.watch.asking import GONE, Asker
from probewatch.watch.backoff import Backoff
from probewatch.watch.decoding import Decodes, T
from probewatch.watch.dispatching import Dispatcher, Handler, NotStreamedError
from probewatch.watch.lines import LineSplitter
from probewatch.watch.listing import check_history, list_pages
from probewatch.watch.long_lines import TOO_LONG, LongLines
from probewatch.watch.silence import Silence
from probewatch.watch.streams import read_lines
from probewatch.watch.transport import (
    StreamFaultError,
    Surroundings,
    Transport,
    WatchOptions,
    WatchStats,
    WatchTarget,
)

_log = logging.getLogger(__name__)

FAULTS = (OSError, TimeoutError, EOFError, *BROKEN)
"""What the network and decoding can raise; aiohttp's client errors are mapped to OSError."""

SILENT = TimeoutError.__name__
"""The reason with which a watch ends that delivered nothing for too long."""

SHORT_SECONDS = 1.0
"""A watch that ends sooner is a fault: without a pause it would be requested in a tight loop."""

PAGED_TRIES = 2
"""After so many lists in pages that expired before the last page, the list is read as a whole."""

REFUSALS = frozenset({400, 404, 405, 406, 422})
"""Statuses by which a server may refuse a streaming list; pages are requested instead."""

STREAMS_AGAIN_SECONDS = 3600.0
"""How long lists are read in pages once the server sent no streaming list. It may only have been
overloaded, or is upgraded later. To try it at each list would make all of them slow where the
server has none: some show this only by their silence."""

STREAMED = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan"}


class WatchLoop(Generic[T]):
    """Keeps one handler up to date with one resource."""

    def __init__(
        self,
        *,
        transport: Transport,
        target: WatchTarget,
        decoder: Decodes[T],
        handler: Handler[T],
        around: Surroundings,
        options: WatchOptions | None = None,
    ) -> None:
        self.stats = WatchStats(resource=target.name, clock=around.monotonic)
        self._options = options or WatchOptions()
        self._target = target
        self._around = around
        self._asker = Asker(transport, target, around, self._options)
        self._dispatcher = Dispatcher(decoder, handler, self.stats)
        self._long_lines = LongLines(self.stats, around)
        self._silence = Silence(self.stats)
        self._pages_until = 0.0 if self._options.streams else math.inf
        """Until when lists are read in pages, by the clock."""
        self._pages_next = False
        self._expired = 0
        """How many lists in pages in a row expired before their last page."""
        self._open_since: float | None = None
        self._logged = ("", 0.0)

    async def run(self) -> NoReturn:
        """List and watch for ever, with a pause after each fault."""
        backoff, why = Backoff(), "start"
        while True:
            self._open_since, silent, has_watched = None, False, False
            try:
                if due := self._find_due_list():
                    self._dispatcher.forget_version()
                    why = due
                if not self._dispatcher.version:
                    self.stats.relists[why] += 1
                    has_watched = await self._list()
                elif self._silence.was_away and self._options.checks_history:
                    await check_history(self._asker, self._dispatcher, self._options)
                if not has_watched:
                    await self._watch()
                backoff = Backoff()
                continue
            except StreamFaultError as fault:
                caught = fault
            except FAULTS as error:
                caught, silent = StreamFaultError(type(error).__name__), True
            self._note_end(caught.why)
            if caught.relist:
                self._dispatcher.forget_version()
                why = caught.why
            backoff = backoff.after_watching(self._open_for())
            backoff = backoff.before_fault(silent=silent, gone=caught.relist)
            await self._wait(caught, backoff)
            backoff = backoff.after_fault(silent=silent, gone=caught.relist)

    def _find_due_list(self) -> str:
        """Return why a new list is due though the server did not ask for one; empty if none is."""
        if why := self._silence.find_reason_to_list():
            return why
        if self._long_lines.is_list_due():
            self._pages_next = True
            return TOO_LONG
        return ""

    def _note_end(self, why: str) -> None:
        """Note how an attempt ended: without a watch, or with one that was silent or was ended."""
        if self._open_since is None or self._dispatcher.is_listing:
            self._silence.server_was_away()
        elif why == SILENT:
            self._silence.watch_was_silent()
        elif self._open_for() >= SHORT_SECONDS:
            self._silence.watch_ended(self._open_for())

    async def _wait(self, fault: StreamFaultError, backoff: Backoff) -> None:
        self.stats.failed(fault.why)
        if backoff.faults:
            self.stats.synced = bool(self._dispatcher.version)
        pause = max(backoff.pause(self._around.chance()), fault.retry_after or 0.0)
        self._log_interruption(fault.why, pause)
        await self._around.sleep(pause)

    def _log_interruption(self, why: str, pause: float) -> None:
        """Log an interruption, as a warning once a minute for the same reason, else for debugging.

        A 410 is normal and no warning: without bookmarks, the version of a quiet watch expires.
        """
        now = self._around.monotonic()
        is_news = why != self._logged[0] or now - self._logged[1] >= SILENCE_SECONDS
        if is_news:
            self._logged = (why, now)
        level = logging.INFO if why == str(GONE) else logging.WARNING
        _log.log(
            level if is_news else logging.DEBUG,
            "The watch was interrupted and is taken up again",
            extra={"resource": self._target.name, "why": why, "pause_seconds": round(pause, 1)},
        )

    async def _list(self) -> bool:
        """List everything: as a streaming list, which goes on as a watch, or in pages.

        Tell whether there was a watch, which has ended properly.
        """
        self._silence.list_begins()
        self._long_lines.list_begins()
        if not self._pages_next and self._around.monotonic() >= self._pages_until:
            self._pages_next = True  # in case this one breaks off
            if await self._list_as_stream():
                return True
        try:
            await list_pages(
                self._asker,
                self._dispatcher,
                self._options,
                whole=self._expired >= PAGED_TRIES,
            )
        except StreamFaultError as fault:
            self._expired += fault.relist
            raise
        self._pages_next, self._expired = False, 0
        return False

    async def _list_as_stream(self) -> bool:
        """Read a streaming list and its watch to the end; False if the server sends no such list.

        That a stream is silent shows it, but not that the server did not answer at all.
        """
        self._dispatcher.begin_list()
        try:
            await self._watch(STREAMED)
        except TimeoutError:
            if self._open_since is None or not self._dispatcher.is_listing:
                raise
        except StreamFaultError as fault:
            if fault.status not in REFUSALS and not isinstance(fault, NotStreamedError):
                raise
        else:
            return True
        self._pages_until = self._around.monotonic() + STREAMS_AGAIN_SECONDS
        self._open_since = None  # it was no watch
        return False

    async def _watch(self, more: Mapping[str, str] | None = None) -> None:
        """Watch until the stream ends."""
        params = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(self._silence.choose_timeout(self._asker.watch_seconds())),
            **(more or {"resourceVersion": self._dispatcher.version}),
        }
        async with self._asker.ask(params) as response:
            self._open_since = self._around.monotonic()
            self._silence.watch_begins()
            await read_lines(
                response.chunks(self._is_urgent),
                self._dispatcher.take_lines,
                splitter=LineSplitter(self._skip_line, self._options.line_cap),
                stats=self.stats,
                silence=self._find_silence,
            )
        if self._dispatcher.is_listing:
            raise StreamFaultError("list broke off")
        if self._open_for() < SHORT_SECONDS:
            raise StreamFaultError("ended at once")
        self._note_end("")

    def _is_urgent(self) -> bool:
        """Whether to pass on the next bytes at once: a list is of use only when it is complete."""
        return self._options.is_urgent and not self._dispatcher.is_listing

    def _skip_line(self, head: bytes) -> None:
        """Skip a line that is too long, or give up a streaming list, which must miss nothing."""
        self._long_lines.skip(head)
        if self._dispatcher.is_listing:
            raise StreamFaultError(TOO_LONG, relist=True)

    def _open_for(self) -> float:
        """Return how many seconds the watch has been open, or was until it failed."""
        if self._open_since is None or self._dispatcher.is_listing:
            return 0.0
        return self._around.monotonic() - self._open_since

    def _find_silence(self) -> float:
        """Return how many seconds the server may now be silent."""
        if self._dispatcher.is_listing:
            return min(self._options.list_silence, self._options.inactivity)
        self._pages_next = False
        return min(self._options.inactivity, self._silence.limit)
