"""What recording is tied to, and what of it is worked out without any state."""

import hashlib
import uuid
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Protocol

from probewatch.clock import Clock
from probewatch.core.findings import Finding, Restart
from probewatch.core.incidents import tell_again
from probewatch.core.model import PodRef, PodUid, Workload
from probewatch.core.records import Record
from probewatch.core.sighting import Sighting
from probewatch.kube.lease import Lease
from probewatch.kube.reports.reports import ReportOptions
from probewatch.kube.rights import Requester
from probewatch.metrics.totals import RestartTotal, Total
from probewatch.records.book import RecordBook
from probewatch.records.entry import Key
from probewatch.settings import Settings

EVENTS_SECONDS = 600.0
"""Events of restarts that were recorded so lately are written again after a start."""


class Store(Protocol):
    """What is asked of the store."""

    def counted(self) -> Iterable[tuple[PodRef, str, Sighting]]:
        """What is told of each container."""
        ...

    def uids(self) -> Collection[PodUid]:
        """All pods that are followed."""
        ...


class Counters(Protocol):
    """What is asked of the counters."""

    def begin_term(self, term: int, totals: Iterable[RestartTotal]) -> bool:
        """Begin at 0 what *totals* do not hold, if this is another term; tell whether it is."""
        ...

    def begin_anew(self, workload: Workload, totals: Iterable[RestartTotal]) -> None:
        """Begin at 0 what *totals* do not hold of a workload."""
        ...

    def totals_of(self, workload: Workload) -> Iterable[Total]:
        """Return what is shown of a workload."""
        ...

    def restore(self, totals: Iterable[Total]) -> None:
        """Go on from totals."""
        ...


class Sink(Protocol):
    """Where Events go."""

    def publish(self, finding: Finding, workload: Workload) -> None:
        """Take a finding."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What recording is tied to; the functions are asked again and again."""

    store: Store
    counters: Counters
    events: Sink
    sinks: Sequence[Sink]
    """What comes after the records: counters and Events."""
    find_workload: Callable[[PodRef], Workload | None]
    limit_for: Callable[[PodUid], int | None]
    heard_since: Callable[[float], bool]
    """Whether the watch of pods was heard of since then (monotonic): what it shows is of now."""
    is_synced: Callable[[], bool]
    """Whether all pods are listed, and all that was found then is published."""


def level(book: RecordBook, around: Surroundings, *, is_alive: bool) -> None:
    """Count what is seen of pods and was never told, by whomever."""
    for pod, container, seen in around.store.counted():
        workload = around.find_workload(pod)
        if workload is not None:
            book.level(pod, workload, container, seen, is_alive=is_alive)


def begin_term(term: int, book: RecordBook, counters: Counters) -> None:
    """Let counters go on from what is recorded by now, and begin at 0 what no record holds."""
    workloads = book.workloads()
    counters.begin_term(term, chain.from_iterable(told_of(book, key) for key in workloads))
    for key in workloads:
        counters.restore(totals_of(book.saved_parts(key)))


def go_on(key: Key, book: RecordBook, counters: Counters, *, is_first: bool) -> None:
    """A report was saved: let counters go on from it.

    Where it is the *first* of a workload, one of the same name may have been counted before, which
    is gone with its report: what is shown of that would fall at the next start, and be taken
    for new restarts.
    """
    record = book.record(key)
    if is_first and record is not None:
        counters.begin_anew(record.workload, told_of(book, key))
    counters.restore(totals_of(book.saved_parts(key)))


def tell_lately(record: Record, events: Sink, *, now: float) -> None:
    """Write the Events of what was recorded lately; those that are there already stay one."""
    for incident in record.incidents:
        if incident.observed_at >= now - EVENTS_SECONDS:
            events.publish(tell_again(incident, record.workload), record.workload)


def tell_unwritten(book: RecordBook, events: Sink, *, now: float) -> None:
    """Write the Events that the one before may not have come to write.

    Restarts that are not saved yet have theirs once they are.
    """
    for record in book.records():
        tell_lately(record, events, now=now)
    for finding, workload in book.pending():
        if not isinstance(finding, Restart):
            events.publish(finding, workload)


def scope_of(settings: Settings) -> str:
    """Return what tells one set of watched pods from another."""
    words = "\0".join((",".join(sorted(settings.namespaces)), settings.pod_selector))
    return hashlib.sha256(words.encode()).hexdigest()[:16]


def totals_of(records: Iterable[Record]) -> Iterable[RestartTotal]:
    """Return what counters of a workload go on from: all its records added up."""
    counts: Counter[tuple[str, str]] = Counter()
    totals: dict[tuple[str, str], RestartTotal] = {}
    for record in records:
        for (container, cause), tally in record.tallies.items():
            counts[container, cause] += tally.shown
            totals[container, cause] = RestartTotal(
                workload=record.workload, container=container, cause=cause, count=0
            )
    return [replace(total, count=counts[place]) for place, total in totals.items()]


def told_of(book: RecordBook, key: Key) -> Iterable[RestartTotal]:
    """Return what is recorded, or will be, of a whole workload, and was told already."""
    waiting = book.untold_restarts(key)
    return [
        replace(total, count=total.count - waiting[total.container, total.cause])
        for total in totals_of(book.parts(key))
    ]


def build_lease(settings: Settings, requester: Requester, namespace: str, clock: Clock) -> Lease:
    """Return the Lease of this process: its identity is no other's, be it of the same instance."""
    return Lease(
        requester=requester,
        namespace=namespace,
        name=settings.lease_name,
        instance=settings.instance,
        identity=f"{settings.instance}_{uuid.uuid4()}",
        clock=clock,
    )


def build_book(settings: Settings, lease: Lease) -> RecordBook:
    """Return an empty record book, of a process that leads while it holds the Lease."""
    return RecordBook(
        limit=settings.history_limit, is_read=False, led_since=lambda: lease.held_since
    )


def report_options(settings: Settings) -> ReportOptions:
    """Return how reports are written."""
    return ReportOptions(
        interval_seconds=settings.report_interval_seconds, workers=settings.report_workers
    )
