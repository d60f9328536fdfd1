"""The collector: reads the metrics about the operator itself when they are scraped.

Nothing is counted here. Each row of `READINGS` says where a family is read from; a
family without a source (such as reports, if disabled) is left out. Reading happens in
the event loop, which owns the sources, and takes milliseconds.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric

from probewatch.core.causes import Confidence
from probewatch.kube.events.reasons import EVENTS
from probewatch.kube.sanitize import sanitize
from probewatch.metrics import operator_families as families
from probewatch.metrics.family import Family, Kind
from probewatch.metrics.labels import LONGEST_VALUE
from probewatch.metrics.series import Histogram, Table
from probewatch.metrics.sources import ReportStats, Sources
from probewatch.watch.silence import SILENCE
from probewatch.watch.transport import WatchStats

Samples = Iterable[tuple[tuple[str, ...], float]]
"""Label values, in the order of the family's labels, and the value."""

Reading = Callable[[Sources], Samples | None]


def collect(sources: Sources) -> tuple[Metric, ...]:
    """Read all families about the operator that have a source."""
    return tuple(_collect(sources))


def _collect(sources: Sources) -> Iterator[Metric]:
    for family, read in READINGS:
        samples = read(sources)
        if samples is not None:
            yield _fill(family, samples)


def _fill(family: Family, samples: Samples) -> Metric:
    kind = CounterMetricFamily if family.kind is Kind.COUNTER else GaugeMetricFamily
    metric = kind(family.open_metrics_name, family.help, labels=family.labels, unit=family.unit)
    for values, value in samples:
        metric.add_metric([sanitize(each, limit=LONGEST_VALUE) for each in values], value)
    return metric


# --- reading


def _by_resource(
    read: Callable[[WatchStats], Mapping[str, int]],
) -> Reading:
    """Read a counter with one more label, summed over all watches of a resource."""

    def samples(sources: Sources) -> Samples:
        found: Counter[tuple[str, ...]] = Counter()
        for stats in sources.watches:
            for label, count in read(stats).items():
                found[stats.resource, label] += count
        return found.items()

    return samples


def _relists(stats: WatchStats) -> Mapping[str, int]:
    """Return relists by reason; the one for silence starts at 0, so an alert sees the first."""
    return {**stats.relists, SILENCE: stats.relists[SILENCE]}


def _total(read: Callable[[WatchStats], int]) -> Reading:
    def samples(sources: Sources) -> Samples:
        found: Counter[tuple[str, ...]] = Counter()
        for stats in sources.watches:
            found[stats.resource,] += read(stats)
        return found.items()

    return samples


def _activity(sources: Sources) -> Samples:
    """Read the last activity of the quietest watch of each resource, in epoch seconds."""
    offset = sources.clock.now() - sources.clock.monotonic()
    found: dict[tuple[str, ...], float] = {}
    for stats in sources.watches:
        if stats.last_sign is not None:
            at = stats.last_sign + offset
            found[stats.resource,] = min(at, found.get((stats.resource,), at))
    return found.items()


def _synced(sources: Sources) -> Samples:
    found: dict[tuple[str, ...], bool] = {}
    for stats in sources.watches:
        found[stats.resource,] = stats.synced and found.get((stats.resource,), True)
    return found.items()


def _by_family(read: Callable[[Table | Histogram], int]) -> Reading:
    """Read a statistic of each family that grows with the cluster."""
    return lambda s: [((each.family.name,), read(each)) for each in s.counters.tables.every()]


def _labelled(read: Callable[[Sources], Mapping[str, int]], *known: str) -> Reading:
    """Read a counter with one label, whose *known* values start at 0."""
    return lambda sources: _from_zero(read(sources), known)


def _from_zero(found: Mapping[str, int], known: Iterable[str]) -> Samples:
    return [((name,), count) for name, count in {**dict.fromkeys(known, 0), **found}.items()]


def _single(read: Callable[[Sources], float]) -> Reading:
    """Read a value without labels."""
    return lambda sources: (((), read(sources)),)


def _reports(read: Callable[[ReportStats], Mapping[str, int]], *known: str) -> Reading:
    """Read a counter of reports as `_labelled` does, if reports are enabled."""

    def samples(sources: Sources) -> Samples | None:
        return None if sources.reports is None else _from_zero(read(sources.reports), known)

    return samples


def _conflicts(sources: Sources) -> Samples | None:
    return None if sources.reports is None else (((), sources.reports.conflicts),)


def _leader(sources: Sources) -> Samples | None:
    return None if sources.leads is None else (((), sources.leads()),)


DROPS = (
    "QueueFull",
    "PodBudget",
    "Forbidden",
    "NamespaceGone",
    "NamespaceTerminating",
    "Rejected",
    "Unanswered",
    "InternalError",
    "Shutdown",
)
"""Reasons for dropped Events; an alert uses some of them."""
REPORT_DROPS = ("Forbidden", "NamespaceTerminating", "Rejected", "Shutdown")
"""Reasons for dropped reports. `Unanswered` is not among them, so it appears with 1, which
`increase()` does not see: such a write is retried later, and a single one needs no alert."""
VERBS = ("create", "update")
REASONS = tuple(each.reason for each in EVENTS)

READINGS: tuple[tuple[Family, Reading], ...] = (
    (families.BUILD_INFO, lambda s: (((s.version,), 1),)),
    (families.LEADER, _leader),
    (families.WATCH_ACTIVITY, _activity),
    (families.WATCH_SYNCED, _synced),
    (families.WATCH_RELISTS, _by_resource(_relists)),
    (families.WATCH_ERRORS, _by_resource(lambda stats: stats.errors)),
    (families.WATCH_DECODE_ERRORS, _total(lambda stats: stats.decode_errors)),
    (families.WATCH_FIELD_ERRORS, _total(lambda stats: stats.field_errors)),
    (families.WATCH_UPDATES, _by_resource(lambda stats: stats.updates)),
    (families.WATCH_SKIPPED, _total(lambda stats: stats.skipped)),
    (families.WATCH_BYTES, _total(lambda stats: stats.bytes_read)),
    (families.API_REQUESTS, lambda s: s.api.items()),
    (families.FINDINGS, _labelled(lambda s: s.controller.findings)),
    (families.VERDICTS, lambda s: [((each,), s.counters.verdicts[each]) for each in Confidence]),
    (families.RESTARTS_PENDING, _single(lambda s: s.store.pending())),
    (families.QUEUE_LENGTH, _labelled(lambda s: {name: f() for name, f in s.queues.items()})),
    (families.EVENTS_POSTED, _labelled(lambda s: s.events.posted, *REASONS)),
    (families.EVENTS_EXISTED, _single(lambda s: s.events.existed)),
    (families.EVENT_RETRIES, _single(lambda s: s.events.retries)),
    (families.EVENTS_DROPPED, _labelled(lambda s: s.events.dropped, *DROPS)),
    (families.REPORTS_WRITTEN, _reports(lambda reports: reports.written, *VERBS)),
    (families.REPORT_CONFLICTS, _conflicts),
    (families.REPORTS_DROPPED, _reports(lambda reports: reports.dropped, *REPORT_DROPS)),
    (families.INTERNAL_ERRORS, _labelled(lambda s: s.boundary.errors)),
    (families.LOG_RECORDS_DROPPED, _single(lambda s: s.dropped_logs())),
    (families.LOOP_LAG, _single(lambda s: s.controller.loop_lag_seconds)),
    (families.KOPF_RUNNING, _single(lambda s: s.kopf.running)),
    (families.KOPF_STARTS, _single(lambda s: s.kopf.starts)),
    (families.KOPF_FAILURES, _single(lambda s: s.kopf.failures)),
    (families.SERIES, _by_family(lambda table: table.series)),
    (families.SERIES_DROPPED, _by_family(lambda table: table.dropped)),
)
"""Each family about the operator and how it is read, except for the time of rendering."""
