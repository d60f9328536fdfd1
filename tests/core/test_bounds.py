"""Time limits of several rules, each tested just within and just beyond."""

from dataclasses import replace

import pytest

from probewatch.core.causes import Cause
from probewatch.core.evidence import EvidenceKind as K
from probewatch.core.findings import FlappingChanged, ReadinessChanged, Restart, RestartCorrected
from probewatch.core.model import Condition
from probewatch.core.policy import Policy
from probewatch.core.spec import Container, ProbeType
from probewatch.store import Store
from tests.core.test_observe import feed, followed, hear, only, restarted, running
from tests.support.builders import LIVENESS, STARTUP, died, facts, failed, mark, pod, spec

QUICK = spec(Container(name="app", liveness=replace(LIVENESS, period=1.0)))
# 30 s of grace, a period of 5 s, a timeout of 1 s, 5 s of slack.
OLDEST = 41.0


@pytest.mark.parametrize(("before", "expected"), [(OLDEST, 3), (OLDEST + 1, 0)])
def test_failures_just_before_the_end(before: float, expected: int) -> None:
    """Failures count if the kill that they led to can have ended the container."""
    given = facts(died(end=100.0), failures=(failed(ProbeType.LIVENESS, 100.0 - before, 3),))

    assert expected == given.failures(ProbeType.LIVENESS)


@pytest.mark.parametrize(("span", "expected"), [(2.0, 3), (3.0, 2)])
def test_failures_in_a_row(span: float, expected: int) -> None:
    """Failures too far apart to be consecutive are not counted together."""
    marks = tuple(
        mark(K.PROBE_FAILED, 40.0 - at, probe_type=ProbeType.LIVENESS) for at in (span, 1.0, 0.0)
    )

    assert expected == facts(died(), failures=marks, pod=QUICK).failures(ProbeType.LIVENESS)


@pytest.mark.parametrize(
    ("lived", "rule"),
    [
        (18.9, "replaced-in-place"),
        (19.0, "never-started"),
        (80.0, "never-started"),
        (80.1, "replaced-in-place"),
    ],
)
def test_lifetime_that_a_startup_probe_allows(lived: float, rule: str) -> None:
    """A container that never started was killed by its startup probe if its lifetime fits.

    From two periods minus a second up to two periods plus the grace period and the slack.
    """
    store = Store()
    slow = spec(Container(name="app", startup=STARTUP))
    begun = replace(running(), started=False, running_since=0.0)
    feed(store, pod(1, begun, spec=slow), 1)
    again = restarted(1, lived + 1)
    again = replace(again, last=replace(again.last or died(), started_at=0.0, finished_at=lived))
    feed(store, pod(2, again, spec=slow), lived + 2)
    [told] = only(Restart, list(store.tick(lived + 40)))

    assert isinstance(told, Restart)
    assert rule == told.rule


@pytest.mark.parametrize(("gap", "cause"), [(15.0, Cause.LIVENESS_PROBE), (15.5, Cause.UNKNOWN)])
def test_a_start_long_after_the_end(gap: float, cause: Cause) -> None:
    """A kubelet that kills a container starts the next one at once; a long gap is no such kill."""
    store = followed()
    again = restarted(1, 142)
    ended = replace(again.last or died(), finished_at=142 - gap)
    feed(store, pod(2, replace(again, last=ended)), 142)
    [told] = only(Restart, list(store.tick(172)))

    assert isinstance(told, Restart)
    assert cause is told.cause


@pytest.mark.parametrize(("end", "repaired"), [(238.9, 1), (239.0, 0)])
def test_an_end_just_before_the_kill(end: float, repaired: int) -> None:
    """An end in the second before a kill may be due to that kill, so its count proves nothing."""
    store = followed()
    hear(store, K.KILL_LIVENESS, 40.0)
    feed(store, pod(2, restarted(1, 42)), 42)
    feed(store, pod(3, restarted(2, 240, exit_code=9, finished_at=end)), 240, relisted=True)
    store.tick(280)

    assert repaired == len(
        only(RestartCorrected, hear(store, K.KILL_LIVENESS, 240.0, count=3, first_at=40.0))
    )


def test_a_jump_from_a_seen_end() -> None:
    """If the first of three ends was seen and the last is shown, exactly one is unobserved."""
    store = followed()
    ended = died(1, container_id="c0", start=1.0, end=40.0)
    down = replace(running(), running_since=None, terminated=ended)
    feed(store, pod(2, down), 41)
    hear(store, K.KILL_LIVENESS, 60.0)
    feed(store, pod(3, restarted(3, 142)), 142)
    told = [each for each in store.tick(180) if isinstance(each, Restart)]

    assert [Cause.ERROR, Cause.LIVENESS_PROBE] == [each.cause for each in told[:2]]


def test_flapping_says_how_often_and_ends_after_the_last_loss() -> None:
    """Flapping reports the number of losses, and ends a quiet time after the last of them."""
    store, found = followed(), []
    for number in range(6):
        at = 10.0 + number
        found += feed(store, pod(2 + number, running(), since=at), at)
    [begun] = [each for each in found if isinstance(each, FlappingChanged)]
    quiet = Policy().flap_quiet

    assert 6 == begun.transitions
    assert [] == only(FlappingChanged, list(store.tick(15.0 + quiet - 0.1)))
    assert 1 == len(only(FlappingChanged, list(store.tick(15.0 + quiet))))


def test_a_failed_pod_has_ended() -> None:
    """A failed pod is not ready because it completed; a readiness gate names no container."""
    over = feed(followed(), pod(2, running(), ready=False, since=50.0, phase="Failed"), 50)
    gated = spec(readiness_gates=("x",))
    lost = {"Ready": Condition(status=False, reason="ReadinessGatesNotReady", last_transition=50.0)}
    base = pod(2, running(), spec=gated)
    gate = feed(followed(), replace(base, conditions={**base.conditions, **lost}), 50)
    told = [each for each in (*over, *gate) if isinstance(each, ReadinessChanged)]

    assert [("Completed", ""), ("ReadinessGate", "")] == [
        (each.reason, each.container) for each in told
    ]


def test_ready_as_soon_as_it_runs() -> None:
    """A container without a readiness probe is ready in the second in which it starts."""
    store = Store()
    feed(store, pod(1, running(), ready=False, since=0.5), 1)
    [told] = only(ReadinessChanged, feed(store, pod(2, running(), since=1.0), 2))

    assert isinstance(told, ReadinessChanged)
    assert 0.0 == told.time_to_ready


def test_what_changed_in_place() -> None:
    """A new image, resources or pod IP explains a restart for which there are no Events."""
    plain = Container(name="app", liveness=LIVENESS, image="v1", resources="cpu=1")
    cases = {
        Cause.SPEC_CHANGE: ({"image": "v2"}, "10.0.0.1"),
        Cause.RESIZE: ({"resources": "cpu=2"}, "10.0.0.1"),
        Cause.SANDBOX_RECREATED: ({}, "10.0.0.2"),
        Cause.LIVENESS_PROBE: ({}, "10.0.0.1"),
    }
    for cause, (change, address) in cases.items():
        store = Store()
        feed(store, pod(1, running(), spec=spec(plain), pod_ip="10.0.0.1"), 1)
        changed = spec(replace(plain, **change))  # type: ignore[arg-type]  # names of texts
        feed(store, pod(2, running(), spec=changed, pod_ip="10.0.0.1"), 140)
        feed(store, pod(3, restarted(1, 142), spec=changed, pod_ip=address), 142)
        [told] = only(Restart, list(store.tick(172)))
        assert isinstance(told, Restart)
        assert cause is told.cause


def test_another_container_that_moved_too() -> None:
    """In a new sandbox no container runs on; a restarted neighbour is evidence of that."""
    store = Store()
    side = replace(running(), name="side", container_id="s0")
    feed(store, pod(1, running(), side, pod_ip="10.0.0.1"), 1)
    down = replace(running(), running_since=None, waiting_reason="CrashLoopBackOff")
    down = replace(down, last=died(container_id="c0", start=1.0, end=140.0))
    again = replace(side, container_id="s1", restart_count=1, running_since=141.0)
    feed(store, pod(2, down, again, pod_ip="10.0.0.2"), 142)
    feed(store, pod(3, restarted(1, 170), again, pod_ip="10.0.0.2"), 171)
    told = [each for each in store.tick(220) if isinstance(each, Restart)]

    assert Cause.SANDBOX_RECREATED in {each.cause for each in told if each.container == "app"}
