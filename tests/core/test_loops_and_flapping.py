"""Loop, flapping and readiness findings, compared field by field."""

from dataclasses import replace

import pytest

from probewatch.core.causes import Cause, Readiness, ReadinessReason
from probewatch.core.evidence import EvidenceKind as K
from probewatch.core.findings import (
    FlappingChanged,
    LoopEnded,
    LoopStarted,
    PodForgotten,
    ReadinessChanged,
    Restart,
)
from probewatch.core.loops import end, loop_due, resume
from probewatch.core.model import Condition, Pod, PodRef
from probewatch.core.observe import PodGone
from probewatch.core.policy import Policy
from probewatch.core.readiness import LOSSES_KEPT, end_flapping
from probewatch.core.state import LoopState, ReadinessState
from probewatch.store import Store
from tests.core.test_observe import (
    UID,
    change,
    feed,
    followed,
    hear,
    loop,
    only,
    probed,
    restarted,
    running,
)
from tests.core.test_repairs import read_counters
from tests.support.builders import pod, status

WEB = PodRef(uid=UID, namespace="shop", name="web", node="n1")
POLICY = Policy()
QUIET = POLICY.flap_quiet
LOOP = LoopState(
    recent=((100.0, Cause.ERROR), (200.0, Cause.LIVENESS_PROBE), (300.0, Cause.LIVENESS_PROBE)),
    started_at=300.0,
    cause=Cause.LIVENESS_PROBE,
    restart_count=3,
    epoch=2,
)
FLAPPING = ReadinessState(
    ready=False,
    changed_at=300.0,
    reason=ReadinessReason.READINESS_PROBE,
    losses=tuple((at, ReadinessReason.READINESS_PROBE) for at in (100.0, 200.0, 300.0)),
    flapping=True,
    ever_ready=True,
)


def test_a_loop_that_goes_on() -> None:
    """A resumed loop has the identity of the original, with all known restarts."""
    expected = LoopStarted(
        pod=WEB,
        container="app",
        cause=Cause.LIVENESS_PROBE,
        restarts=3,
        window=POLICY.slow_loop_window,
        at=300.0,
        restart_count=3,
        epoch=2,
        resumed=True,
    )

    assert (expected,) == resume(LOOP, "app", ref=WEB, policy=POLICY)
    assert () == resume(replace(LOOP, started_at=None), "app", ref=WEB, policy=POLICY)


@pytest.mark.parametrize("gone", [False, True])
def test_a_loop_that_is_over(*, gone: bool) -> None:
    """The end of a loop has the identity of its beginning."""
    expected = LoopEnded(
        pod=WEB,
        container="app",
        cause=Cause.LIVENESS_PROBE,
        started_at=300.0,
        at=4000.0,
        gone=gone,
        restart_count=3,
        epoch=2,
    )

    assert expected == end(LOOP, "app", ref=WEB, now=4000.0, gone=gone)


@pytest.mark.parametrize("quiet", [1.0, 1800.0])
def test_when_a_loop_without_gaps_is_over(quiet: float) -> None:
    """A loop without known gaps ends after the minimum quiet time."""
    policy = Policy(loop_quiet=quiet)

    assert 300.0 + quiet == loop_due(replace(LOOP, recent=()), policy)
    assert 300.0 + quiet == loop_due(replace(LOOP, recent=LOOP.recent[-1:]), policy)


@pytest.mark.parametrize(
    ("state", "now", "calm"),
    [
        (FLAPPING, 300.0 + QUIET, True),
        (FLAPPING, 300.0 + QUIET - 0.1, False),
        (FLAPPING, 200.0 + QUIET, False),
        (replace(FLAPPING, losses=()), 0.0, True),
        (replace(FLAPPING, flapping=False), 300.0 + QUIET, False),
    ],
)
def test_flapping_that_is_over(state: ReadinessState, now: float, *, calm: bool) -> None:
    """Flapping ends a quiet time after the last loss, and then all losses are forgotten."""
    over = FlappingChanged(pod=WEB, flapping=False, transitions=0, at=now)
    done = (replace(state, flapping=False, losses=()), (over,))

    assert (done if calm else (state, ())) == end_flapping(state, ref=WEB, policy=POLICY, now=now)


@pytest.mark.parametrize(("first", "begins"), [(10.0, False), (11.0, True)])
def test_losses_within_the_window(first: float, *, begins: bool) -> None:
    """A loss exactly one window ago no longer counts for flapping."""
    store, found = followed(), []
    for number, at in enumerate((first, *(906.0 + n for n in range(5)))):
        found = feed(store, pod(2 + number, running(), since=at), at)
    begun = FlappingChanged(
        pod=WEB, flapping=True, transitions=6, at=910.0, reasons=((ReadinessReason.HIDDEN, 6),)
    )

    assert ([begun] if begins else []) == only(FlappingChanged, found)


def test_the_highest_threshold_of_flapping_is_reached() -> None:
    """Flapping works with the highest threshold that the memory of losses allows."""
    policy = replace(POLICY, flap_transitions=LOSSES_KEPT)
    store, found = Store(lambda _pod: policy), []
    last = 2 * LOSSES_KEPT
    for number in range(last + 1):
        at = float(number)
        found += feed(store, pod(1 + number, running(), since=at), at)
    [begun] = only(FlappingChanged, found)

    # The first version is the baseline, not a loss.
    assert isinstance(begun, FlappingChanged)
    assert (LOSSES_KEPT, float(LOSSES_KEPT)) == (begun.transitions, begun.at)
    assert [] == only(FlappingChanged, list(store.tick(last + QUIET - 0.1)))
    assert 1 == len(only(FlappingChanged, list(store.tick(last + QUIET))))


def test_flapping_from_its_beginning_to_its_end() -> None:
    """Start and end of flapping are reported once each."""
    store, found = probed(), []
    for number in range(11):
        found += change(store, number + 2, ready=bool(number % 2), since=100.0 + number)
    begun = FlappingChanged(
        pod=WEB,
        flapping=True,
        transitions=6,
        at=110.0,
        reasons=((ReadinessReason.READINESS_PROBE, 6),),
    )
    over = FlappingChanged(pod=WEB, flapping=False, transitions=0, at=110.0 + QUIET)

    assert [begun] == only(FlappingChanged, found)
    assert [over] == list(store.tick(110.0 + QUIET))
    assert () == store.tick(111.0 + QUIET)


BY_RIGHT: dict[str, tuple[dict[str, object], ReadinessReason]] = {
    "restarts": ({}, ReadinessReason.CONTAINER_RESTART),
    "is deleted": ({"deletion_at": 90.0}, ReadinessReason.TERMINATING),
    "is over": ({"phase": "Succeeded"}, ReadinessReason.COMPLETED),
}


@pytest.mark.parametrize(("more", "reason"), BY_RIGHT.values(), ids=BY_RIGHT)
def test_what_is_not_ready_by_right_does_not_flap(
    more: dict[str, object], reason: ReadinessReason
) -> None:
    """Restarts, deletion and completion never count as flapping; restarts are a loop."""
    store, found = followed(), []
    for number in range(40):
        since = 100.0 + 10 * number
        lost = replace(restarted(number + 1, since), ready=False)
        for at, ready in ((since, False), (since + 5, True)):
            shown = replace(lost, ready=ready)
            version = pod(2 + 2 * number + ready, shown, ready=ready, since=at, **more)
            found += feed(store, version, at)

    assert [] == only(FlappingChanged, found)
    assert {reason} == {
        each.reason
        for each in found
        if isinstance(each, ReadinessChanged) and each.to is Readiness.NOT_READY
    }


@pytest.mark.parametrize("end_of", ["quiet", "pod"])
def test_a_loop_is_told_of_its_pod(end_of: str) -> None:
    """Start and end of a loop name its pod, container, cause and count."""
    store = followed()
    [begun] = only(LoopStarted, loop(store, [100, 200, 300]))
    gone = end_of == "pod"
    found = list(store.feed(PodGone(uid=UID), 400.0) if gone else store.tick(2100.0))
    loop_of = {
        "pod": WEB,
        "container": "app",
        "cause": Cause.LIVENESS_PROBE,
        "restart_count": 3,
    }

    assert LoopStarted(**loop_of, restarts=3, window=900.0, at=300) == begun  # type: ignore[arg-type]  # checked by the class
    over = LoopEnded(**loop_of, started_at=300, at=400.0 if gone else 2100.0, gone=gone)  # type: ignore[arg-type]  # checked by the class
    assert [over, *([PodForgotten(pod=WEB)] if gone else [])] == found


NOT_READY = pod(1, status(ready=False), ready=False, since=60.0)


@pytest.mark.parametrize(
    ("met", "reason"),
    [
        (replace(NOT_READY, deletion_at=60.0), ReadinessReason.TERMINATING),
        (replace(NOT_READY, phase="Failed", reason="Evicted"), ReadinessReason.TERMINATING),
        (
            pod(1, status(ready=False, running_since=60.0), ready=False, since=60.0),
            ReadinessReason.CONTAINER_RESTART,
        ),
        (NOT_READY, ReadinessReason.UNKNOWN),
        (
            replace(NOT_READY, conditions={"Ready": Condition(status=False)}),
            ReadinessReason.STARTUP,
        ),
    ],
    ids=["deleted", "evicted", "started in that second", "ran on", "since nobody knows when"],
)
def test_why_a_pod_was_not_ready_when_it_was_met(met: Pod, reason: ReadinessReason) -> None:
    """The reason of a loss before the first sight is derived from the status then."""
    store = Store()
    began = replace(met.statuses[0], running_since=5.0)
    feed(store, replace(met, statuses=(*met.statuses, replace(began, name="side"))), 90)
    [back] = only(ReadinessChanged, feed(store, pod(2, running(), since=100.0), 100))

    assert isinstance(back, ReadinessChanged)
    assert (Readiness.READY, reason) == (back.to, back.reason)


def test_a_container_that_came_with_a_hidden_loss() -> None:
    """A container that is new to the pod has not restarted, whatever its count."""
    side = replace(running(3), name="side")
    found = feed(followed(), pod(2, running(), side, since=60.0), 60)

    assert [ReadinessReason.HIDDEN] * 2 == [
        each.reason for each in found if isinstance(each, ReadinessChanged)
    ]


def test_counters_that_come_when_a_verdict_is_due() -> None:
    """A verdict that is due is reported when counters arrive."""
    store = followed()
    feed(store, pod(2, restarted(1, 42)), 42)

    assert [Restart] == [type(each) for each in read_counters(store, 5, 72)]


def test_a_failure_of_no_container() -> None:
    """A probe failure without a container is not reported."""
    assert [] == hear(followed(), K.PROBE_FAILED, 10.0, container="", probe_type="Liveness")
