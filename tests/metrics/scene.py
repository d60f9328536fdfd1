"""Shared parts of the metrics tests: a workload, findings, and everything a scrape reads."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from probewatch.boundary import Boundary
from probewatch.clock import Clock
from probewatch.core.causes import Cause, Confidence, Readiness, ReadinessReason
from probewatch.core.evidence import FailureReason
from probewatch.core.findings import (
    Advice,
    Finding,
    FlappingChanged,
    LoopEnded,
    LoopStarted,
    PodForgotten,
    PodTracked,
    ProbeFailures,
    ProbeKillWithoutRestart,
    ReadinessChanged,
    Restart,
)
from probewatch.core.model import PodRef, PodUid, Workload
from probewatch.core.spec import Container, HandlerKind, PodSpec, Probe, ProbeType
from probewatch.kube.events.writer import EventStats
from probewatch.metrics.counters import Counters
from probewatch.metrics.exposition import Exposition, Snapshot
from probewatch.metrics.family import Family
from probewatch.metrics.negotiation import Wanted
from probewatch.metrics.sources import Sources
from probewatch.metrics.totals import RestartTotal
from probewatch.watch.transport import WatchStats
from tests.support import builders

WEB = Workload(namespace="shop", kind="Deployment", name="web")
POD = PodRef(uid=PodUid("u1"), namespace="shop", name="web-1", node="n1")

LIVENESS = Probe(probe_type=ProbeType.LIVENESS, handler=HandlerKind.HTTP_GET, period=10.0)
READINESS = Probe(probe_type=ProbeType.READINESS, handler=HandlerKind.TCP_SOCKET)
STARTUP = Probe(probe_type=ProbeType.STARTUP, handler=HandlerKind.EXEC, failure_threshold=7)
APP = Container(name="app", liveness=LIVENESS, readiness=READINESS)
SPEC = PodSpec(containers=(APP,))

OTHER_POD = replace(POD, uid=PodUid("u2"), name="web-2")
LOOP = LoopStarted(pod=POD, container="app", cause=Cause.ERROR, restarts=3, window=900.0, at=1.0)
LOOP_END = LoopEnded(pod=POD, container="app", cause=Cause.ERROR, started_at=1.0, at=2.0)
FLAPPING = FlappingChanged(pod=POD, flapping=True, transitions=6, at=1.0)
FAILED = ProbeFailures(
    pod=POD,
    container="app",
    probe_type=ProbeType.LIVENESS,
    reason=FailureReason.HTTP_5XX,
    count=3,
    at=1.0,
)
UNANSWERED = ProbeKillWithoutRestart(
    pod=POD,
    container="app",
    cause=Cause.LIVENESS_PROBE,
    confidence=Confidence.CONFIRMED,
    at=1.0,
)
"""A probe failed often enough, and the container was not started again."""
ADVICE = Advice(
    pod=POD,
    container="app",
    probe_type=ProbeType.LIVENESS,
    finding="ProbeNeverKills",
    message="never a label",
)


def tracked(pod: PodRef = POD, spec: PodSpec = SPEC) -> PodTracked:
    return PodTracked(pod=pod, spec=spec)


def restart(cause: Cause = Cause.LIVENESS_PROBE, **overrides: object) -> Restart:
    plain = builders.restart(pod=POD, cause=cause, finished_at=1700.0, observed_at=1701.0)
    return replace(plain, **overrides)  # type: ignore[arg-type]  # names are checked by replace


def ready(
    to: Readiness, reason: ReadinessReason = ReadinessReason.READINESS_PROBE, **overrides: object
) -> ReadinessChanged:
    plain = ReadinessChanged(pod=POD, to=to, reason=reason, at=1700.0)
    return replace(plain, **overrides)  # type: ignore[arg-type]  # names are checked by replace


def gone(pod: PodRef = POD) -> PodForgotten:
    return PodForgotten(pod=pod)


def parse_open(text: str) -> list[Metric]:
    """Parse OpenMetrics text as strictly as the library does."""
    return list(text_string_to_metric_families(text))  # type: ignore[no-untyped-call]  # the library's


@dataclass
class StillTime:
    """A clock moved by the test; epoch and monotonic time differ widely, as they really do."""

    seconds: float = 500.0

    @property
    def clock(self) -> Clock:
        return Clock(now=lambda: self.seconds + 1_000_000, monotonic=lambda: self.seconds)


@dataclass(frozen=True)
class Header:
    """What a store tells about a pod."""

    uid: PodUid
    namespace: str
    name: str
    group: str = "Ready"
    not_ready_since: float | None = None


@dataclass
class FakeStore:
    """Returns the given headers."""

    pods: list[Header] = field(default_factory=list)
    waiting: int = 0

    def headers(self) -> tuple[Header, ...]:
        return tuple(self.pods)

    def pending(self) -> int:
        return self.waiting


@dataclass
class FakeControllerStats:
    findings: Counter[str] = field(default_factory=Counter)
    loop_lag_seconds: float = 0.0


@dataclass
class FakeKopfStats:
    running: bool = True
    starts: int = 1
    failures: int = 0


@dataclass
class FakeReportStats:
    written: Counter[str] = field(default_factory=Counter)
    conflicts: int = 0
    dropped: Counter[str] = field(default_factory=Counter)


@dataclass
class Scene:
    """The counters, and everything that is exposed beside them."""

    time: StillTime = field(default_factory=StillTime)
    limit: int = 1000
    recall: Callable[[Workload], Iterable[RestartTotal]] = lambda _workload: ()
    store: FakeStore = field(default_factory=FakeStore)
    boundary: Boundary = field(default_factory=Boundary)
    watches: list[WatchStats] = field(default_factory=list)
    controller: FakeControllerStats = field(default_factory=FakeControllerStats)
    queues: dict[str, Callable[[], int]] = field(default_factory=dict)
    events: EventStats = field(default_factory=EventStats)
    api: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    kopf: FakeKopfStats = field(default_factory=FakeKopfStats)
    reports: FakeReportStats | None = None
    dropped_logs: int = 0
    leads: Callable[[], bool] | None = None
    stands_by: Callable[[], bool] | None = None
    withholds: Callable[[Family], bool] = lambda _family: False

    def __post_init__(self) -> None:
        self.counters = Counters(clock=self.time.clock, series_limit=self.limit, recall=self.recall)
        self.exposition = Exposition(
            Sources(
                store=self.store,
                counters=self.counters,
                boundary=self.boundary,
                clock=self.time.clock,
                version="0.1.0",
                watches=self.watches,
                controller=self.controller,
                queues=self.queues,
                events=self.events,
                api=self.api,
                kopf=self.kopf,
                reports=self.reports,
                dropped_logs=lambda: self.dropped_logs,
                leads=self.leads,
                stands_by=self.stands_by,
                withholds=self.withholds,
            )
        )

    def publish(self, *findings: Finding, workload: Workload = WEB) -> None:
        for finding in findings:
            self.counters.publish(finding, workload)

    def render(self, snapshot: Snapshot, wanted: Wanted) -> bytes:
        return b"".join(self.exposition.render(snapshot, wanted))

    def scrape(self, *, open_metrics: bool = False) -> str:
        wanted = Wanted(open_metrics=open_metrics)
        return self.render(self.exposition.snapshot(), wanted).decode()

    def show(self, *names: str) -> str:
        """The lines of these families, without the common prefix and without comments.

        The labels of the workload `web` are shortened to `web`, those of its container to `app`.
        """
        found = [
            line.removeprefix("probewatch_")
            for line in self.scrape().splitlines()
            if any(line.startswith(f"probewatch_{name}{{") for name in names)
            or any(line.startswith(f"probewatch_{name} ") for name in names)
        ]
        text = "\n".join(found)
        web = 'namespace="shop",workload="web",workload_type="deployment"'
        return text.replace(f'{web},container="app"', "app").replace(web, "web")


def scene_with(*findings: Finding) -> Scene:
    scene = Scene()
    scene.publish(tracked(), *findings)
    return scene


def lines(*wanted: str) -> str:
    return "\n".join(wanted)
