"""The table of docs/performance.md: medians, ratios, and whether goals are met."""

import os
import platform
import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.bench.machine import SLOW, Evenness
from tests.bench.measure import MIB
from tests.bench.metrics_render import Scrape
from tests.bench.scenario import Result

PAGE = Path(__file__).resolve().parents[2] / "docs" / "performance.md"
BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"

KIB = 1024.0

SERIES = (
    *("bare", "operator", "small", "kopf", "pages", "large"),
    *("paced", "paced_bare", "few", "few_bare"),
)
"""The measured figures, by their names in `Figures`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The results of all runs; *small* are runs with few pods, to find the cost of one pod."""

    operator: Sequence[Result]
    bare: Sequence[Result]
    kopf: Sequence[Result]
    small: Sequence[Result]
    pages: Sequence[Result]
    paced: Sequence[Result]
    paced_bare: Sequence[Result]
    few: Sequence[Result]
    few_bare: Sequence[Result]
    large: Sequence[Result]
    runs: int
    seconds: float
    evenness: Sequence[Evenness]
    workloads: int
    scrape: Scrape


def median(results: Sequence[Result], read: Callable[[Result], float | None]) -> float:
    """The median of one figure over the runs that have it."""
    return _middle(value for value in map(read, results) if value is not None)


def ratio(
    ones: Sequence[Result], others: Sequence[Result], read: Callable[[Result], float | None]
) -> float:
    """The median of the ratios of results measured right after each other.

    A shared machine may be half as fast a minute later, so only neighbouring results are compared.
    """
    pairs = ((read(one), read(other)) for one, other in zip(ones, others, strict=True))
    return _middle(one / other for one, other in pairs if one and other)


def _middle(values: Iterable[float]) -> float:
    found = list(values)
    return statistics.median(found) if found else float("nan")


def write(figures: Figures, page: Path = PAGE) -> str:
    """Write the table into the page, between its markers; returns it."""
    table = "\n".join(render(figures))
    text = page.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}", encoding="utf-8")
    return table


def render(figures: Figures) -> Iterator[str]:
    """The lines of the table and of the machine's description."""
    syncs = len(figures.operator)
    yield (
        f"Measured {datetime.now(UTC):%Y-%m-%d}, one series; medians of {figures.runs} runs, for "
        f"the first sync of {syncs}. A ratio is the median of those within each run."
    )
    yield ""
    minutes, load = figures.seconds / 60, os.getloadavg()[2]
    yield f"{_machine()}; {minutes:.0f} minutes in all, load average {load:.1f}."
    yield ""
    share = _middle(each.share for each in figures.evenness)
    longest = max(each.longest for each in figures.evenness)
    yield (
        "Before each run, with nothing else of ours running, the same work took more than "
        f"{SLOW:g} times as long as usual for {share:.1%} of the time, for up to "
        f"{longest * 1000:.0f} ms on end."
    )
    yield ""
    yield "| measure | (a) kopf | (b) probewatch | (c) bare | b ÷ c | a ÷ b | goal | |"
    yield "|---|---|---|---|---|---|---|---|"
    yield from _cpu_rows(figures)
    yield from _own_rows(figures)


def _cpu_rows(figures: Figures) -> Iterator[str]:
    rows: tuple[tuple[str, Callable[[Result], float | None], float, float | None], ...] = (
        ("first sync, CPU µs a pod", lambda r: r.sync_micros, 1.5, 30),
        ("update that changes nothing, CPU µs", lambda r: r.micros.get("noop"), 1.5, 40),
        ("update with a restart, CPU µs", lambda r: r.micros.get("restart"), 5, None),
    )
    for name, read, most, least in rows:
        kopf, ours, bare = (
            median(each, read) for each in (figures.kopf, figures.operator, figures.bare)
        )
        times = ratio(figures.operator, figures.bare, read)
        part = ratio(figures.kopf, figures.operator, read)
        goal = f"b ≤ {most:g} c" + (f", b ≤ a/{least:g}" if least else "")
        met = times <= most and (least is None or part >= least)
        cells = (f"{kopf:,.0f}", f"{ours:.1f}", f"{bare:.1f}", f"{times:.2f}")
        yield _row(name, *cells, f"{part:.0f}", goal, _met(met=met))
    yield _sync_row("written one by one", figures.paced, figures.paced_bare)
    yield _sync_row("three in each workload", figures.few, figures.few_bare)


def _sync_row(how: str, ours: Sequence[Result], bare: Sequence[Result]) -> str:
    """A first sync of a typical cluster, for which there is no goal."""
    values = (median(each, lambda r: r.sync_micros) for each in (ours, bare))
    times = ratio(ours, bare, lambda r: r.sync_micros)
    name = f"first sync of {ours[0].pods:,} pods, {how}, CPU µs a pod"
    return _row(name, "", *(f"{value:.1f}" for value in values), f"{times:.2f}", "", "", "")


def _own_rows(figures: Figures) -> Iterator[str]:
    ours, small, pods = figures.operator, figures.small, figures.operator[0].pods
    steady, peak = median(ours, lambda r: r.steady), median(ours, lambda r: r.peak)
    others = median(figures.kopf, lambda r: r.steady), median(figures.bare, lambda r: r.steady)
    more = pods - small[0].pods
    each = (steady - median(small, lambda r: r.steady)) / more
    yield _own("memory of one healthy pod, KiB", each / KIB, 1.5)
    few = median(figures.few, lambda r: r.steady) - median(small, lambda r: r.steady)
    each = few / (figures.few[0].pods - small[0].pods)
    name = "memory of one healthy pod, three in each workload, KiB"
    yield _row(name, "", f"{each / KIB:.2f}", "", "", "", "", "")
    of_kopf = f"{others[0] / MIB:,.0f} ({figures.kopf[0].pods:,} pods)"
    cells = (of_kopf, f"{steady / MIB:.0f}", f"{others[1] / MIB:.0f}", "", "")
    name = f"process with {pods:,} pods, MiB"
    yield _row(name, *cells, "≤ 160 (50,000 pods)", _met(met=steady / MIB <= 160))
    for large in figures.large[:1]:
        size = median(figures.large, lambda r: r.steady)
        yield _own(f"process with {large.pods:,} pods, MiB", size / MIB, 320)
    yield _own("peak ÷ steady, list as a stream", peak / steady, 1.3)
    peaks = median(figures.pages, lambda r: r.peak) / median(figures.pages, lambda r: r.steady)
    yield _own("peak ÷ steady, list in pages", peaks, 1.3)
    after = median(ours, lambda r: r.restarted) / MIB
    name = f"process once {ours[0].pods // 2:,} of its pods restarted, MiB"
    yield _row(name, "", f"{after:.0f}", "", "", "", "", "")
    yield _own("growth by churn, MiB", median(ours, lambda r: r.churn_growth) / MIB, 5)
    yield from _rows_of_speed(figures)


def _rows_of_speed(figures: Figures) -> Iterator[str]:
    ours = figures.operator
    for number, name, most in ((0, "p50", 5), (1, "p99", 50)):
        both = [
            median(each, lambda r, n=number: r.delays[n] if r.delays else None) * 1000  # type: ignore[misc]  # bound at once
            for each in (ours, figures.bare)
        ]
        shown = ("", f"{both[0]:.2f}", f"{both[1]:.2f}", "", "", f"≤ {most:g}")
        title = f"from the wire to the metric (of (c): until decoded), 500 updates/s, {name}, ms"
        yield _row(title, *shown, _met(met=both[0] <= most))
    load = median(ours, lambda r: r.event_load)
    yield _own("kubelet Events at 1,000/s, share of a core", load, 0.5)
    scrape = figures.scrape
    seconds, library = scrape.seconds, f"{scrape.by_library:.1f} (prometheus_client)"
    title = f"`/metrics` with {figures.workloads:,} workloads × 2 containers, s"
    yield _row(title, library, f"{seconds:.2f}", "", "", "", "≤ 1", _met(met=seconds <= 1))
    yield _own("the event loop's longest pause meanwhile, ms", scrape.pause * 1000, 50)


def _own(name: str, value: float, most: float) -> str:
    return _row(name, "", f"{value:.2f}", "", "", "", f"≤ {most:g}", _met(met=value <= most))


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _met(*, met: bool) -> str:
    return "met" if met else "**missed**"


def _machine() -> str:
    names = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        if line.startswith("model name")
    ]
    return (
        f"{os.cpu_count()} × {names[0] if names else platform.machine()}, shared; "
        f"Linux {platform.release().partition('-')[0]}, Python {platform.python_version()}"
    )
