"""What recording is tied to, and what of it is worked out without any state."""

import hashlib
import uuid
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from probewatch.clock import Clock
from probewatch.core.findings import Finding
from probewatch.core.incidents import tell_again
from probewatch.core.model import PodRef, PodUid, Workload
from probewatch.core.records import Record
from probewatch.core.sighting import Sighting
from probewatch.kube.lease import Lease, Requester
from probewatch.kube.reports import ReportOptions
from probewatch.metrics.totals import RestartTotal, Total
from probewatch.records.book import RecordBook
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

    def begin_term(self, term: int) -> None:
        """Begin at 0 what no record holds, if this is another term than the one before."""
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
    counters.begin_term(term)
    for key in book.all_keys():
        counters.restore(totals_of(book.saved_parts(key)))


def tell_lately(record: Record, events: Sink, *, now: float) -> None:
    """Write the Events of what was recorded lately; those that are there already stay one."""
    for incident in record.incidents:
        if incident.observed_at >= now - EVENTS_SECONDS:
            events.publish(tell_again(incident, record.workload), record.workload)


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
            counts[container, cause] += tally.counted
            totals[container, cause] = RestartTotal(
                workload=record.workload, container=container, cause=cause, count=0
            )
    return [replace(total, count=counts[place]) for place, total in totals.items()]


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
