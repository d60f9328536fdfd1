"""Kills by a probe that no restart follows, and advice from observations."""

from dataclasses import replace

import pytest

from probewatch.core.advice_names import AdviceName
from probewatch.core.causes import Cause, Confidence
from probewatch.core.evidence import EvidenceKind as K
from probewatch.core.findings import (
    Advice,
    Finding,
    ProbeKillWithoutRestart,
    Restart,
)
from probewatch.core.model import ContainerStatus, Pod
from probewatch.core.observe import EvidenceObserved, PodObserved
from probewatch.core.spec import Container, HandlerKind, ProbeType, RestartPolicy, RestartRule
from probewatch.store import Store
from tests.support.builders import LIVENESS, READINESS, STARTUP, died, pod, said, spec, status

NEVER = spec(restart_policy=RestartPolicy.NEVER)
ON_FAILURE = spec(restart_policy=RestartPolicy.ON_FAILURE)


def ended(exit_code: int = 137, **more: object) -> ContainerStatus:
    last = died(exit_code, end=70.0, container_id="A")
    return status(running_since=None, ready=False, terminated=last, **more)


def feed(store: Store, version: Pod, now: float) -> list[Finding]:
    return list(store.feed(PodObserved(pod=version), now))


def hear(store: Store, kind: K, at: float, **more: object) -> list[Finding]:
    return list(store.feed(EvidenceObserved(evidence=said(kind, at, **more)), at))


def endings(found: list[Finding]) -> list[tuple[Cause, Confidence]]:
    kind = ProbeKillWithoutRestart
    return [(each.cause, each.confidence) for each in found if isinstance(each, kind)]


def test_v26_a_pod_that_is_never_restarted_was_stopped_for_its_probe() -> None:
    """With policy Never the Event is `Stopping container`; earlier failures give the cause."""
    store = Store()
    feed(store, pod(1, spec=NEVER), 1)
    hear(store, K.PROBE_FAILED, 39.0, count=3, probe_type="Liveness")
    hear(store, K.KILL_STOP, 40.0)
    found = feed(store, pod(2, ended(), spec=NEVER, phase="Failed"), 71)

    assert [(Cause.LIVENESS_PROBE, Confidence.MEDIUM)] == endings(found)
    assert [] == [each for each in found if isinstance(each, Restart)]


def test_v27_an_application_that_exits_0_on_a_kill_leaves_a_pod_that_succeeded() -> None:
    """A kill whose announced restart never comes is reported, once."""
    store = Store()
    feed(store, pod(1, spec=ON_FAILURE), 1)
    hear(store, K.KILL_LIVENESS, 69.0)
    found = feed(store, pod(2, ended(0), spec=ON_FAILURE, phase="Succeeded"), 71)
    again = feed(store, pod(3, ended(0), spec=ON_FAILURE, phase="Succeeded"), 75)

    assert [(Cause.LIVENESS_PROBE, Confidence.CONFIRMED)] == endings(found)
    assert [] == endings(again)


def test_a_kill_that_arrives_late_is_reported_too() -> None:
    """The kill is reported whichever arrives first, the pod's status or the Event."""
    store = Store()
    feed(store, pod(1, spec=NEVER), 1)
    feed(store, pod(2, ended(), spec=NEVER, phase="Failed"), 71)

    assert [(Cause.LIVENESS_PROBE, Confidence.CONFIRMED)] == endings(
        hear(store, K.KILL_LIVENESS, 69.0)
    )


RULES = (RestartRule(action="Restart", operator="In", values=(137,)),)


@pytest.mark.parametrize(
    ("why", "last"),
    [
        ("it will be restarted", pod(2, ended())),
        ("the pod is being deleted", pod(2, ended(), spec=NEVER, deletion_at=60.0)),
        ("the pod was evicted", pod(2, ended(), spec=NEVER, phase="Failed", reason="Evicted")),
        ("it runs", pod(2, status(), spec=NEVER)),
        ("no such container", pod(2, ended(name="stranger"), spec=NEVER)),
        (
            "a rule may restart it",
            pod(
                2,
                ended(),
                spec=spec(
                    Container(name="app", liveness=LIVENESS, restart_rules=RULES),
                    restart_policy=RestartPolicy.NEVER,
                ),
            ),
        ),
    ],
    ids=lambda value: value.replace(" ", "-") if isinstance(value, str) else "",
)
def test_what_is_no_ending(why: str, last: Pod) -> None:
    """Nothing is reported unless the container ended and the kubelet will not start it again."""
    store = Store()
    feed(store, pod(1, spec=last.spec), 1)
    hear(store, K.KILL_LIVENESS, 69.0)

    assert [] == endings(feed(store, last, 71)), why


def test_an_end_of_its_own_is_no_kill() -> None:
    """Without a kill, or with a stop that no failures preceded, no probe kill is reported."""
    for kills in ((), (K.KILL_STOP,), (K.KILL_SPEC_CHANGE,)):
        store = Store()
        feed(store, pod(1, spec=NEVER), 1)
        for kind in kills:
            hear(store, kind, 69.0)
        assert [] == endings(feed(store, pod(2, ended(), spec=NEVER, phase="Failed"), 71))


def test_what_ended_before_it_was_followed_is_not_reported() -> None:
    """A restarted operator does not report old kills again."""
    store = Store()
    feed(store, pod(2, ended(), spec=NEVER, phase="Failed"), 71)

    assert [] == endings(hear(store, K.KILL_LIVENESS, 69.0))


def advice(found: list[Finding]) -> list[tuple[str, ProbeType]]:
    return [(each.finding, each.probe_type) for each in found if isinstance(each, Advice)]


def test_v48_a_probe_that_can_only_error_is_blind() -> None:
    """A probe whose runs all error never kills: that is advised, once."""
    store = Store()
    feed(store, pod(1), 1)
    few = hear(store, K.PROBE_ERRORED, 10.0, count=4, probe_type="Liveness")
    many = hear(store, K.PROBE_ERRORED, 20.0, count=200, probe_type="Liveness")
    more = hear(store, K.PROBE_ERRORED, 30.0, count=300, probe_type="Liveness")

    assert [[], [(AdviceName.PROBE_NEVER_KILLS, ProbeType.LIVENESS)], []] == [
        advice(found) for found in (few, many, more)
    ]


@pytest.mark.parametrize(
    ("handler", "hint"),
    [
        (HandlerKind.EXEC, "Check that its command exists in the image"),
        (HandlerKind.HTTP_GET, "Check that a port it names is one of the container's, and"),
        (HandlerKind.TCP_SOCKET, "Check that a port it names is one of the container's"),
        (HandlerKind.GRPC, "Check what the kubelet says of it"),
    ],
)
def test_what_to_check_fits_how_the_probe_asks(handler: HandlerKind, hint: str) -> None:
    """The hint fits the probe's handler: only an exec probe is asked to check its command."""
    store = Store()
    liveness = replace(LIVENESS, handler=handler)
    feed(store, pod(1, spec=spec(Container(name="app", liveness=liveness))), 1)
    found = hear(store, K.PROBE_ERRORED, 20.0, count=200, probe_type="Liveness")

    [told] = [each for each in found if isinstance(each, Advice)]
    assert hint in told.message
    assert ("command" in told.message) is (handler is HandlerKind.EXEC)


def test_a_probe_that_also_fails_is_not_blind() -> None:
    """One real failure shows that the probe can act; a readiness probe never kills anyway."""
    store = Store()
    feed(store, pod(1, spec=spec(Container(name="app", liveness=LIVENESS, readiness=READINESS))), 1)
    hear(store, K.PROBE_FAILED, 5.0, probe_type="Liveness")
    found = hear(store, K.PROBE_ERRORED, 20.0, count=200, probe_type="Liveness")
    other = hear(store, K.PROBE_ERRORED, 20.0, count=200, probe_type="Readiness", name="other")

    assert [[], []] == [advice(found), advice(other)]


def loop(
    store: Store, kind: K, app: Container, *, ready: bool, life: float = 60.0, set_back: float = 0.0
) -> list[Finding]:
    """Two kills of an app that never gets up, each after *life* seconds."""
    found: list[Finding] = []
    whole = spec(app)
    feed(store, pod(1, spec=whole, ready=ready), 1)
    for count in (1, 2):
        hear(store, kind, life * count - 1, count=count)
        last = died(
            137, start=life * (count - 1) + set_back, end=life * count, container_id=f"c{count}"
        )
        again = status(
            restart_count=count,
            container_id=f"c{count + 1}",
            running_since=life * count,
            last=last,
            started=False,
        )
        version = pod(count + 1, again, spec=whole, ready=ready)
        found += feed(store, version, life * count + 1)
    return [*found, *store.tick(3 * life)]


@pytest.mark.parametrize(
    ("kind", "app", "ready", "expected"),
    [
        (K.KILL_STARTUP, Container(name="app", startup=STARTUP), False, ProbeType.STARTUP),
        (
            K.KILL_LIVENESS,
            Container(name="app", liveness=LIVENESS, readiness=READINESS),
            False,
            ProbeType.LIVENESS,
        ),
        (
            K.KILL_LIVENESS,
            Container(name="app", liveness=LIVENESS, readiness=READINESS),
            True,
            None,
        ),
        (K.KILL_LIVENESS, Container(name="app", liveness=LIVENESS), False, None),
        (K.KILL_LIVENESS, Container(name="app", liveness=LIVENESS, startup=STARTUP), False, None),
    ],
    ids=["startup", "liveness", "was ready", "nobody knows", "killed by the other probe"],
)
def test_one_killed_start_after_the_other_is_a_budget_too_small(
    kind: K, app: Container, expected: ProbeType | None, *, ready: bool
) -> None:
    """Two starts in a row that a probe cut short mean that its start budget is too small."""
    found = advice(loop(Store(), kind, app, ready=ready))

    assert ([(AdviceName.START_BUDGET_TOO_SMALL, expected)] if expected else []) == found


@pytest.mark.parametrize(
    ("kind", "app"),
    [
        (K.KILL_STARTUP, Container(name="app", startup=STARTUP)),
        (K.KILL_LIVENESS, Container(name="app", liveness=LIVENESS, readiness=READINESS)),
    ],
    ids=["asked again by another kubelet", "another container keeps the pod from being ready"],
)
def test_what_had_run_for_long_was_not_killed_while_it_started(kind: K, app: Container) -> None:
    """A container that ran for an hour gets no advice to allow more time to start."""
    assert [] == advice(loop(Store(), kind, app, ready=False, life=3600.0))


def test_what_a_clock_that_was_set_back_makes_of_a_life_is_no_short_start() -> None:
    """A lifetime that is negative because a clock was set back is unknown, not short."""
    app = Container(name="app", startup=STARTUP)

    assert [] == advice(loop(Store(), K.KILL_STARTUP, app, ready=False, set_back=3600.0))
