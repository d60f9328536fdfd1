"""Events are written once, within bounds, and never make anyone wait."""

import asyncio
import logging
from collections import Counter
from dataclasses import replace

import pytest

from probewatch.core.causes import Cause
from probewatch.core.findings import (
    PodTracked,
    RestartCorrected,
)
from probewatch.core.spec import PodSpec
from probewatch.errors import ApiError
from probewatch.kube.events.writer import DOUBTS, TRIES
from probewatch.metrics.collector import DROPS
from tests.kube.events.scene import (
    POD,
    RESTART,
    WORKLOAD,
    Scene,
    make_scene,
    restarts,
)


async def test_finding_becomes_an_event_in_the_pods_namespace(scene: Scene) -> None:
    """A finding is posted once, where kubectl looks for the pod's Events."""
    scene.publish(RESTART)

    await scene.settle()

    [(verb, path, body)] = scene.api.posted
    assert ("POST", "/apis/events.k8s.io/v1/namespaces/shop/events") == (verb, path)
    assert ("LivenessProbeRestart", "me") == (body["reason"], body["reportingInstance"])
    assert {"LivenessProbeRestart": 1} == scene.recorder.stats.posted


async def test_findings_without_an_event_are_left_alone(scene: Scene) -> None:
    """Tracking a pod, say, is no news: nothing is queued."""
    scene.recorder.publish(PodTracked(pod=POD, spec=PodSpec()), WORKLOAD)

    assert 0 == scene.recorder.queued


async def test_corrected_verdict_is_posted_for_its_pod(scene: Scene) -> None:
    """A cause that turned out to be another gets an Event of its own."""
    was = replace(RESTART, cause=Cause.UNKNOWN)
    scene.recorder.publish(RestartCorrected(was=was, now=RESTART), WORKLOAD)

    await scene.settle()

    assert 1 == len(scene.api.posted)


async def test_same_event_is_not_posted_again(scene: Scene) -> None:
    """What was told in this life is not sent a second time."""
    scene.publish(RESTART, RESTART)
    await scene.settle()
    scene.publish(RESTART)
    await scene.settle()

    assert 1 == len(scene.api.posted)


async def test_already_exists_is_success() -> None:
    """After a crash the same Event is posted again; that it is there already is what we want."""
    scene = make_scene((409, b'{"reason":"AlreadyExists"}'))
    scene.publish(RESTART)

    await scene.settle()

    stats = scene.recorder.stats
    assert (1, 1, Counter()) == (stats.posted.total(), stats.existed, stats.dropped)


@pytest.mark.parametrize(
    "trouble",
    [
        (500, b""),
        (503, b""),
        (429, b""),
        (401, b""),
        ApiError("gone"),
        OSError("reset"),
        TimeoutError(),
    ],
    ids=["500", "503", "429", "401", "api error", "reset", "timeout"],
)
async def test_trouble_that_may_pass_is_tried_again(
    trouble: tuple[int, bytes] | Exception,
) -> None:
    """No answer, or one that says "not now", costs a growing pause and no Event."""
    scene = make_scene(trouble, trouble, trouble)
    scene.publish(RESTART)

    await scene.settle()

    assert [0.5, 1.0, 2.0] == scene.time.slept
    assert (1, 3) == (scene.recorder.stats.posted.total(), scene.recorder.stats.retries)


async def test_server_says_how_long_to_wait() -> None:
    """An Event is not sent again before it may be; our own pauses may be longer."""
    busy = (429, b'{"details":{"retryAfterSeconds":3}}')
    scene = make_scene(*[busy] * 4)
    scene.publish(RESTART)

    await scene.settle()

    assert [3.0, 3.0, 3.0, 4.0] == scene.time.slept
    assert 1 == scene.recorder.stats.posted.total()


async def test_trouble_that_does_not_pass_is_given_up() -> None:
    """After about four minutes an Event is dropped and counted; the next one is tried anew."""
    scene = make_scene(*[(500, b"boom")] * TRIES)
    scene.publish(*restarts(2))

    await scene.settle()

    assert {"Unanswered": 1} == scene.recorder.stats.dropped
    assert 1 == scene.recorder.stats.posted.total()
    assert 30.0 == max(scene.time.slept)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ((403, b"forbidden"), "Forbidden"),
        ((404, b""), "NamespaceGone"),
        ((422, b"invalid"), "Rejected"),
        ((302, b""), "Rejected"),
        ((799, b""), "Unanswered"),
        ((403, b'{"causes":[{"reason":"NamespaceTerminating"}]}'), "NamespaceTerminating"),
    ],
)
async def test_refusal_is_final(answer: tuple[int, bytes], why: str) -> None:
    """What the API server refuses is not sent again; the reason is counted, from 0 on."""
    scene = make_scene(*[answer] * TRIES)
    scene.publish(RESTART)

    await scene.settle()

    assert {why: 1} == scene.recorder.stats.dropped
    assert (TRIES if why == "Unanswered" else 1) == len(scene.api.posted)
    assert why in DROPS


NO_RIGHT = (403, b'{"message":"User \\"me\\" cannot create resource \\"events\\" in API group"}')


async def test_server_that_has_just_started_is_not_believed() -> None:
    """It forbids for a moment what it allows, and no Event is lost by that, nor later on."""
    away: list[tuple[int, bytes] | Exception] = [OSError("reset")] * 5
    scene = make_scene(*away, *[NO_RIGHT] * 4, (201, b"{}"), *[NO_RIGHT] * 4)
    scene.publish(*restarts(2))

    await scene.settle()

    assert {} == scene.recorder.stats.dropped
    assert 2 == scene.recorder.stats.posted.total()


async def test_server_that_starts_again_and_again_is_not_believed() -> None:
    """A right is missing if it is refused several times in a row, not now and then."""
    start = [NO_RIGHT] * (DOUBTS - 2)
    scene = make_scene(*start, (500, b"{}"), *start, OSError("reset"), *start, (201, b"{}"))
    scene.publish(RESTART)

    await scene.settle()

    assert {} == scene.recorder.stats.dropped
    assert 1 == scene.recorder.stats.posted.total()


async def test_right_that_is_missing_costs_one_request_for_each_event() -> None:
    """Once that is sure, it is not doubted any more until an Event was written."""
    scene = make_scene(*[NO_RIGHT] * (DOUBTS + 2), (201, b"{}"), NO_RIGHT)
    scene.publish(*restarts(5))

    await scene.settle()

    assert {"Forbidden": 3} == scene.recorder.stats.dropped
    assert 2 == scene.recorder.stats.posted.total()
    assert DOUBTS + 5 == len(scene.api.posted)


async def test_refusals_are_logged_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    """A missing right is named once in a minute, with the answer cut and made harmless."""
    scene = make_scene(*[(403, b"no\nright\x1b[2J" + b"x" * 1000)] * 9)
    with caplog.at_level(logging.WARNING):
        scene.publish(*restarts(3))
        await scene.settle()
        scene.time.seconds += 61
        scene.publish(*restarts(5))
        await scene.settle()

    assert 2 == len(caplog.records)
    answer = vars(caplog.records[0])["answer"]
    assert answer.startswith("no right[2J")
    assert len(answer.encode()) <= 256


async def test_refusal_is_told_in_the_servers_words(caplog: pytest.LogCaptureFixture) -> None:
    """Whoever reads the log sees what a policy says, and not the object that says it."""
    status = b'{"kind": "Status", "metadata": {}, "message": "policy says no", "code": 422}'
    scene = make_scene((422, status))
    scene.publish(RESTART)
    await scene.settle()

    assert ["policy says no"] == [vars(each)["answer"] for each in caplog.records]


async def test_terminating_namespace_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Pods of a namespace that is being deleted get no Event, and that is no trouble."""
    scene = make_scene((403, b"NamespaceTerminating"))
    scene.publish(RESTART)

    await scene.settle()

    assert [] == caplog.records


async def test_all_events_together_have_a_rate() -> None:
    """After the first burst, Events leave at the steady rate: the API server is no log file."""
    scene = make_scene(burst=10, per_second=5.0)
    scene.publish(*restarts(1, pods=20))

    await scene.settle()

    assert 20 == scene.recorder.stats.posted.total()
    assert pytest.approx(2.0) == sum(scene.time.slept)


async def test_end_waits_for_what_is_queued_but_not_for_ever(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """When the API server is silent, the end comes after the given time; losses are logged."""
    scene = make_scene()
    scene.api.open_for_business.clear()
    scene.publish(*restarts(1, pods=3))
    task = asyncio.create_task(scene.recorder.run())
    await asyncio.sleep(0)
    await asyncio.sleep(0)

    await scene.recorder.drain(0.01)
    task.cancel()
    await asyncio.wait([task])

    assert {"Shutdown": 3} == scene.recorder.stats.dropped
    assert [3] == [vars(each)["dropped"] for each in caplog.records]


async def test_event_that_is_written_late_is_not_dropped() -> None:
    """The time to write has passed, and writing goes on until the end: all are counted once."""
    scene = make_scene()
    scene.api.open_for_business.clear()
    scene.publish(*restarts(1, pods=3))
    task = asyncio.create_task(scene.recorder.run())
    await scene.recorder.drain(0.01)
    scene.api.open_for_business.set()
    await scene.recorder.drain(5)
    task.cancel()
    await asyncio.wait([task])

    stats = scene.recorder.stats
    assert (3, Counter()) == (stats.posted.total(), stats.dropped)


async def test_memory_of_names_is_bounded() -> None:
    """Names and budgets of the last few thousand are kept, not of all pods there ever were."""
    scene = make_scene(queue_length=6000)
    scene.publish(*restarts(1, pods=5000))
    scene.publish(*restarts(1, pods=1))

    assert 5001 == scene.recorder.queued
