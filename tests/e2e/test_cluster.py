"""The operator on any cluster, with real probes and kubelets; run by `make e2e`."""

import asyncio
import re

import pytest

from probewatch.errors import ProbewatchError
from tests.e2e.pods import stories
from tests.e2e.stage import LONGEST_SECONDS, Outcome, play

pytestmark = pytest.mark.timeout(LONGEST_SECONDS + 120)

ALL = stories("x")
RESTARTING = [story.name for story in ALL if story.cause]
SURE = {"Confirmed", "High"}


@pytest.fixture(name="outcome", scope="session")
def _outcome() -> Outcome:
    try:
        return asyncio.run(play())
    except ProbewatchError as error:
        pytest.exit(f"no end-to-end test without a cluster: {error}", returncode=2)


@pytest.mark.parametrize("name", RESTARTING)
def test_every_restart_has_its_cause(outcome: Outcome, name: str) -> None:
    """Each restart has the cause that its pod is made for."""
    story = next(each for each in outcome.stories if each.name == name)
    told = outcome.said("Container restarted", name)

    assert told, f"no restart of {name} was told within {LONGEST_SECONDS:.0f} s"
    assert {story.cause} == {line["cause"] for line in told}
    assert {line["confidence"] for line in told} <= SURE


@pytest.mark.parametrize("name", [story.name for story in ALL])
def test_every_pod_has_its_event(outcome: Outcome, name: str) -> None:
    """Each pod has the Event that it is made for, as `kubectl describe` shows it."""
    story = next(each for each in outcome.stories if each.name == name)
    reasons = {
        event["reason"]
        for event in outcome.events
        if (event.get("reportingComponent"), event["involvedObject"]["name"])  # type: ignore[index]  # an Event's
        == ("probewatch.dev/operator", name)
    }

    assert story.event in reasons


@pytest.mark.parametrize("name", RESTARTING)
def test_metrics_count_what_the_kubelet_counts(outcome: Outcome, name: str) -> None:
    """Restarts by cause add up to the pod's `restartCount`."""
    pattern = rf'^probewatch_container_restarts_total{{.*workload="{name}".*}} (\d+)'
    counted = sum(int(each) for each in re.findall(pattern, outcome.metrics, re.MULTILINE))

    # The kubelet goes on while metrics are read, and a restart waits for its evidence.
    assert 1 <= counted <= outcome.counts_after[name]
    assert outcome.counts_before[name] - counted <= 1


@pytest.mark.parametrize("name", RESTARTING)
def test_reports_hold_what_was_counted(outcome: Outcome, name: str) -> None:
    """With the custom resources installed, the pod's report has its restarts by cause."""
    if outcome.reports is None:
        pytest.skip("the custom resources are not installed: kubectl apply -f crds")
    story = next(each for each in outcome.stories if each.name == name)
    (report,) = [each for each in outcome.reports if each.name == name]

    assert {story.cause} == set(+report.causes)
    assert 1 <= report.restarts <= outcome.counts_after[name] + 1


def test_readiness_that_was_lost_has_its_reason(outcome: Outcome) -> None:
    """A failing readiness probe is the reason for the loss of readiness."""
    lost = [
        line
        for line in outcome.said("Readiness changed", "readiness-exec")
        if line["to"] == "NotReady"
    ]

    assert ["ReadinessProbe"] == [line["reason"] for line in lost]


def test_the_operator_is_well(outcome: Outcome) -> None:
    """SIGTERM ends the operator with exit code 0, and no error was logged."""
    assert 0 == outcome.exit_status
    assert [] == [line["message"] for line in outcome.lines if line["level"] == "error"]
