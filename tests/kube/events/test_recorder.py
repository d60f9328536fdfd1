"""The recorder writes each Event once, within bounds, and never blocks its caller."""

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
from probewatch.core.model import PodUid
from probewatch.core.spec import PodSpec
from probewatch.errors import ApiError
from probewatch.kube.events.attempts import LONE_TRIES, TRIES
from probewatch.kube.events.refusals import REFUSED_SECONDS, REJECTIONS
from probewatch.metrics.collector import DROPS
from tests.kube.events.scene import (
    POD,
    RESTART,
    WORKLOAD,
    Scene,
    elsewhere,
    make_scene,
    restarts,
)


async def test_finding_becomes_an_event_in_the_pods_namespace(scene: Scene) -> None:
    """A finding is posted once, in the namespace of its pod."""
    scene.publish(RESTART)

    await scene.settle()

    [(verb, path, body)] = scene.api.posted
    assert ("POST", "/apis/events.k8s.io/v1/namespaces/shop/events") == (verb, path)
    assert ("LivenessProbeRestart", "me") == (body["reason"], body["reportingInstance"])
    assert {"LivenessProbeRestart": 1} == scene.recorder.stats.posted


async def test_findings_without_an_event_are_left_alone(scene: Scene) -> None:
    """A finding without an Event, such as PodTracked, is not queued."""
    scene.recorder.publish(PodTracked(pod=POD, spec=PodSpec()), WORKLOAD)

    assert 0 == scene.recorder.queued


async def test_corrected_verdict_is_posted_for_its_pod(scene: Scene) -> None:
    """A corrected cause gets an Event of its own."""
    was = replace(RESTART, cause=Cause.UNKNOWN)
    scene.recorder.publish(RestartCorrected(was=was, now=RESTART), WORKLOAD)

    await scene.settle()

    assert 1 == len(scene.api.posted)


async def test_same_event_is_not_posted_again(scene: Scene) -> None:
    """An Event that this process has written is not sent again."""
    scene.publish(RESTART, RESTART)
    await scene.settle()
    scene.publish(RESTART)
    await scene.settle()

    assert 1 == len(scene.api.posted)


async def test_already_exists_is_success() -> None:
    """AlreadyExists is a success: a process before this one wrote the same Event."""
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
    """Temporary failures are retried after growing pauses, without losing the Event."""
    scene = make_scene(trouble, trouble, trouble)
    scene.publish(RESTART)

    await scene.settle()

    assert [0.5, 1.0, 2.0] == scene.time.slept
    assert (1, 3) == (scene.recorder.stats.posted.total(), scene.recorder.stats.retries)


async def test_server_says_how_long_to_wait() -> None:
    """Retry-After is a lower bound for the pause."""
    busy = (429, b'{"details":{"retryAfterSeconds":3}}')
    scene = make_scene(*[busy] * 4)
    scene.publish(RESTART)

    await scene.settle()

    assert [3.0, 3.0, 3.0, 4.0] == scene.time.slept
    assert 1 == scene.recorder.stats.posted.total()


async def test_server_that_is_away_for_long_costs_an_event() -> None:
    """After a few minutes without an answer an Event is dropped and counted; the next is tried."""
    scene = make_scene(*[OSError("reset")] * TRIES)
    scene.publish(*restarts(2))

    await scene.settle()

    assert {"Unanswered": 1} == scene.recorder.stats.dropped
    assert 1 == scene.recorder.stats.posted.total()
    assert 30.0 == max(scene.time.slept)


BROKEN_WEBHOOK = (500, b'{"message": "Internal error occurred: failed calling webhook"}')


async def test_error_in_one_namespace_holds_up_no_other() -> None:
    """While the server fails in one namespace, others are written without a pause."""
    scene = make_scene()
    scene.api.by_namespace["broken"] = BROKEN_WEBHOOK
    scene.publish(*elsewhere(3, "broken"), *restarts(1, pods=20))

    task = asyncio.create_task(scene.recorder.run())
    while scene.api.posted_in("shop") < 20:  # noqa: ASYNC110  # fake time has no events
        await asyncio.sleep(0)
    tried = scene.api.posted_in("broken")
    task.cancel()
    await asyncio.wait([task])

    assert tried < TRIES
    assert {"Shutdown": 3} == scene.recorder.stats.dropped


async def test_error_that_lasts_while_others_are_written_costs_the_event() -> None:
    """An Event that fails again and again is dropped, if others could be written meanwhile."""
    scene = make_scene()
    scene.api.by_namespace["broken"] = BROKEN_WEBHOOK
    scene.publish(*elsewhere(1, "broken"), RESTART)

    await scene.settle()

    assert {"Unanswered": 1} == scene.recorder.stats.dropped
    assert (1, TRIES) == (scene.api.posted_in("shop"), scene.api.posted_in("broken"))


@pytest.mark.parametrize(
    ("errors", "dropped"), [(LONE_TRIES - 1, {}), (LONE_TRIES, {"Unanswered": 1})]
)
async def test_error_that_all_events_meet_is_waited_for(
    errors: int, dropped: dict[str, int]
) -> None:
    """While nothing can be written, an Event is kept for longer, and its time stays."""
    scene = make_scene(*[BROKEN_WEBHOOK] * errors)
    scene.publish(RESTART)

    await scene.settle()

    assert dropped == scene.recorder.stats.dropped
    assert 1200 < sum(scene.time.slept) < 2400
    assert 1 == len({str(body["eventTime"]) for _, _, body in scene.api.posted})


TERMINATING = (403, b'{"details": {"causes": [{"reason": "NamespaceTerminating"}]}}')


async def test_outage_that_follows_errors_costs_no_event() -> None:
    """An Event that met errors for minutes is still tried again while the server is away."""
    scene = make_scene(*[BROKEN_WEBHOOK] * TRIES, *[OSError("reset")] * (TRIES - 1))
    scene.publish(RESTART)

    await scene.settle()

    assert {} == scene.recorder.stats.dropped
    assert 1 == scene.recorder.stats.posted.total()


async def test_event_that_is_dropped_between_two_tries_is_forgotten() -> None:
    """If it is published again, it is rendered anew: nothing of a dropped Event is kept."""
    scene = make_scene(queue_length=2, workers=2)
    scene.api.by_namespace["broken"] = BROKEN_WEBHOOK
    broken = elsewhere(2, "broken")
    scene.publish(*broken)
    scene.api.open_for_business.clear()
    task = asyncio.create_task(scene.recorder.run())
    while scene.recorder.queued:  # noqa: ASYNC110  # fake time has no events
        await asyncio.sleep(0)
    scene.api.open_for_business.set()
    while scene.recorder.queued < 2:  # noqa: ASYNC110  # likewise
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    scene.publish(RESTART)
    scene.api.by_namespace.clear()
    await scene.settle()
    scene.time.seconds += 60
    scene.publish(*broken)
    await scene.settle()

    first, *_, last = (str(body["eventTime"]) for _, _, body in scene.api.posted)
    assert (1, 3) == (
        scene.recorder.stats.dropped["QueueFull"],
        scene.recorder.stats.posted.total(),
    )
    assert first < last


async def test_namespace_that_is_being_deleted_takes_no_turns() -> None:
    """It is asked once; all its other Events leave the rate limit to other namespaces."""
    scene = make_scene(burst=1, per_second=1.0)
    scene.api.by_namespace["ended"] = TERMINATING
    scene.publish(*elsewhere(20, "ended"), *restarts(1, pods=10))

    await scene.settle()

    assert (10, 1) == (scene.api.posted_in("shop"), scene.api.posted_in("ended"))
    assert {"NamespaceTerminating": 20} == scene.recorder.stats.dropped
    assert 10 >= sum(scene.time.slept)


async def test_namespace_that_refuses_is_asked_again_later() -> None:
    """After half a minute one Event is sent, and once it is accepted, all are."""
    scene = make_scene()
    scene.api.by_namespace["ended"] = TERMINATING
    scene.publish(*elsewhere(2, "ended"))
    await scene.settle()
    del scene.api.by_namespace["ended"]
    scene.time.seconds += REFUSED_SECONDS - 1
    scene.publish(*elsewhere(1, "ended", first=3))
    await scene.settle()
    scene.time.seconds += 1
    scene.publish(*elsewhere(4, "ended", first=4))
    await scene.settle()

    assert (4, 1 + 4) == (scene.recorder.stats.posted.total(), scene.api.posted_in("ended"))
    assert {"NamespaceTerminating": 3} == scene.recorder.stats.dropped


@pytest.mark.parametrize("answer", [(422, b"invalid"), (403, b"exceeded quota")])
async def test_rejections_in_a_row_concern_the_namespace(answer: tuple[int, bytes]) -> None:
    """A policy may reject a single Event or all: the latter is believed after several in a row."""
    scene = make_scene(*[answer] * (REJECTIONS - 1), (201, b"{}"), *[answer] * REJECTIONS)
    scene.publish(*restarts(1, pods=REJECTIONS * 2 + 10))

    await scene.settle()

    assert 2 * REJECTIONS == len(scene.api.posted)
    assert 2 * REJECTIONS - 1 + 10 == scene.recorder.stats.dropped.total()


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ((403, b"forbidden"), "Forbidden"),
        ((404, b""), "NamespaceGone"),
        ((422, b"invalid"), "Rejected"),
        ((302, b""), "Rejected"),
        ((403, b'{"causes":[{"reason":"NamespaceTerminating"}]}'), "NamespaceTerminating"),
    ],
)
async def test_refusal_is_final(answer: tuple[int, bytes], why: str) -> None:
    """A refused Event is not sent again, and the reason is counted."""
    scene = make_scene(*[answer] * TRIES)
    scene.publish(RESTART)

    await scene.settle()

    assert {why: 1} == scene.recorder.stats.dropped
    assert 1 == len(scene.api.posted)
    assert why in DROPS


REFUSALS = 5
"""Of one Event, until they are believed: after 0, 1, 2, 4 and 8 seconds."""

NO_RIGHT = (403, b'{"message":"User \\"me\\" cannot create resource \\"events\\" in API group"}')


async def test_server_that_has_just_started_is_not_believed() -> None:
    """A starting server forbids for a moment what it allows: that loses no Event."""
    away: list[tuple[int, bytes] | Exception] = [OSError("reset")] * 5
    scene = make_scene(*away, *[NO_RIGHT] * 4, (201, b"{}"), *[NO_RIGHT] * 4)
    scene.publish(*restarts(2))

    await scene.settle()

    assert {} == scene.recorder.stats.dropped
    assert 2 == scene.recorder.stats.posted.total()


async def test_server_that_starts_again_and_again_is_not_believed() -> None:
    """Only several refusals in a row count as a missing right."""
    start = [NO_RIGHT] * (REFUSALS - 2)
    scene = make_scene(*start, (500, b"{}"), *start, OSError("reset"), *start, (201, b"{}"))
    scene.publish(RESTART)

    await scene.settle()

    assert {} == scene.recorder.stats.dropped
    assert 1 == scene.recorder.stats.posted.total()


async def test_right_that_is_missing_costs_two_requests_a_minute() -> None:
    """A right that is believed to be missing is asked for with one Event each half minute."""
    scene = make_scene(*[NO_RIGHT] * (REFUSALS + 1))
    scene.publish(*restarts(1, pods=3))
    await scene.settle()
    for pods in (6, 9):
        scene.time.seconds += REFUSED_SECONDS
        scene.publish(*restarts(1, pods=pods))
        await scene.settle()

    assert {"Forbidden": 6} == scene.recorder.stats.dropped
    assert 3 == scene.recorder.stats.posted.total()
    assert REFUSALS + 1 + 3 == len(scene.api.posted)


async def test_namespaces_without_the_right_hold_up_no_other() -> None:
    """While rights are doubted in many namespaces, each other one has its turn as always."""
    scene = make_scene(*[NO_RIGHT] * 20)
    others = [replace(POD, namespace=f"n{n}", uid=PodUid(f"u-n{n}")) for n in range(20)]
    scene.publish(*(replace(RESTART, pod=each) for each in others), RESTART)

    await scene.settle()

    posted = [path.split("/")[-2] for _, path, _ in scene.api.posted]
    assert [*(each.namespace for each in others), "shop"] == posted[:21]
    assert (21, Counter()) == (scene.recorder.stats.posted.total(), scene.recorder.stats.dropped)


async def test_event_of_a_doubted_namespace_is_not_lost_with_the_run() -> None:
    """If writing ends and begins again, what waited for the end of a pause is written."""
    scene = make_scene(NO_RIGHT)
    scene.publish(RESTART)
    task = asyncio.create_task(scene.recorder.run())
    while not scene.api.posted:  # noqa: ASYNC110  # a few turns of the loop
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert 1 == scene.recorder.queued

    await scene.settle()

    assert 1 == scene.recorder.stats.posted.total()


async def test_refusals_are_logged_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    """A missing right is logged once a minute, with the answer cut and sanitized."""
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
    """The log shows the message of the server's Status, not the whole object."""
    status = b'{"kind": "Status", "metadata": {}, "message": "policy says no", "code": 422}'
    scene = make_scene((422, status))
    scene.publish(RESTART)
    await scene.settle()

    assert ["policy says no"] == [vars(each)["answer"] for each in caplog.records]


async def test_terminating_namespace_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Events refused by a terminating namespace are not logged."""
    scene = make_scene((403, b"NamespaceTerminating"))
    scene.publish(RESTART)

    await scene.settle()

    assert [] == caplog.records


async def test_all_events_together_have_a_rate() -> None:
    """After a burst, Events of all pods are limited to the steady rate."""
    scene = make_scene(burst=10, per_second=5.0)
    scene.publish(*restarts(1, pods=20))

    await scene.settle()

    assert 20 == scene.recorder.stats.posted.total()
    assert pytest.approx(2.0) == sum(scene.time.slept)


async def test_end_waits_for_what_is_queued_but_not_for_ever(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Shutdown waits for queued Events up to a limit, and logs how many are lost.

    The one that was sent may exist all the same: it counts as unanswered.
    """
    scene = make_scene()
    scene.api.open_for_business.clear()
    scene.publish(*restarts(1, pods=3))
    task = asyncio.create_task(scene.recorder.run())
    await asyncio.sleep(0)
    await asyncio.sleep(0)

    await scene.recorder.drain(0.01)
    task.cancel()
    await asyncio.wait([task])

    assert {"Shutdown": 2, "Unanswered": 1} == scene.recorder.stats.dropped
    assert [(2, 1)] == [
        (vars(each)["dropped"], vars(each)["unanswered"]) for each in caplog.records
    ]


async def test_end_tells_of_events_that_were_sent_but_not_answered(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An Event that may exist is logged at the end, also if none was dropped."""
    scene = make_scene()
    scene.api.open_for_business.clear()
    scene.publish(RESTART)
    task = asyncio.create_task(scene.recorder.run())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])

    assert [(0, 1)] == [
        (vars(each)["dropped"], vars(each)["unanswered"]) for each in caplog.records
    ]


async def test_event_that_waits_for_its_next_try_at_the_end_is_dropped() -> None:
    """Shutdown drops an Event that was answered with an error: it was surely not written."""
    scene = make_scene(*[(500, b"")] * 2)
    scene.publish(RESTART)
    task = asyncio.create_task(scene.recorder.run())
    while not scene.time.slept:  # noqa: ASYNC110  # fake time has no events
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])

    assert {"Shutdown": 1} == scene.recorder.stats.dropped


async def test_event_that_meets_a_bug_does_not_stop_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is dropped as an internal error; another worker's Event is not cut off by it."""
    scene = make_scene(workers=2)
    scene.api.open_for_business.clear()
    odd = replace(RESTART, evidence=(None,), restart_count=99)  # type: ignore[arg-type]  # that is the bug
    scene.publish(*restarts(1), odd, *restarts(3))
    task = asyncio.create_task(scene.recorder.run())
    for _ in range(10):
        await asyncio.sleep(0)
    scene.api.open_for_business.set()
    await scene.recorder.drain(5)
    task.cancel()
    await asyncio.wait([task])

    assert {"InternalError": 1} == scene.recorder.stats.dropped
    assert 3 == scene.recorder.stats.posted.total()
    assert [logging.ERROR] == [each.levelno for each in caplog.records]
    assert "InternalError" in DROPS


async def test_event_that_is_written_late_is_not_dropped() -> None:
    """An Event written after the drain's timeout counts as posted, not as dropped."""
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
    """Only the names and budgets of the last few thousand pods are kept."""
    scene = make_scene(queue_length=6000)
    scene.publish(*restarts(1, pods=5000))
    scene.publish(*restarts(1, pods=1))

    assert 5001 == scene.recorder.queued
