"""The exposition: takes a snapshot in the event loop, and renders it in another thread.

The snapshot copies references, not values: entries of tables are replaced and never
modified. prometheus_client renders the metrics about the operator. The families that grow with
the cluster are written here from label texts made in advance, in a tenth of the time.
"""

import itertools
import time
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.openmetrics.exposition import generate_latest as generate_open_metrics
from prometheus_client.registry import Collector

from probewatch.metrics import cluster_families as families
from probewatch.metrics.blanks import Shown
from probewatch.metrics.collector import collect
from probewatch.metrics.family import Family
from probewatch.metrics.labels import escape, tail
from probewatch.metrics.negotiation import Wanted
from probewatch.metrics.operator_families import RENDER_SECONDS
from probewatch.metrics.series import Bars, Histogram, Rows
from probewatch.metrics.sources import Sources
from probewatch.metrics.survey import PodHeader, Survey, survey

STATES = ("Ready", "NotReady", "Terminating", "Completed")

SUBJECTS_AT_ONCE = 100
"""Number of subjects whose lines are sent or compressed as one piece, of some 100 KB."""

GZIP = 16 + zlib.MAX_WBITS
FAST = 1
"""Compression level: the lines are so alike that a higher one gains little, at several times
the cost."""

END = "# EOF\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """All metrics at one moment; never modified, so any thread may read it."""

    operator: tuple[Metric, ...]
    pods: tuple[PodHeader, ...] = ()
    tables: tuple[tuple[Family, Shown], ...] = ()
    histograms: tuple[tuple[Histogram, dict[str, Bars]], ...] = ()


class Exposition:
    """Renders the metrics of *sources*."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._process = ProcessCollector(registry=None)
        self._took = 0.0

    def snapshot(self) -> Snapshot:
        """Take a snapshot; has to be called in the event loop that owns the sources."""
        counters = self._sources.counters
        counters.sweep()
        operator = (*collect(self._sources), self._render_time())
        if self._sources.stands_by is not None and self._sources.stands_by():
            return Snapshot(operator=operator)
        tables, withholds = counters.tables, self._sources.withholds
        return Snapshot(
            operator=operator,
            pods=self._sources.store.headers(),
            tables=tuple(
                (table.family, shown)
                for table, shown in tables.shown()
                if not withholds(table.family)
            ),
            histograms=tuple(
                (each, each.rows.copy())
                for each in tables.every()
                if isinstance(each, Histogram) and not withholds(each.family)
            ),
        )

    def render(self, snapshot: Snapshot, wanted: Wanted) -> Sequence[bytes]:
        """Return the response body in pieces; may be called in any thread."""
        begun = time.perf_counter()
        registry = CollectorRegistry()
        registry.register(_Collected(snapshot.operator))
        registry.register(self._process)
        generate = generate_open_metrics if wanted.open_metrics else generate_latest
        own = generate(registry).removesuffix(END.encode())
        tables = (*snapshot.tables, *self._survey(snapshot.pods))
        body = _pack(itertools.chain((own,), write(tables, snapshot.histograms, wanted)), wanted)
        self._took = time.perf_counter() - begun
        return body

    def _render_time(self) -> Metric:
        family = RENDER_SECONDS
        return GaugeMetricFamily(family.name, family.help, value=self._took, unit=family.unit)

    def _survey(self, pods: Iterable[PodHeader]) -> tuple[tuple[Family, Shown], ...]:
        found = survey(pods)
        return (
            (families.NOT_READY_SINCE, Shown(self._not_ready(found))),
            (families.PODS, Shown(_by_namespace(found))),
        )

    def _not_ready(self, found: Survey) -> Rows:
        workload_of = self._sources.counters.workload_of
        rows = {}
        for uid, name, since in found.not_ready:
            # The event loop may have removed the pod meanwhile: this is another thread.
            workload = workload_of(uid)
            if workload is not None:
                rows[f'{workload},pod="{escape(name)}"'] = (("",), (since,))
        return rows


def _by_namespace(found: Survey) -> Rows:
    counts: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(STATES, 0))
    for (namespace, state), count in found.groups.items():
        counts[namespace][state] = count
    return {
        f'namespace="{escape(namespace)}"': (
            tuple(tail(state=state) for state in states),
            tuple(states.values()),
        )
        for namespace, states in counts.items()
    }


class _Collected(Collector):
    """Passes metrics that were read before to a registry."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        return self._metrics


def write(
    tables: Iterable[tuple[Family, Shown]],
    histograms: Iterable[tuple[Histogram, dict[str, Bars]]],
    wanted: Wanted,
) -> Iterator[bytes]:
    """Yield the text of the families that grow with the cluster, in pieces."""
    for family, shown in tables:
        yield _head(family, wanted)
        yield from _in_pieces(_table_lines(family.name, shown))
    for histogram, bars in histograms:
        yield _head(histogram.family, wanted)
        yield from _in_pieces(_histogram_lines(histogram, bars))
    if wanted.open_metrics:
        yield END.encode()


def _head(family: Family, wanted: Wanted) -> bytes:
    name = family.open_metrics_name if wanted.open_metrics else family.name
    unit = f"# UNIT {name} {family.unit}\n" if wanted.open_metrics and family.unit else ""
    return f"# HELP {name} {family.help}\n# TYPE {name} {family.kind}\n{unit}".encode()


def _table_lines(name: str, shown: Shown) -> Iterator[str]:
    for subject, (tails, values) in shown.items():
        head = f"{name}{{{subject}"
        yield "".join(
            [f"{head}{each}}} {value}\n" for each, value in zip(tails, values, strict=True)]
        )


def _histogram_lines(histogram: Histogram, rows: dict[str, Bars]) -> Iterator[str]:
    name = histogram.family.name
    edges = [f',le="{bound}"}}' for bound in (*histogram.bounds, "+Inf")]
    for subject, (counts, total) in rows.items():
        head, reached = f"{name}_bucket{{{subject}", 0
        lines = []
        for edge, count in zip(edges, counts, strict=True):
            reached += count
            lines.append(f"{head}{edge} {reached}\n")
        lines.append(f"{name}_sum{{{subject}}} {total}\n")
        lines.append(f"{name}_count{{{subject}}} {reached}\n")
        yield "".join(lines)


def _in_pieces(lines: Iterator[str]) -> Iterator[bytes]:
    piece: list[str] = []
    for line in lines:
        piece.append(line)
        if len(piece) >= SUBJECTS_AT_ONCE:
            yield "".join(piece).encode()
            piece.clear()
    yield "".join(piece).encode()


def _pack(pieces: Iterable[bytes], wanted: Wanted) -> Sequence[bytes]:
    if not wanted.gzip:
        return tuple(pieces)
    packer = zlib.compressobj(level=FAST, wbits=GZIP)
    packed = [packer.compress(piece) for piece in pieces]
    return (b"".join((*packed, packer.flush())),)
