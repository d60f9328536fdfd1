"""The budget of Events of one pod, and the Events that are written beyond it."""

from dataclasses import replace

import pytest

from probewatch.core.causes import Cause, Readiness, ReadinessReason
from probewatch.core.findings import (
    Finding,
    FlappingChanged,
    LoopEnded,
    LoopStarted,
    ReadinessChanged,
)
from probewatch.core.model import PodUid
from tests.kube.events.scene import (
    POD,
    RESTART,
    Scene,
    make_scene,
    restarts,
)


async def test_one_pod_has_a_budget(scene: Scene) -> None:
    """A loop gets 25 Events, then one in five minutes; other pods are not affected."""
    scene.publish(*restarts(30))
    scene.publish(replace(RESTART, pod=replace(POD, uid=PodUid("another"))))

    assert ({"PodBudget": 5}, 26) == (scene.recorder.stats.dropped, scene.recorder.queued)

    scene.time.seconds += 300
    scene.publish(*restarts(32))

    assert 27 == scene.recorder.queued


def readiness(at: float) -> ReadinessChanged:
    return ReadinessChanged(
        pod=POD, to=Readiness.NOT_READY, reason=ReadinessReason.READINESS_PROBE, at=at
    )


def patterns(at: float) -> tuple[Finding, ...]:
    """The findings that sum up restarts and readiness changes at that time."""
    loop = {"pod": POD, "container": "app", "cause": Cause.LIVENESS_PROBE, "restart_count": int(at)}
    return (
        FlappingChanged(pod=POD, flapping=True, transitions=6, at=at),
        LoopStarted(**loop, restarts=3, window=600.0, at=at),  # type: ignore[arg-type]  # by name
        LoopEnded(**loop, started_at=at - 900, at=at),  # type: ignore[arg-type]  # by name
    )


def test_pattern_is_told_when_the_budget_is_used_up(scene: Scene) -> None:
    """Loops and flapping are reported even if the budget of the pod is used up."""
    scene.publish(*map(readiness, range(30)))
    scene.publish(*(replace(RESTART, restart_count=n) for n in range(30)))

    assert [False] * 3 == [scene.drops(finding) for finding in patterns(at=60.0)]
    assert scene.drops(replace(RESTART, restart_count=31))


def test_patterns_are_bounded_too(scene: Scene) -> None:
    """Loops and flapping have a limited budget of their own."""
    told = [finding for at in range(1, 40) for finding in patterns(at)]

    assert len(told) - 25 == sum(map(scene.drops, told))


def test_readiness_leaves_room_for_restarts(scene: Scene) -> None:
    """Readiness changes cannot use up the part of the budget reserved for restarts."""
    lost = 0
    for minute in range(0, 120, 2):
        scene.time.seconds += 120
        lost += sum(scene.drops(readiness(minute + half)) for half in (0.0, 0.5))

    assert (99, [False] * 15) == (
        lost,
        [scene.drops(replace(RESTART, restart_count=n)) for n in range(15)],
    )


def test_readiness_is_part_of_the_budget(scene: Scene) -> None:
    """What readiness used is missing for restarts, so a pod never has more than its budget."""
    for at in range(10):
        assert not scene.drops(readiness(at))

    told = [scene.drops(replace(RESTART, restart_count=n)) for n in range(16)]

    assert [*[False] * 15, True] == told


@pytest.mark.parametrize("burst", [1, 2])
def test_small_budget_has_room_for_readiness(burst: int) -> None:
    """Even the smallest budget allows one readiness Event."""
    scene = make_scene(pod_burst=burst)

    assert [False, True] == [scene.drops(readiness(at)) for at in (1.0, 2.0)]
