"""For any sequence of findings restarts add up, and no visible counter falls."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from prometheus_client.parser import text_string_to_metric_families as parse_text

from probewatch.core.causes import Cause, Readiness, ReadinessReason
from probewatch.core.evidence import FailureReason
from probewatch.core.findings import ProbeFailures, RestartCorrected
from probewatch.core.model import PodRef, PodUid, Workload
from probewatch.core.spec import ProbeType
from probewatch.metrics.totals import RestartTotal
from tests.metrics.scene import POD, Scene, gone, ready, restart, tracked

WORKLOADS = tuple(
    Workload(namespace="shop", kind=kind, name=f"w{number}")
    for number, kind in enumerate(("Deployment", "Job", "Pod", "StatefulSet"))
)
PODS = tuple(replace(POD, uid=PodUid(f"u{number}"), name=f"p{number}") for number in range(6))

pods = st.sampled_from(PODS)
causes = st.sampled_from(Cause)

Series = tuple[str, tuple[tuple[str, str], ...]]


def owner(pod: PodRef) -> Workload:
    return WORKLOADS[int(pod.uid[1:]) % len(WORKLOADS)]


class Ledger(RuleBasedStateMachine):
    """Pods come, restart, change and go, with a low limit of series, and time passes."""

    def __init__(self) -> None:
        super().__init__()
        self.scene = Scene(limit=12)
        self.restarts = 0
        self.recorded: Counter[tuple[Workload, Cause]] = Counter()
        self.before: dict[Series, float] = {}

    def publish(self, pod: PodRef, *findings: object) -> None:
        for finding in findings:
            self.scene.publish(finding, workload=owner(pod))  # type: ignore[arg-type]  # a finding

    @rule(pod=pods)
    def come(self, pod: PodRef) -> None:
        self.publish(pod, tracked(pod=pod))

    @rule(pod=pods)
    def go(self, pod: PodRef) -> None:
        self.publish(pod, gone(pod))

    @rule(pod=pods, cause=causes, baseline=st.booleans())
    def restart(self, pod: PodRef, cause: Cause, *, baseline: bool) -> None:
        self.restarts += not baseline
        self.recorded[owner(pod), cause] += not baseline
        self.publish(pod, restart(cause, pod=pod, baseline=baseline))

    @rule(pod=pods, was=causes, now=causes)
    def correct(self, pod: PodRef, was: Cause, now: Cause) -> None:
        self.publish(pod, RestartCorrected(was=restart(was, pod=pod), now=restart(now, pod=pod)))

    @rule(pod=pods, to=st.sampled_from(Readiness), reason=st.sampled_from(ReadinessReason))
    def change(self, pod: PodRef, to: Readiness, reason: ReadinessReason) -> None:
        lasted = 3.0 if to is Readiness.READY else None
        self.publish(pod, ready(to, reason, pod=pod, not_ready_seconds=lasted))

    @rule(pod=pods, reason=st.sampled_from(FailureReason), count=st.integers(1, 5))
    def fail(self, pod: PodRef, reason: FailureReason, count: int) -> None:
        failures = ProbeFailures(
            pod=pod,
            container="app",
            probe_type=ProbeType.LIVENESS,
            reason=reason,
            count=count,
            at=1.0,
        )
        self.publish(pod, failures)

    @rule(seconds=st.floats(0, 25))
    def wait(self, seconds: float) -> None:
        """Wait less than it takes for any counter to end."""
        self.scene.time.seconds += seconds

    @rule(workload=st.sampled_from(WORKLOADS))
    def restore(self, workload: Workload) -> None:
        self.scene.counters.restore(self.scene.counters.totals_of(workload))

    @rule(workload=st.sampled_from(WORKLOADS))
    def save(self, workload: Workload) -> None:
        """A report was written, of a workload with or without series of its own."""
        self.scene.counters.restore(
            RestartTotal(workload=of, container="app", cause=cause, count=count)
            for (of, cause), count in self.recorded.items()
            if of == workload and count
        )

    @invariant()
    def nothing_is_lost_and_nothing_falls(self) -> None:
        seen: Counter[Series] = Counter()
        for family in parse_text(self.scene.scrape()):
            if family.type == "counter" and not family.name.startswith("process"):
                for sample in family.samples:
                    seen[sample.name, tuple(sorted(sample.labels.items()))] = sample.value  # type: ignore[assignment]  # seconds too
        total = sum(value for (name, _), value in seen.items() if "container_restarts" in name)

        assert self.restarts == total
        assert [] == [name for name, value in self.before.items() if seen[name] < value]
        self.before = dict(seen)


@pytest.mark.slow
def test_ledger_balances_whatever_happens() -> None:
    """No sequence of findings loses a restart, even beyond the limit, or lowers a counter."""
    run_state_machine_as_test(
        Ledger, settings=settings(max_examples=50, stateful_step_count=30, deadline=None)
    )
