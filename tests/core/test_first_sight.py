"""A pod that is new to this process: where counting begins, and what is counted at once."""

from dataclasses import replace
from typing import Any

import pytest

from probewatch.core.causes import Cause, Confidence
from probewatch.core.findings import CountingBegan, Finding, LoopStarted, Restart
from probewatch.core.observe import PodObserved, observe
from probewatch.core.past import Past
from probewatch.core.policy import Policy
from probewatch.core.remembered import Remembered, RememberedContainer
from probewatch.core.state import LoopState, PodState
from tests.support.builders import died, past, pod, status

POLICY = Policy()
NOW = 5000.0


def look(
    version: int, count: int, remembered: Remembered, state: PodState | None = None
) -> tuple[PodState | None, list[Finding]]:
    """Observe the pod with this restart count, of which the last restart is known; settle all."""
    last = died(1, end=NOW - 100 + count, container_id=f"c{count - 1}") if count else None
    seen = pod(version, status(restart_count=count, container_id=f"c{count}", last=last))
    observed = PodObserved(pod=seen, relisted=True, remembered=remembered)
    step = observe(state, observed, Policy(settle=0.0), NOW)
    return step.state, list(step.findings)


def restarts(findings: list[Finding]) -> list[tuple[int, int, int]]:
    return [
        (each.epoch, each.restart_count, each.seen.counted_from)
        for each in findings
        if isinstance(each, Restart)
    ]


def beginnings(findings: list[Finding]) -> list[tuple[int, int]]:
    return [
        (each.epoch, each.restart_count) for each in findings if isinstance(each, CountingBegan)
    ]


def remember(count: int, version: int = 10, **more: Any) -> Remembered:  # noqa: ANN401  # of the container
    container = RememberedContainer(
        count=count, epoch=2, resource_version=version, termination="c1", **more
    )
    return Remembered(containers={"app": container}, from_zero=True)


def test_unknown_pod_is_baselined() -> None:
    """Without records counting begins at the pod's current count, and that is a finding."""
    _, findings = look(20, 3, Remembered())

    assert [] == restarts(findings)
    assert [(0, 3)] == beginnings(findings)


def test_pod_of_our_time_counts_from_zero() -> None:
    """A pod that records would know if it had restarted earlier has all its restarts counted."""
    _, findings = look(20, 2, Remembered(from_zero=True))

    assert [(0, 1, 0), (0, 2, 0)] == restarts(findings)
    assert [] == beginnings(findings)


def test_counting_goes_on_from_the_mark() -> None:
    """Restarts since the record are counted now, in the record's epoch."""
    _, findings = look(20, 4, remember(2))

    assert [(2, 3, 2), (2, 4, 2)] == restarts(findings)


def test_nothing_happened_meanwhile() -> None:
    """A pod whose count is that of its record yields no findings."""
    _, findings = look(20, 2, remember(2))

    assert [] == restarts(findings)
    assert [] == beginnings(findings)


def test_what_is_counted_at_first_sight_happened_before() -> None:
    """A restart of half an hour ago does not count for a loop that would begin now."""
    ended = died(1, end=NOW - 2000, container_id="c2")
    again = status(restart_count=3, container_id="c3", last=ended, running_since=NOW - 1990)
    observed = PodObserved(pod=pod(20, again, since=NOW - 10), remembered=remember(2))
    state = observe(None, observed, Policy(settle=0.0), NOW).state

    assert state is not None
    [(at, cause)] = state.memory("app").loop.recent
    assert Cause.ERROR is cause
    assert NOW - 1990 <= at <= NOW - 1980


def test_what_is_known_of_a_pod_is_what_it_shows() -> None:
    """Records give the count to continue from; the pod's state is that of its version."""
    state, _ = look(20, 3, remember(2))

    assert state is not None
    assert (20, [3]) == (
        state.pod.resource_version,
        [each.restart_count for each in state.pod.statuses],
    )


@pytest.mark.parametrize(
    ("earlier", "expected"),
    [
        ((), (Cause.UNKNOWN, Confidence.LOW)),
        ((past(Cause.LIVENESS_PROBE, 143, 40.0),), (Cause.LIVENESS_PROBE, Confidence.MEDIUM)),
    ],
    ids=["nothing is recorded", "a kill is recorded"],
)
def test_the_first_verdict_compares_with_recorded_restarts(
    earlier: tuple[Past, ...], expected: tuple[Cause, Confidence]
) -> None:
    """An operator that was restarted during a loop without Events still knows its regular cause."""
    end = died(143, start=NOW - 80, end=NOW - 40, container_id="c2")
    dead = status(restart_count=2, container_id="c2", running_since=None, last=end)
    waits = replace(dead, waiting_reason="CrashLoopBackOff")
    again = status(restart_count=3, container_id="c3", running_since=NOW, last=end)
    seen = PodObserved(pod=pod(20, waits), remembered=remember(2, past=earlier))
    state = observe(None, seen, Policy(settle=0.0), NOW - 30).state

    step = observe(state, PodObserved(pod=pod(21, again)), Policy(settle=0.0), NOW)

    (found,) = (each for each in step.findings if isinstance(each, Restart))
    assert expected == (found.cause, found.confidence)


def test_count_that_fell_meanwhile_opens_an_epoch() -> None:
    """A count below the record's is the baseline of a new epoch."""
    _, findings = look(20, 1, remember(5))

    assert [] == restarts(findings)
    assert [(3, 1)] == beginnings(findings)


def test_older_version_than_the_record_is_no_news() -> None:
    """A lagging server shows what is already counted; only newer versions are counted."""
    state, findings = look(5, 1, remember(2))
    assert [] == restarts(findings)
    assert [] == beginnings(findings)
    _, findings = look(9, 1, remember(2), state)
    assert [] == findings
    _, findings = look(12, 3, remember(2), state)
    assert [(2, 3, 2)] == restarts(findings)


def test_loop_goes_on() -> None:
    """A recorded loop is resumed, not detected again."""
    loop = LoopState(
        recent=((NOW - 60, Cause.ERROR),), started_at=NOW - 60, cause=Cause.ERROR, restart_count=2
    )
    state, findings = look(20, 3, remember(2, loop=loop))
    loops = [each for each in findings if isinstance(each, LoopStarted)]

    assert [(True, 2, NOW - 60)] == [(each.resumed, each.restart_count, each.at) for each in loops]
    assert state is not None
    assert state.memory("app").loop.started_at == NOW - 60


def test_recent_restarts_count_for_a_loop() -> None:
    """Recorded restarts count for a loop: the third one starts it."""
    recent = ((NOW - 60, Cause.ERROR), (NOW - 30, Cause.ERROR))
    _, findings = look(20, 3, remember(2, loop=LoopState(recent=recent)))
    loops = [each for each in findings if isinstance(each, LoopStarted)]

    assert [False] == [each.resumed for each in loops]


LATELY = ((NOW - 60, Cause.ERROR),)


@pytest.mark.parametrize(
    ("recent", "tells_latest", "quiet_since"),
    [(LATELY, True, NOW - 60), (LATELY, False, NOW), ((), True, NOW)],
)
def test_a_loop_is_quiet_since_its_last_restart(
    recent: tuple[tuple[float, Cause], ...], quiet_since: float, *, tells_latest: bool
) -> None:
    """If the record lacks the last restart, the loop may have gone on until now."""
    loop = LoopState(recent=recent, started_at=NOW - 120, cause=Cause.ERROR, restart_count=2)
    remembered = remember(2, loop=loop, tells_latest=tells_latest)
    seen = pod(20, status(restart_count=2, container_id="c2"))
    step = observe(None, PodObserved(pod=seen, remembered=remembered), POLICY, NOW)

    assert quiet_since + POLICY.loop_quiet == step.due


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, Cause.ERROR),
        ({"started_at": 59.0}, Cause.UNOBSERVED),
        ({"started_at": None}, Cause.UNOBSERVED),
        ({"container_id": "C"}, Cause.UNOBSERVED),
    ],
    ids=["after it", "begun before its end", "begun at an unknown time", "of another container"],
)
def test_what_is_shown_beside_an_end_was_the_instance_before(
    changed: dict[str, Any], expected: Cause
) -> None:
    """Of a container that is over `lastState` explains the restart, if it surely came before."""
    end = replace(died(0, start=60.0, end=80.0, container_id="B"), **changed)
    over = {"ready": False, "started": False, "running_since": None, "terminated": end}
    last = died(1, start=0.0, end=60.0, container_id="A")
    seen = pod(20, status(restart_count=1, container_id="B", last=last, **over))
    observed = PodObserved(pod=seen, relisted=True, remembered=Remembered(from_zero=True))
    step = observe(None, observed, Policy(settle=0.0), NOW)

    assert [expected] == [each.cause for each in step.findings if isinstance(each, Restart)]
