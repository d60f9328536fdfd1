"""The scenario of a measurement, and its results."""

import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.bench.processes import Subject, subject

MICRO = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The sizes of the scenario."""

    pods: int
    updates: int
    """Changes of each kind, as fast as they are read."""
    together: int = 30
    """Pods per workload."""
    pages: bool = False
    """Whether the server lacks streaming lists."""
    pace: float = 0.0
    """Seconds that the server takes for each object of a streaming list."""
    churned: int = 0
    events: int = 0
    event_rate: float = 1000.0
    flips: int = 0
    flip_rate: float = 500.0


@dataclass(slots=True)
class Result:
    """The results of one run; CPU in seconds or microseconds, memory in bytes."""

    pods: int
    sync_seconds: float = 0.0
    micros: dict[str, float] = field(default_factory=dict)
    """CPU of one update, by kind."""
    steady: float = 0.0
    peak: float = 0.0
    restarted: float | None = None
    """Memory once half of the pods have restarted."""
    churn_growth: float | None = None
    event_load: float | None = None
    """Share of a core at the given rate of kubelet Events."""
    delays: tuple[float, float] | None = None
    """Median and 99th percentile of the delay from the wire to the metric, in seconds."""

    @property
    def sync_micros(self) -> float:
        """CPU of the first sync per pod."""
        return self.sync_seconds / self.pods * MICRO


def run(name: str, plan: Plan) -> Result:
    """Run the plan; each step starts when the previous one is finished."""
    result = Result(pods=plan.pods)
    with subject(
        name, plan.pods, together=plan.together, pages=plan.pages, pace=plan.pace
    ) as process:
        result.sync_seconds = process.begin()
        result.steady = process.memory().resident
        result.peak = process.memory().peak
        for what, count in _updates(plan).items():
            spent, _ = process.load(what, count)
            result.micros[what] = spent / count * MICRO
            result.restarted = process.memory().resident
        if plan.events:
            result.event_load = _share_at_rate(process, "event", plan.events, plan.event_rate)
        if plan.flips:
            result.delays = _find_delays(process, plan)
        if plan.churned:
            result.churn_growth = _churn(process, plan.pods, plan.churned)
    return result


def _updates(plan: Plan) -> Mapping[str, int]:
    # The first pass over all pods counts too: there an operator may learn what to skip.
    return {"noop": plan.updates, "restart": plan.updates // 4} if plan.updates else {}


def _share_at_rate(process: Subject, what: str, count: int, rate: float) -> float:
    spent, answer = process.load(what, count, rate)
    seconds: float = answer["seconds"]
    return spent / seconds


def _find_delays(process: Subject, plan: Plan) -> tuple[float, float]:
    """The delays from writing a change to counting it, on one clock."""
    process.ask_noted()
    _, answer = process.load("flip", plan.flips, plan.flip_rate)
    noted = dict(process.ask_noted())
    delays = [noted[uid] - at for uid, at in answer["sent"] if uid in noted]
    if len(delays) < len(answer["sent"]):
        raise RuntimeError(f"{len(answer['sent']) - len(delays)} changes were never counted")
    cuts = statistics.quantiles(delays, n=100)
    return statistics.median(delays), cuts[98]


def _churn(process: Subject, pods: int, count: int) -> float:
    """Memory growth after every pod was replaced twice: a one-time growth is no leak."""
    process.load("churn", 2 * pods)
    before = process.memory().resident
    process.load("churn", count)
    return process.memory().resident - before
