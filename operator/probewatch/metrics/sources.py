"""The sources of a scrape: all that the metrics are read from, in other parts of the operator."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from probewatch.boundary import Boundary
from probewatch.clock import Clock
from probewatch.kube.events.writer import EventStats
from probewatch.metrics.counters import Counters
from probewatch.metrics.family import Family
from probewatch.metrics.survey import PodHeader
from probewatch.watch.transport import WatchStats


class Pods(Protocol):
    """What is needed from the store."""

    def headers(self) -> tuple[PodHeader, ...]:
        """Return the headers of all pods, as values that nobody modifies."""
        ...

    def pending(self) -> int:
        """Count the restarts that wait for their verdict."""
        ...


class ControllerStats(Protocol):
    """Statistics of the controller."""

    findings: Counter[str]
    loop_lag_seconds: float


class KopfStats(Protocol):
    """State of kopf."""

    running: bool
    starts: int
    failures: int


class ReportStats(Protocol):
    """Statistics of writing ProbeReports."""

    written: Counter[str]
    """By verb."""
    conflicts: int
    dropped: Counter[str]
    """By reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """All that is read for a scrape; `None` for parts that are disabled."""

    store: Pods
    counters: Counters
    boundary: Boundary
    clock: Clock
    version: str
    watches: Sequence[WatchStats]
    controller: ControllerStats
    queues: Mapping[str, Callable[[], int]]
    """Lengths by name."""
    events: EventStats
    api: Mapping[tuple[str, str, str], int]
    """Requests by verb, resource and status code."""
    kopf: KopfStats
    reports: ReportStats | None = None
    dropped_logs: Callable[[], int] = lambda: 0
    """Returns how many log records were dropped."""
    leads: Callable[[], bool] | None = None
    """Whether this process is the leader."""
    stands_by: Callable[[], bool] | None = None
    """Whether the metrics of workloads are hidden, because another replica is known to lead and
    shows them: Prometheus would add up what both show. See `records/display.py`."""
    withholds: Callable[[Family], bool] = lambda _family: False
    """Whether a family of workloads is hidden for now; see `service/builders.py`."""
