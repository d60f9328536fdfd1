"""The service: what fails is tried again or passed over, and the end has an order and a limit."""

import asyncio
from dataclasses import replace

import aiohttp
import pytest
from aiohttp import web

from probewatch.core.observe import PodObserved
from probewatch.kube.access import Access
from probewatch.kube.client import ApiClient
from probewatch.kube.login import Login
from probewatch.service.builders import Worker, build_health
from probewatch.service.parts import Parts
from probewatch.service.service import Service
from probewatch.service.watches import Watch
from probewatch.settings import Settings
from probewatch.supervisor import Supervisor
from probewatch.watch.transport import WatchStats
from tests.service.waiting import until, wait_for_the_end
from tests.support.controller_scene import pod
from tests.support.credentials import HeldCredentials
from tests.support.fake_cluster import FakeCluster, serving
from tests.support.fake_time import FakeTime
from tests.support.operator_parts import NOBODY

SETTINGS = Settings(metrics_address="127.0.0.1:0", instance="test", dry_run=True)


class StillTime(FakeTime):
    """A clock that only the test moves: whoever sleeps is not woken."""

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.Event().wait()


async def make_idle_parts(
    time: FakeTime, settings: Settings = SETTINGS, access: Access = NOBODY
) -> Parts:
    """All parts, of which none does anything."""
    login = Login(HeldCredentials(access), clock=time.clock)
    await login.read()
    client = ApiClient(login, timeout_seconds=1, clock=time.clock)
    parts = Parts(settings=settings, login=login, client=client, clock=time.clock)
    parts.supervisor = Supervisor(wait_for_the_end, clock=time.clock)
    parts.preparations = parts.workers = parts.drains = parts.watches = ()
    return parts


async def test_error_of_the_supervisor_ends_nothing() -> None:
    """If there is no thread for kopf, as at a limit of processes, that is tried again."""
    time, stop = FakeTime(), asyncio.Event()
    parts = await make_idle_parts(time)
    tries: list[int] = []

    def monotonic() -> float:
        tries.append(len(tries))
        if len(tries) < 3:
            raise RuntimeError("can't start new thread")
        stop.set()
        return 0.0

    parts.supervisor = Supervisor(wait_for_the_end, clock=replace(time.clock, monotonic=monotonic))
    await Service(parts).run(stop)

    assert 3 == len(tries)
    assert 2 == parts.boundary.errors["kopf"]


async def test_preparation_that_fails_is_tried_again() -> None:
    """Nothing is watched before the preparation that failed has succeeded."""
    parts, stop = await make_idle_parts(FakeTime()), asyncio.Event()
    told: list[str] = []

    async def load() -> None:
        told.append("load")
        if told.count("load") < 3:
            raise OSError

    async def watch() -> None:
        told.append("watch")
        stop.set()
        await asyncio.Event().wait()

    parts.preparations = (Worker(name="records", run=load),)
    stats = WatchStats(resource="pods")
    parts.watches = (Watch(name="pods", stats=stats, run=watch, is_essential=True),)
    await Service(parts).run(stop)

    assert ["load", "load", "load", "watch"] == told
    assert parts.prepared


async def test_missing_right_is_told_while_it_prepares(caplog: pytest.LogCaptureFixture) -> None:
    """What is missing is asked once the API server is ready, not only after all preparations."""
    cluster, stop = FakeCluster(), asyncio.Event()
    asked_early: list[str] = []

    async def deny(_request: web.Request) -> web.StreamResponse:
        return web.json_response({"status": {"allowed": False}}, status=201)

    async def greet() -> None:
        for _ in range(10):
            await asyncio.sleep(0)
        asked_early.extend(each.path for each in cluster.asked)

    cluster.instead = deny
    async with serving(cluster) as server, asyncio.timeout(5):
        parts = await make_idle_parts(FakeTime(), access=replace(NOBODY, server=server))
        load = Worker(name="load records", run=asyncio.Event().wait)
        parts.preparations = (Worker(name="greet", run=greet), load)
        async with parts.client, asyncio.TaskGroup() as group:
            group.create_task(Service(parts).run(stop))
            await until(lambda: "A right is missing" in caplog.messages)
            stop.set()

    assert [] == asked_early
    assert not parts.prepared


async def test_drain_that_fails_stops_no_other() -> None:
    """If findings cannot be published at the end, records and Events are written all the same."""
    parts, stop = await make_idle_parts(FakeTime()), asyncio.Event()
    told: list[str] = []

    async def fail(_seconds: float) -> None:
        told.append("fail")
        raise OSError

    async def write(_seconds: float) -> None:
        told.append("write")

    parts.drains = (fail, write)
    stop.set()
    await Service(parts).run(stop)

    assert ["fail", "write"] == told


async def test_drains_share_the_time_of_the_shutdown() -> None:
    """Each drain gets what the drains before it left of the time; it is never negative."""
    time, stop = StillTime(), asyncio.Event()
    parts = await make_idle_parts(time, replace(SETTINGS, shutdown_seconds=5.0))
    given: list[float] = []

    async def take_long(seconds: float) -> None:
        given.append(seconds)
        time.seconds += 3.0

    parts.drains = (take_long,) * 3
    stop.set()
    await Service(parts).run(stop)

    assert [5.0, 2.0, 0.0] == given


class SlowToEnd(Supervisor):
    """A kopf whose thread goes on until all is written."""

    def __init__(self, time: FakeTime) -> None:
        super().__init__(wait_for_the_end, clock=time.clock)
        self.is_written = asyncio.Event()

    async def run(self) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await self.is_written.wait()


async def test_nothing_waits_to_be_written_until_kopf_has_ended() -> None:
    """Its thread may take all the time of the shutdown, which the last restarts need."""
    time, stop = FakeTime(), asyncio.Event()
    parts = await make_idle_parts(time)
    parts.supervisor = kopf = SlowToEnd(time)

    async def write(_seconds: float) -> None:
        kopf.is_written.set()

    parts.drains = (write,)
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        running = group.create_task(Service(parts).run(stop))
        await asyncio.sleep(0)
        stop.set()
        await running

    assert kopf.is_written.is_set()


async def test_observing_stops_before_findings_are_published() -> None:
    """At the end, watches stop first, then findings are published, then all other work stops."""
    parts, stop = await make_idle_parts(FakeTime()), asyncio.Event()
    told: list[str] = []

    async def work(name: str) -> None:
        try:
            told.append(f"{name} begins")
            await asyncio.Event().wait()
        finally:
            told.append(f"{name} ends")

    async def watch() -> None:
        stop.set()
        await work("watch")

    async def write(_seconds: float) -> None:
        told.append("write")

    stats = WatchStats(resource="pods")
    parts.watches = (Watch(name="pods", stats=stats, run=watch, is_essential=True),)
    parts.workers = (Worker(name="publish", run=lambda: work("publish")),)
    parts.drains = (write,)
    async with asyncio.timeout(5):
        await Service(parts).run(stop)

    assert ["publish begins", "watch begins", "watch ends", "write", "publish ends"] == told


async def test_server_answers_until_the_end_and_no_longer() -> None:
    """The server answers during the shutdown, and is closed when the service ends."""
    parts, stop = await make_idle_parts(FakeTime()), asyncio.Event()
    answers: list[int] = []

    ports: list[int] = []

    async def ask(_seconds: float) -> None:
        ports.append(parts.server.port)
        url = f"http://127.0.0.1:{parts.server.port}/healthz"
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            answers.append(response.status)

    parts.drains = (ask,)
    stop.set()
    await Service(parts).run(stop)

    assert [200] == answers
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", ports[0])


async def test_lease_is_given_up_once_the_cluster_was_restored() -> None:
    """Once the resourceVersions of pods went back, this process gives up the Lease."""
    settings = replace(SETTINGS, dry_run=False, lease_namespace="probewatch")
    parts, stop = await make_idle_parts(FakeTime(), settings), asyncio.Event()
    stats = WatchStats(resource="pods", synced=True)
    pods = Watch(name="pods", stats=stats, run=asyncio.Event().wait, is_essential=True)
    parts.health = build_health(settings, (pods,), clock=parts.clock)
    recording = parts.recording
    assert recording is not None

    async def wait_for_it() -> None:
        for _ in range(10):
            await asyncio.sleep(0)
        assert not recording.lease.is_elsewhere
        stats.went_back = True
        await until(lambda: recording.lease.is_elsewhere)
        stop.set()

    async with asyncio.timeout(5):
        await asyncio.gather(Service(parts).run(stop), wait_for_it())


async def test_time_passes_for_pods_that_change_no_more() -> None:
    """After the preparations the controller is woken again and again, though nothing arrives."""
    time = FakeTime()
    parts, stop = await make_idle_parts(time), asyncio.Event()
    parts.health = build_health(SETTINGS, (), clock=parts.clock)
    parts.controller.observe(PodObserved(pod=pod(restarts=0)))
    parts.controller.observe(PodObserved(pod=pod(restarts=1, version=2)))
    assert parts.store.pending() > 0

    async def wait_for_it() -> None:
        await until(lambda: not parts.store.pending())
        stop.set()

    async with asyncio.timeout(5):
        await asyncio.gather(Service(parts).run(stop), wait_for_it())
