"""The evidence book: a bounded history of the kubelet's Events about one container.

The count of an Event object rises between deliveries. The book turns each delivery into a
*mark*: when it happened last, and how many new occurrences the delivery stands for.
"""

from dataclasses import dataclass

from probewatch.core.evidence import Evidence, EvidenceKind, FailureReason
from probewatch.core.values import quickly_made, replace

KILLS_KEPT = 16
FAILURES_KEPT = 32
STARTS_KEPT = 9
SERIES_KEPT = 32

PAIR = 2
"""The count of an Event of whose occurrences both times are known: the first and the last."""

START_KINDS = frozenset({EvidenceKind.PULLED, EvidenceKind.CREATED, EvidenceKind.STARTED})


Series = tuple[tuple[str, int, float], ...]
"""The name of each Event object, with the count and time of its newest delivery."""


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """`fresh` new occurrences of one kind of Event, the last of them at `at` (node clock)."""

    kind: EvidenceKind
    at: float
    count: int
    fresh: int = 1
    since: float | None = None
    """When it had happened last before these; None if the series was first seen midway."""
    series: str = ""
    """Name of the Event object."""
    probe_type: str = ""
    failure: FailureReason = FailureReason.OTHER
    """How the probe failed the last time, if a probe failed."""

    def surely_since(self, begin: float) -> int:
        """How many occurrences are surely no earlier than *begin*: all, or only the last."""
        return self.fresh if self.since is not None and self.since >= begin else 1


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """The marks of one container, oldest first, and the last count and time of each series."""

    kills: tuple[Mark, ...] = ()
    failures: tuple[Mark, ...] = ()
    starts: tuple[Mark, ...] = ()
    others: tuple[Mark, ...] = ()
    series: Series = ()

    def last_of(self, name: str) -> tuple[int, float] | None:
        """Count and time of the newest delivery of this Event object."""
        return next(((count, at) for key, count, at in self.series if key == name), None)

    def has_lost(self, since: float) -> bool:
        """Whether marks later than *since* may have been dropped, not considering failures."""
        kept = ((self.kills, KILLS_KEPT), (self.starts, STARTS_KEPT), (self.others, STARTS_KEPT))
        return any(len(marks) == limit and marks[0].at > since for marks, limit in kept)


def enter(
    book: Book, evidence: Evidence, *, from_zero: bool, mixed: bool = False
) -> tuple[Book, Mark | None]:
    """Add one delivery, and return its mark; a repeated or older one changes nothing.

    *from_zero* says that the container was watched since its `restartCount` was 0, so that all
    occurrences of a series belong to what we watched, even if its count is above one at first
    sight. *mixed* says that the series may also count other things: then only the last occurrence
    is taken. Of two kills seen midway both times are known: the second may be of the next instance.
    """
    known = book.last_of(evidence.name)
    if known is not None and evidence.count <= known[0]:
        return book, None
    # A full book may have dropped the series: then its count does not tell how much is new.
    whole = from_zero and len(book.series) < SERIES_KEPT
    mark = _mark(evidence, known, from_zero=whole)
    if mixed:
        mark = replace(mark, fresh=1, since=None)
    elif evidence.count == PAIR and mark.kind.is_kill and mark.since is None:
        first = replace(mark, at=evidence.first_at, count=1)
        book = replace(book, kills=(*book.kills, first))
    return replace(book, series=_note(book, evidence), **_filed(book, mark)), mark


def _note(book: Book, evidence: Evidence) -> Series:
    """The series with this delivery; if full, one without kills and starts is dropped first."""
    kept = [entry for entry in book.series if entry[0] != evidence.name]
    if len(kept) >= SERIES_KEPT:
        needed = {mark.series for mark in (*book.kills, *book.starts)}
        oldest = next((entry for entry in kept if entry[0] not in needed), kept[0])
        kept.remove(oldest)
    return (*kept, (evidence.name, evidence.count, evidence.at))


def _mark(evidence: Evidence, known: tuple[int, float] | None, *, from_zero: bool) -> Mark:
    fresh, since = 1, None
    if known is not None:
        fresh, since = evidence.count - known[0], known[1]
    elif from_zero:
        fresh, since = evidence.count, evidence.first_at - 1
    return Mark(
        kind=evidence.kind,
        at=evidence.at,
        count=evidence.count,
        fresh=fresh,
        since=since,
        series=evidence.name,
        probe_type=evidence.probe_type,
        failure=evidence.failure,
    )


def _filed(book: Book, mark: Mark) -> dict[str, tuple[Mark, ...]]:
    """The field of the book that the mark belongs to, with it."""
    if mark.kind.is_kill:
        return {"kills": (*book.kills, mark)[-KILLS_KEPT:]}
    if mark.kind.is_failure:
        return {"failures": (*book.failures, mark)[-FAILURES_KEPT:]}
    if mark.kind in START_KINDS:
        return {"starts": (*book.starts, mark)[-STARTS_KEPT:]}
    return {"others": (*book.others, mark)[-STARTS_KEPT:]}
