"""Passes list pages and watch lines to the handler, decoded no further than it wants."""

import logging
from collections.abc import Iterable, Sequence
from typing import Generic, Protocol, TypeVar, runtime_checkable

from probewatch.kube.objects import BROKEN
from probewatch.kube.parsing import parse_version
from probewatch.watch.asking import GONE, INTERNAL_ERROR
from probewatch.watch.decoding import Decodes, Page, T, Update
from probewatch.watch.lines import Line
from probewatch.watch.transport import StreamFaultError, WatchStats

_log = logging.getLogger(__name__)

T_contra = TypeVar("T_contra", contravariant=True)

BATCH = 128
"""Objects of a list that are passed on together. To do each step for all of them takes a quarter
less CPU than to do all steps for each: what a step needs stays in the processor's caches."""


class Handler(Protocol[T_contra]):
    """Receives what a list and its watch contain, in order; its methods must not block."""

    def listing(self) -> None:
        """Handle the beginning of a list."""
        ...

    def listed(self, raws: Sequence[T_contra]) -> None:
        """Handle some objects of the list."""
        ...

    def synced(self, version: str) -> None:
        """Handle the end of a list, which is complete as of this resourceVersion."""
        ...

    def changed(self, kind: str, raw: T_contra) -> None:
        """Handle an update; *kind* is ADDED or MODIFIED."""
        ...

    def deleted(self, raw: T_contra) -> None:
        """Handle a deletion; *raw* is the object's last version."""
        ...


@runtime_checkable
class Skipper(Protocol[T_contra]):
    """A handler that does not need every update."""

    def skips(self, raw: T_contra) -> bool:
        """Tell whether an update changes nothing of interest, so that it can be left out."""
        ...


@runtime_checkable
class Historian(Protocol):
    """A handler that remembers the resourceVersion of each object."""

    def newest_lost(self) -> int:
        """Return the newest version known of an object that the complete list shows older, or 0."""
        ...


class NotStreamedError(StreamFaultError):
    """The server does not support streaming lists, or sent no such list."""


class Dispatcher(Generic[T]):
    """Passes what is received to the handler, and keeps the resourceVersion to go on from."""

    def __init__(self, decoder: Decodes[T], handler: Handler[T], stats: WatchStats) -> None:
        self.version = ""
        """The resourceVersion from which the next watch starts; empty if a list is needed."""
        self.is_listing = False
        self._last_version = ""
        """The last `version`, kept to compare the next list with it."""
        self._decoder = decoder
        self._handler = handler
        self._skips = handler.skips if isinstance(handler, Skipper) else _skip_nothing
        self._newest_lost = handler.newest_lost if isinstance(handler, Historian) else _lose_nothing
        self._stats = stats

    def forget_version(self) -> None:
        """Make a new list necessary, which is compared with the version known until now."""
        self._last_version = self.version or self._last_version
        self.version = ""

    def begin_list(self) -> None:
        """Tell the handler that a list begins, or begins again."""
        self.is_listing = True
        self._handler.listing()

    def receive(self, chunk: bytes) -> None:
        """Count the bytes of a part of a page."""
        self._stats.bytes_read += len(chunk)

    def take_page(self, body: bytearray) -> Page[T]:
        """Pass the objects of a page to the handler; raises what the decoder raises."""
        self._stats.heard()
        page = self._decoder.page(body)
        self._stats.decode_errors += page.broken
        self._stats.field_errors += page.dropped
        self._pass_on(page.items)
        return page

    def is_ahead_of(self, body: bytearray) -> bool:
        """Whether a page is as of an older resourceVersion than `version`.

        Raises what the decoder raises.
        """
        return (
            0
            < parse_version(self._decoder.page(body).resource_version)
            < parse_version(self.version)
        )

    def end_list(self, version: str) -> None:
        """Tell the handler that the list is complete as of *version*."""
        if not version:
            raise StreamFaultError("no resourceVersion")
        self._detect_restore(version)
        self.version = version
        self.is_listing = False
        self._handler.synced(version)
        self._stats.synced = True

    def _detect_restore(self, version: str) -> None:
        """Report it if the list proves that etcd was restored, since versions only rise otherwise.

        Two things prove it: a list older than `version` was, and a list that shows an object in
        an older version than the one known, though the list is as new as the known one.
        """
        at, lost = parse_version(version), self._newest_lost()
        if 0 < at < parse_version(self._last_version) or 0 < lost <= at:
            self._stats.went_back = True
            _log.error(
                "The cluster was restored from a backup: this process cannot continue",
                extra={
                    "resource": self._stats.resource,
                    "version": version,
                    "before": self._last_version,
                },
            )

    def take_lines(self, lines: Iterable[Line]) -> None:
        """Pass the updates of a watch's lines to the handler; raises StreamFaultError for an ERROR.

        A line that cannot be decoded is counted and skipped.
        """
        listed: list[T] = []
        for body, begin, end in lines:
            try:
                update = self._decoder.update(body, begin, end)
                if not self.is_listing:
                    self._take_update(update)
                elif update.type == "ADDED" and update.object is not None:
                    listed.append(update.object)
                    self._stats.field_errors += update.dropped
                else:
                    self._pass_on(listed)
                    listed = []
                    self._take_end(update)
            except BROKEN:
                self._stats.decode_errors += 1
        self._pass_on(listed)

    def _pass_on(self, listed: list[T]) -> None:
        """Pass objects of a list to the handler."""
        for at in range(0, len(listed), BATCH):
            batch = listed[at : at + BATCH]
            self._handler.listed(batch)
            self._stats.field_errors += sum(map(_count_flaws, batch))

    def _take_update(self, update: Update[T]) -> None:
        self._check(update)
        self._stats.updates[update.type] += 1
        self.version = update.version or self.version
        found = update.object
        if found is None:
            return
        if update.type == "DELETED":
            self._handler.deleted(found)
        elif self._skips(found):
            self._stats.skipped += 1
        else:
            self._handler.changed(update.type, found)
        self._stats.field_errors += update.dropped + _count_flaws(found)

    def _take_end(self, update: Update[T]) -> None:
        """Handle the bookmark that ends a streaming list, the only line in it but for ADDED.

        With an etcd that cannot report its progress, API servers answer with an internal error.
        Source: apiserver/pkg/storage/cacher/cacher.go (Watch).
        """
        if update.type == "ERROR" and update.code == INTERNAL_ERROR:
            raise NotStreamedError("no streaming list", relist=True)
        self._check(update)
        if update.type == "BOOKMARK" and update.ends_list:
            self._stats.has_bookmarks = True
            self.end_list(update.version)
        else:
            raise NotStreamedError("no streaming list", relist=True)

    def _check(self, update: Update[T]) -> None:
        if update.type == "ERROR":
            raise StreamFaultError(str(update.code), relist=update.code == GONE)


def _count_flaws(found: object) -> int:
    """Return how many fields of an object turned out to be broken when the handler read it."""
    flaws: int = getattr(found, "flaws", 0)
    return flaws


def _skip_nothing(_raw: object) -> bool:
    return False


def _lose_nothing() -> int:
    return 0
