"""Handing on: lines and pages to the handler, decoded no further than anybody wants."""

import logging
from typing import Generic, Protocol, TypeVar, runtime_checkable

from probewatch.kube.parsing import parse_version
from probewatch.watch.asking import GONE
from probewatch.watch.decoding import BROKEN, Decodes, Page, T, Update
from probewatch.watch.transport import StreamFaultError, WatchStats

_log = logging.getLogger(__name__)

T_contra = TypeVar("T_contra", contravariant=True)


class Handler(Protocol[T_contra]):
    """Who is told, in order and without waiting."""

    def listing(self) -> None:
        """A list begins."""
        ...

    def listed(self, raw: T_contra) -> None:
        """An object of the list."""
        ...

    def synced(self, version: str) -> None:
        """The list is complete, and shows everything as of this resourceVersion."""
        ...

    def changed(self, kind: str, raw: T_contra) -> None:
        """ADDED or MODIFIED."""
        ...

    def deleted(self, raw: T_contra) -> None:
        """DELETED, with the object's last version."""
        ...


@runtime_checkable
class Skipper(Protocol[T_contra]):
    """A handler that need not be told everything."""

    def skips(self, raw: T_contra) -> bool:
        """Whether an update changes nothing of interest."""
        ...


@runtime_checkable
class Historian(Protocol):
    """A handler that remembers versions of objects."""

    def newest_lost(self) -> int:
        """The newest version known of an object that the list, now complete, shows older; or 0."""
        ...


class NotStreamedError(StreamFaultError):
    """The server did not take the wish for a streaming list, or does not know what it is."""


class Hands(Generic[T]):
    """Takes what comes, tells the handler, and knows up to which version all was told."""

    def __init__(self, decoder: Decodes[T], handler: Handler[T], stats: WatchStats) -> None:
        self.version = ""
        """Where the next watch begins; empty if only a list can tell."""
        self.is_listing = False
        self._before = ""
        """What was the version when only a list could tell."""
        self._decoder = decoder
        self._handler = handler
        self._skips = handler.skips if isinstance(handler, Skipper) else _skip_nothing
        self._newest_lost = handler.newest_lost if isinstance(handler, Historian) else _lose_nothing
        self._stats = stats

    def forget_version(self) -> None:
        """Only a list can tell how it goes on: it shows what is newer than all that was told."""
        self._before = self.version or self._before
        self.version = ""

    def begin_list(self) -> None:
        """A list begins, or begins again."""
        self.is_listing = True
        self._handler.listing()

    def receive(self, chunk: bytes) -> None:
        """A part of a page came in."""
        self._stats.bytes_read += len(chunk)

    def take_page(self, body: bytearray) -> Page[T]:
        """Hand on the objects of a page; raises what the decoder raises."""
        self._stats.heard()
        page = self._decoder.page(body)
        self._stats.decode_errors += page.broken
        self._stats.field_errors += page.dropped
        for item in page.items:
            self._handler.listed(item)
            self._count_flaws(item, 0)
        return page

    def is_ahead_of(self, body: bytearray) -> bool:
        """Whether more was told already than there is by a page; raises what the decoder does."""
        return (
            0
            < parse_version(self._decoder.page(body).resource_version)
            < parse_version(self.version)
        )

    def end_list(self, version: str) -> None:
        """The list is complete."""
        if not version:
            raise StreamFaultError("no resourceVersion")
        self._compare(version)
        self.version = version
        self.is_listing = False
        self._handler.synced(version)
        self._stats.synced = True

    def _compare(self, version: str) -> None:
        """See whether the list is of the history that was known: versions of one only rise.

        Nor does a list that is as new as a version of an object show an older one of it.
        """
        at, lost = parse_version(version), self._newest_lost()
        if 0 < at < parse_version(self._before) or 0 < lost <= at:
            self._stats.went_back = True
            _log.error(
                "The history of the cluster went back: this process cannot follow it",
                extra={
                    "resource": self._stats.resource,
                    "version": version,
                    "before": self._before,
                },
            )
        self._before = version

    def take_line(self, body: bytes, begin: int, end: int) -> None:
        """Hand on what a line of a watch says; raises StreamFaultError if it is an ERROR."""
        try:
            update = self._decoder.update(body, begin, end)
            if self.is_listing:
                self._take_initial(update)
            else:
                self._take_update(update)
        except BROKEN:
            self._stats.decode_errors += 1

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
        self._count_flaws(found, update.dropped)

    def _take_initial(self, update: Update[T]) -> None:
        """A line of a streaming list: only what there is, then the bookmark that ends it."""
        if update.type == "ADDED" and update.object is not None:
            self._handler.listed(update.object)
            self._count_flaws(update.object, update.dropped)
            return
        self._check(update)
        if update.type == "BOOKMARK" and update.ends_list:
            self._stats.has_bookmarks = True
            self.end_list(update.version)
        else:
            raise NotStreamedError("no streaming list", relist=True)

    def _count_flaws(self, found: T, dropped: int) -> None:
        """Fields may be found broken when an object is decoded, or later when it is read."""
        self._stats.field_errors += dropped + getattr(found, "flaws", 0)

    def _check(self, update: Update[T]) -> None:
        if update.type == "ERROR":
            raise StreamFaultError(str(update.code), relist=update.code == GONE)


def _skip_nothing(_raw: object) -> bool:
    return False


def _lose_nothing() -> int:
    return 0
