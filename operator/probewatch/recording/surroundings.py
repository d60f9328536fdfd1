"""The dependencies of recording, and its functions that have no state."""

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
from probewatch.metrics.totals import RestartTotal
from probewatch.records.book import RecordBook
from probewatch.records.entry import Key
from probewatch.settings import Settings

EVENTS_SECONDS = 600.0
"""Events of restarts that were recorded at most this long ago are written again after a start."""


class Store(Protocol):
    """What is needed from the store."""

    def counted(self) -> Iterable[tuple[PodRef, str, Sighting]]:
        """Yield for each container up to which restart count findings were published."""
        ...

    def uids(self) -> Collection[PodUid]:
        """Return all tracked pods."""
        ...


class Counters(Protocol):
    """What is needed from the counters."""

    def begin_term(self, term: int, totals: Iterable[RestartTotal]) -> bool:
        """If the term is new, reset what *totals* do not hold to 0; tell whether it is."""
        ...

    def begin_anew(self, workload: Workload, totals: Iterable[RestartTotal]) -> None:
        """Reset what *totals* do not hold of a workload to 0."""
        ...

    def totals_of(self, workload: Workload) -> Iterable[RestartTotal]:
        """Return the restarts that are shown of a workload."""
        ...

    def restore(self, totals: Iterable[RestartTotal]) -> None:
        """Raise counters to these totals."""
        ...


class Sink(Protocol):
    """The sink for Events."""

    def publish(self, finding: Finding, workload: Workload) -> None:
        """Take a finding."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """The dependencies of recording."""

    store: Store
    counters: Counters
    events: Sink
    sinks: Sequence[Sink]
    """The sinks that get a finding once it is recorded: counters and Events."""
    find_workload: Callable[[PodRef], Workload | None]
    limit_for: Callable[[PodUid], int | None]
    active_since: Callable[[float], bool]
    """Whether all watches of pods were active since then (monotonic), so that pods are current."""
    is_synced: Callable[[], bool]
    """Whether all pods are listed, and the findings of the lists are published."""


def count_missed(book: RecordBook, around: Surroundings, *, is_alive: bool) -> None:
    """Count restarts that pods show and that no replica ever published."""
    for pod, container, seen in around.store.counted():
        workload = around.find_workload(pod)
        if workload is not None:
            book.count_missed(pod, workload, container, seen, is_alive=is_alive)


def begin_term(term: int, book: RecordBook, counters: Counters) -> None:
    """Restore counters from the records, and reset what no record holds to 0."""
    workloads = book.workloads()
    counters.begin_term(term, chain.from_iterable(published_totals(book, key) for key in workloads))
    for key in workloads:
        counters.restore(totals_of(book.saved_parts(key)))


def restore_counters(key: Key, book: RecordBook, counters: Counters, *, is_first: bool) -> None:
    """Restore the counters of a workload from a report that was saved.

    With *is_first* the report is new. A workload of the same name may have been counted before,
    whose report is gone. Its counts are reset now: they would be missing after the next start, and
    a counter that falls and rises again looks like new restarts.
    """
    record = book.record(key)
    if is_first and record is not None:
        counters.begin_anew(record.workload, published_totals(book, key))
    counters.restore(totals_of(book.saved_parts(key)))


def republish_recent(record: Record, events: Sink, *, now: float) -> None:
    """Publish the Events of recent incidents again; one that exists is not written twice."""
    for incident in record.incidents:
        if incident.observed_at >= now - EVENTS_SECONDS:
            events.publish(tell_again(incident, record.workload), record.workload)


def republish_unwritten(book: RecordBook, events: Sink, *, now: float) -> None:
    """Publish the Events that the leader before may not have written.

    Restarts that are not saved yet get their Events once they are.
    """
    for record in book.records():
        republish_recent(record, events, now=now)
    for finding, workload in book.pending():
        if not isinstance(finding, Restart):
            events.publish(finding, workload)


def scope_of(settings: Settings) -> str:
    """Return a hash that identifies the set of watched pods, by namespaces and selector."""
    words = "\0".join((",".join(sorted(settings.namespaces)), settings.pod_selector))
    return hashlib.sha256(words.encode()).hexdigest()[:16]


def totals_of(records: Iterable[Record]) -> Iterable[RestartTotal]:
    """Return the totals to restore a workload's counters from: the sum of its records."""
    counts: Counter[tuple[str, str]] = Counter()
    totals: dict[tuple[str, str], RestartTotal] = {}
    for record in records:
        for (container, cause), tally in record.tallies.items():
            counts[container, cause] += tally.shown
            totals[container, cause] = RestartTotal(
                workload=record.workload, container=container, cause=cause, count=0
            )
    return [replace(total, count=counts[place]) for place, total in totals.items()]


def published_totals(book: RecordBook, key: Key) -> Iterable[RestartTotal]:
    """Return a workload's totals, saved or not, without restarts that were not published yet."""
    waiting = book.untold_restarts(key)
    return [
        replace(total, count=total.count - waiting[total.container, total.cause])
        for total in totals_of(book.parts(key))
    ]


def build_lease(settings: Settings, requester: Requester, namespace: str, clock: Clock) -> Lease:
    """Return the Lease, with an identity that is unique even among processes of one instance."""
    return Lease(
        requester=requester,
        namespace=namespace,
        name=settings.lease_name,
        instance=settings.instance,
        identity=f"{settings.instance}_{uuid.uuid4()}",
        clock=clock,
    )


def build_book(settings: Settings, lease: Lease) -> RecordBook:
    """Return an empty record book, which knows from the Lease since when this process leads."""
    return RecordBook(
        limit=settings.history_limit, is_read=False, led_since=lambda: lease.held_since
    )


def report_options(settings: Settings) -> ReportOptions:
    """Return how reports are written."""
    return ReportOptions(
        interval_seconds=settings.report_interval_seconds, workers=settings.report_workers
    )
