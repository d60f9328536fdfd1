"""Parts are built with the limits of the settings, each with its own."""

import asyncio
from dataclasses import replace

import pytest

from probewatch.boundary import Boundary
from probewatch.kube.events.recorder import Recorder
from probewatch.service.builders import build_health, build_recorder
from probewatch.service.watches import Watch
from probewatch.settings import Settings
from probewatch.watch.transport import WatchStats
from tests.kube.events.scene import WORKLOAD, FakeEvents, restarts
from tests.service.waiting import until
from tests.support.fake_time import FakeTime

SETTINGS = replace(
    Settings(),
    event_queue_length=9,
    event_workers=3,
    events_per_second=0.5,
    events_burst=7,
    pod_events_burst=2,
    pod_event_refill_seconds=100.0,
)


def make(api: FakeEvents, time: FakeTime) -> Recorder:
    boundary = Boundary(clock=time.clock)
    client: object = api
    return build_recorder(SETTINGS, client, lambda _uid: None, boundary=boundary)  # type: ignore[arg-type]  # it makes requests, as far as they are needed


async def test_budget_of_a_pod_is_that_of_the_settings() -> None:
    """A pod gets its burst of Events, and one more after the time of its refill."""
    time = FakeTime()
    recorder = make(FakeEvents(), time)
    told = []
    for number, finding in enumerate(restarts(5)):
        time.seconds += {3: 99.0, 4: 1.0}.get(number, 0.0)
        recorder.publish(finding, WORKLOAD)
        told.append(recorder.stats.dropped["PodBudget"])

    assert [0, 0, 1, 2, 2] == told


async def test_queue_of_events_is_as_long_as_in_the_settings() -> None:
    """As many Events are queued as the settings say; the others are dropped and counted."""
    recorder = make(FakeEvents(), FakeTime())
    for finding in restarts(1, pods=12):
        recorder.publish(finding, WORKLOAD)

    assert (9, 3) == (recorder.queued, recorder.stats.dropped["QueueFull"])


async def test_events_are_written_at_the_rate_of_the_settings() -> None:
    """The burst is written at once, each further Event after its share of a second."""
    api, time = FakeEvents(), FakeTime()
    recorder = make(api, time)
    for finding in restarts(1, pods=9):
        recorder.publish(finding, WORKLOAD)
    begun = time.seconds
    running = asyncio.create_task(recorder.run())
    await recorder.drain(5)
    running.cancel()

    assert 9 == len(api.posted)
    assert time.seconds - begun == pytest.approx(4.0)


async def test_as_many_events_are_written_at_once_as_in_the_settings() -> None:
    """No more requests are under way than the settings have workers."""

    class SlowEvents(FakeEvents):
        """Counts the requests that have begun."""

        begun = 0

        async def request(
            self, verb: str, path: str, *, body: object | None = None
        ) -> tuple[int, bytes]:
            self.begun += 1
            return await super().request(verb, path, body=body)

    api = SlowEvents()
    api.open_for_business.clear()
    recorder = make(api, FakeTime())
    for finding in restarts(1, pods=6):
        recorder.publish(finding, WORKLOAD)
    running = asyncio.create_task(recorder.run())
    async with asyncio.timeout(5):
        await until(lambda: api.begun >= SETTINGS.event_workers)
    for _ in range(10):
        await asyncio.sleep(0)

    assert SETTINGS.event_workers == api.begun
    running.cancel()


def test_silence_is_judged_by_the_settings() -> None:
    """A watch counts as silent after the time of the settings; an optional one may never begin."""
    time = FakeTime()
    settings = replace(Settings(), unhealthy_after_seconds=90.0)
    stats = [WatchStats(resource=name) for name in ("pods", "events")]
    watches = [
        Watch(name=each.resource, stats=each, run=asyncio.Event().wait, is_essential=number == 0)
        for number, each in enumerate(stats)
    ]
    health = build_health(settings, watches, clock=time.clock)
    told = []
    for seconds in (90.0, 1.0):
        time.seconds += seconds
        told.append(health.find_silence())

    assert ((), ("the watch of pods was silent for 91 s",)) == tuple(told)
    assert ("pods are not listed in full yet",) == health.find_unsynced()
