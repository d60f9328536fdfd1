"""How long a scrape takes, and how long it holds up the event loop.

    python -m tests.bench.metrics_render [--workloads 10000] [--series 100000] [--runs 3]

Two loads: workloads with two containers each, as the sink sees them, and a plain table of
so many series. Each is rendered off the loop while a ticker on the loop notes its
longest pause; prometheus_client renders the same series, in the same run, for comparison.
"""

import argparse
import asyncio
import gc
import resource
import statistics
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import prometheus_client
from prometheus_client import CollectorRegistry

from probewatch.boundary import Boundary
from probewatch.clock import Clock
from probewatch.controller import ControllerStats
from probewatch.core.causes import Cause, Readiness, ReadinessReason
from probewatch.core.findings import PodTracked, ReadinessChanged
from probewatch.core.model import PodRef, PodUid, Workload
from probewatch.core.spec import Container, HandlerKind, PodSpec, Probe, ProbeType
from probewatch.kube.events.writer import EventStats
from probewatch.metrics.counters import Counters
from probewatch.metrics.exposition import Exposition
from probewatch.metrics.negotiation import Wanted
from probewatch.metrics.rendering import Renderer
from probewatch.metrics.series import Histogram
from probewatch.metrics.sources import Sources
from probewatch.store import Store
from probewatch.supervisor import SupervisorStats
from tests.support.builders import restart

TICK_SECONDS = 0.001
RESTARTING = 10
"""One in so many workloads has restarts."""

LIVENESS = Probe(probe_type=ProbeType.LIVENESS, handler=HandlerKind.HTTP_GET)
READINESS = Probe(probe_type=ProbeType.READINESS, handler=HandlerKind.HTTP_GET)
SPEC = PodSpec(
    containers=(
        Container(name="app", liveness=LIVENESS, readiness=READINESS),
        Container(name="proxy", liveness=LIVENESS),
    )
)


def fill(counters: Counters, workloads: int) -> None:
    """Track one pod for each workload; all become ready, some restart."""
    for number in range(workloads):
        namespace, name = f"team-{number % 100}", f"service-{number}"
        workload = Workload(namespace=namespace, kind="Deployment", name=name)
        pod = PodRef(
            uid=PodUid(f"uid-{number}"), namespace=namespace, name=f"{name}-abcde", node="n1"
        )
        counters.publish(PodTracked(pod=pod, spec=SPEC), workload)
        ready = ReadinessChanged(
            pod=pod,
            to=Readiness.READY,
            reason=ReadinessReason.STARTUP,
            at=1.0,
            time_to_ready=number % 700,
        )
        counters.publish(ready, workload)
        if number % RESTARTING == 0:
            counters.publish(restart(pod=pod), workload)


def fill_plainly(counters: Counters, series: int) -> None:
    """Fill one table with so many series."""
    tails = tuple(f',cause="{cause}"' for cause in list(Cause)[:10])
    for number in range(series // len(tails)):
        subject = (
            f'namespace="team-{number % 100}",workload="service-{number}",'
            f'workload_type="deployment",container="app"'
        )
        counters.tables.restarts.put(subject, tails, tuple(range(len(tails))))


def make_exposition(counters: Counters) -> Exposition:
    """An exposition without other metrics."""
    return Exposition(
        Sources(
            store=Store(),
            counters=counters,
            boundary=Boundary(),
            clock=Clock(),
            version="0",
            watches=(),
            controller=ControllerStats(),
            queues={},
            events=EventStats(),
            api=Counter(),
            kopf=SupervisorStats(),
        )
    )


async def render(counters: Counters, wanted: Wanted) -> tuple[float, float, int]:
    """The seconds of a scrape, the longest pause of the event loop, and the bytes."""
    renderer = Renderer(make_exposition(counters))
    pauses: list[float] = []
    ticker = asyncio.create_task(_tick(pauses))
    await asyncio.sleep(20 * TICK_SECONDS)
    begun = time.perf_counter()
    body = await renderer.render(wanted)
    took = time.perf_counter() - begun
    await asyncio.sleep(2 * TICK_SECONDS)
    ticker.cancel()
    renderer.close()
    return took, max(pauses), sum(map(len, body))


async def _tick(pauses: list[float]) -> None:
    before = time.perf_counter()
    while True:
        await asyncio.sleep(TICK_SECONDS)
        now = time.perf_counter()
        pauses.append(now - before - TICK_SECONDS)
        before = now


def render_by_library(counters: Counters) -> float:
    """The seconds that prometheus_client takes for the same series."""
    registry = CollectorRegistry()
    for histogram in counters.tables.every():
        if isinstance(histogram, Histogram):
            metric = prometheus_client.Histogram(
                histogram.family.name, "x", ["subject"], registry=registry, buckets=histogram.bounds
            )
            for subject in histogram.rows:
                metric.labels(subject).observe(1)
    for table, shown in counters.tables.shown():
        name = table.family.name.removesuffix("_total")
        gauge = prometheus_client.Gauge(name, "x", ["a", "b", "c", "d", "e"], registry=registry)
        for subject, (tails, values) in shown.items():
            parts = (*subject.split(","), "", "", "")[:4]
            for tail, value in zip(tails, values, strict=True):
                gauge.labels(*parts, tail).set(value)
    begun = time.perf_counter()
    prometheus_client.generate_latest(registry)
    return time.perf_counter() - begun


@dataclass(frozen=True, slots=True)
class Scrape:
    """Medians of several scrapes: seconds, those of the library, and the loop's longest pause."""

    seconds: float
    by_library: float
    pause: float


def scrape(counters: Counters, wanted: Wanted, by_library: float, runs: int) -> tuple[Scrape, int]:
    """Render repeatedly; returns the medians and the bytes."""
    results = [asyncio.run(render(counters, wanted)) for _ in range(runs)]
    took, pauses, sizes = zip(*results, strict=True)
    return Scrape(statistics.median(took), by_library, statistics.median(pauses)), sizes[0]


def measure(title: str, load: Callable[[Counters], None], runs: int) -> Scrape:
    """Print the cost of one load; returns the seconds as plain text."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    counters = Counters(clock=Clock(), series_limit=10_000_000)
    begun = time.perf_counter()
    load(counters)
    filled = time.perf_counter() - begun
    gc.collect()
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    series = sum(table.series for table in counters.tables.every())
    print(f"\n{title}: {series:,} series, filled in {filled:.2f} s, {grown / 1024:.0f} MiB")
    library = statistics.median(render_by_library(counters) for _ in range(runs))
    print(f"  {'prometheus_client, on the loop':34} {library:7.3f} s")
    plain, size = scrape(counters, Wanted(), library, runs)
    _print("text", plain, size)
    _print("OpenMetrics", *scrape(counters, Wanted(open_metrics=True), library, runs))
    _print("text, gzip", *scrape(counters, Wanted(gzip=True), library, runs))
    return plain


def _print(name: str, took: Scrape, size: int) -> None:
    times = took.by_library / took.seconds
    print(
        f"  {name:34} {took.seconds:7.3f} s  ({times:4.1f} times as fast), "
        f"longest pause of the loop {took.pause * 1000:5.1f} ms, {size / 1e6:.1f} MB"
    )


def measure_workloads(workloads: int, runs: int) -> Scrape:
    """The cost of a scrape of so many workloads with two containers."""
    title = f"{workloads:,} workloads with 2 containers"
    return measure(title, lambda counters: fill(counters, workloads), runs)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure both loads."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workloads", type=int, default=10_000)
    parser.add_argument("--series", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args(arguments)
    measure_workloads(given.workloads, given.runs)
    measure(
        f"{given.series:,} series in one family",
        lambda counters: fill_plainly(counters, given.series),
        given.runs,
    )


if __name__ == "__main__":
    main()
