"""The queue of Events: bounded, and shared fairly between namespaces."""

import asyncio
from collections import Counter
from dataclasses import replace

from probewatch.core.findings import (
    Restart,
)
from probewatch.core.model import PodUid
from probewatch.core.spec import PodSpec
from probewatch.kube.events.draft import EventDraft
from probewatch.kube.events.making import draft_event
from probewatch.kube.events.queue import EventQueue
from tests.kube.events.scene import (
    POD,
    RESTART,
    WORKLOAD,
    Scene,
    make_scene,
    restarts,
)


async def test_queue_is_bounded() -> None:
    """Without an answer from the API server Events are dropped and counted; memory is bounded."""
    scene = make_scene(queue_length=10)
    scene.publish(*restarts(1, pods=15))

    assert (10, {"QueueFull": 5}) == (scene.recorder.queued, scene.recorder.stats.dropped)


def of(namespace: str, number: int) -> list[Restart]:
    """Restarts in another namespace, each of another pod."""
    return [
        replace(RESTART, pod=replace(POD, namespace=namespace, uid=PodUid(f"{namespace}-{n}")))
        for n in range(number)
    ]


def told(scene: Scene) -> list[str]:
    """The namespaces of the written Events, in order."""
    return [path.split("/")[-2] for _, path, _ in scene.api.posted]


async def test_namespaces_take_turns() -> None:
    """Namespaces are served in turn, however many Events one of them has."""
    scene = make_scene()
    scene.publish(*of("noisy", 4), *of("loud", 2), *of("shop", 1))

    await scene.settle()

    assert ["noisy", "loud", "shop", "noisy", "loud", "noisy", "noisy"] == told(scene)


async def test_namespace_with_the_most_events_gives_way() -> None:
    """A full queue drops Events of the namespace that has most, and counts them."""
    scene = make_scene(queue_length=10)
    scene.publish(*of("noisy", 12), *of("shop", 3))

    assert (10, {"QueueFull": 5}) == (scene.recorder.queued, scene.recorder.stats.dropped)
    await scene.settle()
    assert {"noisy": 7, "shop": 3} == Counter(told(scene))


async def test_no_namespace_gives_way_to_one_that_has_as_many() -> None:
    """If all namespaces have the same share, the new Event is dropped."""
    scene = make_scene(queue_length=4)
    scene.publish(*of("shop", 2), *of("bank", 2), *of("shop", 3), *of("bank", 3))

    await scene.settle()

    assert ["shop", "bank", "shop", "bank"] == told(scene)


async def test_event_that_gave_way_may_be_told_again() -> None:
    """An Event that was dropped from the queue may be published again."""
    scene = make_scene(queue_length=2)
    scene.publish(*of("noisy", 2), *of("shop", 1))
    await scene.settle()
    scene.publish(*of("noisy", 2))
    await scene.settle()

    assert {"noisy": 2, "shop": 1} == Counter(told(scene))


def draft_of(namespace: str, number: int) -> EventDraft:
    draft = draft_event(of(namespace, number)[-1], WORKLOAD, PodSpec())
    assert draft is not None
    return draft


async def test_newest_event_gives_way() -> None:
    """Of the namespace with most Events the newest one is dropped, and the oldest are kept."""
    queue = EventQueue(3)
    oldest, middle, newest = (draft_of("noisy", number) for number in (1, 2, 3))
    for each in (oldest, middle, newest):
        queue.put(each)

    assert newest is queue.put(draft_of("shop", 1))
    await queue.get()
    await queue.get()
    assert middle is await queue.get()


async def test_event_that_is_put_back_stays_the_first() -> None:
    """An Event that has to wait is written before later ones of its namespace, after one pause."""
    queue = EventQueue(9)
    first, second = draft_of("shop", 1), draft_of("shop", 2)
    queue.put(first)
    queue.put(second)
    await queue.get()
    await queue.get()
    is_new = [queue.put_back(second), queue.put_back(first)]
    queue.release("shop")

    assert [True, False] == is_new
    assert [first, second] == [await queue.get(), await queue.get()]


async def test_queue_is_done_once_all_events_are_processed() -> None:
    """At shutdown Events whose answers have not come yet are waited for, as well as queued ones."""
    queue = EventQueue(9)
    for number in (1, 2):
        queue.put(draft_of("shop", number))
        await queue.get()
    joined = asyncio.create_task(queue.join())
    queue.done()
    await asyncio.sleep(0)
    is_early = joined.done()
    queue.done()
    await joined

    assert not is_early
