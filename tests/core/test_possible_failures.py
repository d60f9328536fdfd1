"""Which failure reasons are believed: only those that the probe, or the container, can have."""

from dataclasses import replace

import pytest

from probewatch.core.attribution import attribute
from probewatch.core.causes import Cause, Confidence
from probewatch.core.evidence import Evidence
from probewatch.core.evidence import EvidenceKind as K
from probewatch.core.evidence import FailureReason as F
from probewatch.core.facts import Facts
from probewatch.core.failures import REASONS, with_possible_reason
from probewatch.core.findings import ProbeFailures
from probewatch.core.observe import EvidenceObserved, PodObserved
from probewatch.core.restarts import Path
from probewatch.core.spec import Container, ContainerKind, HandlerKind, PodSpec, ProbeType
from probewatch.store import Store
from tests.support.builders import LIVENESS, died, facts, failed, mark, pod, said, spec

CONFIRMED, HIGH, MEDIUM = Confidence.CONFIRMED, Confidence.HIGH, Confidence.MEDIUM
EXEC = replace(LIVENESS, handler=HandlerKind.EXEC)
FAILURE = said(K.PROBE_FAILED, 50, probe_type=ProbeType.LIVENESS)
APP = Container(name="app", liveness=replace(LIVENESS, failure_threshold=1))
PROXY = Container(name="proxy")


def with_handler(handler: HandlerKind) -> PodSpec:
    """A pod whose container has a liveness probe with this handler."""
    return spec(Container(name="app", liveness=replace(LIVENESS, handler=handler)))


@pytest.mark.parametrize("reason", F)
@pytest.mark.parametrize("handler", HandlerKind)
def test_a_probe_fails_as_its_handler_can(handler: HandlerKind, reason: F) -> None:
    """A command may print any error: a reason that its handler cannot have is not believed."""
    told = with_possible_reason(replace(FAILURE, failure=reason), with_handler(handler)).failure

    if handler is HandlerKind.NONE or reason in REASONS[handler]:
        assert reason is told
    else:
        assert (F.EXEC_EXIT if handler is HandlerKind.EXEC else F.OTHER) is told


@pytest.mark.parametrize(
    "said_of",
    [
        replace(FAILURE, probe_type=ProbeType.STARTUP),
        replace(FAILURE, container="gone"),
        replace(FAILURE, kind=K.PROBE_ERRORED),
    ],
    ids=["another probe", "another container", "no failure"],
)
def test_what_is_not_in_the_spec_is_believed(said_of: Evidence) -> None:
    """The reason of a probe whose handler is not known stays as it was read."""
    refused = replace(said_of, failure=F.REFUSED)

    assert refused is with_possible_reason(refused, with_handler(HandlerKind.EXEC))


def test_failures_are_reported_with_the_reason_that_is_believed() -> None:
    """A command that prints a status line of HTTP is counted as a command that failed."""
    store = Store()
    store.feed(PodObserved(pod=pod(1, spec=spec(Container(name="app", liveness=EXEC)))), 1)

    found = store.feed(EvidenceObserved(evidence=replace(FAILURE, failure=F.HTTP_5XX)), 50)

    assert [F.EXEC_EXIT] == [each.reason for each in found if isinstance(each, ProbeFailures)]


def killed_as_it_ended(exit_code: int, reason: F, *others: Container, app: Container) -> Facts:
    """A container that ended in the second in which its probe failed and the kubelet killed it."""
    failure = replace(failed(ProbeType.LIVENESS, 40, 1), failure=reason)
    kill = mark(K.KILL_LIVENESS, 40)
    end = died(exit_code, end=40.0)
    return facts(end, kills=(kill,), failures=(failure,), pod=spec(app, *others))


@pytest.mark.parametrize("reason", [F.HTTP_5XX, F.GRPC_UNHEALTHY, F.TIMEOUT])
@pytest.mark.parametrize(
    ("others", "by_signal", "by_code"),
    [
        ((), CONFIRMED, HIGH),
        ((replace(PROXY, kind=ContainerKind.INIT),), CONFIRMED, HIGH),
        ((PROXY,), MEDIUM, MEDIUM),
        ((replace(PROXY, kind=ContainerKind.SIDECAR),), MEDIUM, MEDIUM),
    ],
    ids=["alone", "beside an init container", "beside another", "beside a sidecar"],
)
def test_an_answer_may_be_that_of_another_container(
    others: tuple[Container, ...], by_signal: Confidence, by_code: Confidence, reason: F
) -> None:
    """An answer shows that the container ran, unless a proxy in its pod may have given it."""
    for code, sure in ((143, by_signal), (1, by_code)):
        _, verdict = attribute(killed_as_it_ended(code, reason, *others, app=APP))

        assert (Cause.LIVENESS_PROBE, sure) == (verdict.cause, verdict.confidence)


@pytest.mark.parametrize(
    ("reason", "sure"), [(F.TIMEOUT, CONFIRMED), (F.EXEC_EXIT, MEDIUM), (F.HTTP_5XX, MEDIUM)]
)
def test_a_command_runs_in_its_own_container(reason: F, sure: Confidence) -> None:
    """A command that timed out began in the running container; one that failed may end with it."""
    app = replace(APP, liveness=replace(EXEC, failure_threshold=1))
    _, verdict = attribute(killed_as_it_ended(143, reason, PROXY, app=app))

    assert (Cause.LIVENESS_PROBE, sure) == (verdict.cause, verdict.confidence)


@pytest.mark.parametrize(("others", "sure"), [((), HIGH), ((PROXY,), MEDIUM)])
def test_answers_after_the_end_reach_no_threshold(
    others: tuple[Container, ...], sure: Confidence
) -> None:
    """Answers of a proxy to the probes of a container that has ended are due to that end."""
    app = Container(name="app", liveness=replace(LIVENESS, period=1.0))
    answers = tuple(
        replace(failed(ProbeType.LIVENESS, at, 1), failure=F.HTTP_5XX) for at in (41, 42, 43)
    )
    given = facts(died(143), failures=answers, pod=spec(app, *others), path=Path.IN_PLACE)
    rule, verdict = attribute(given)

    assert ("threshold-reached", sure) == (rule.name, verdict.confidence)
