"""The service: what fails at the start is tried again, and what fails at the end stops nothing."""

import asyncio

from probewatch.kube.client import ApiClient
from probewatch.kube.login import Login
from probewatch.service.builders import Worker
from probewatch.service.parts import Parts
from probewatch.service.service import Service
from probewatch.service.watches import Watch
from probewatch.settings import Settings
from probewatch.supervisor import Supervisor
from probewatch.watch.transport import WatchStats
from tests.support.credentials import HeldCredentials
from tests.support.fake_time import FakeTime
from tests.support.operator_parts import NOBODY

SETTINGS = Settings(metrics_address="127.0.0.1:0", instance="test", dry_run=True)


async def wait_for_the_end(stop: asyncio.Event) -> None:
    """Replaces kopf, which has its own tests."""
    await stop.wait()


async def make_idle_parts(time: FakeTime) -> Parts:
    """All parts, of which none does anything."""
    login = Login(HeldCredentials(NOBODY), clock=time.clock)
    await login.read()
    client = ApiClient(login, timeout_seconds=1, clock=time.clock)
    parts = Parts(settings=SETTINGS, login=login, client=client, clock=time.clock)
    parts.supervisor = Supervisor(wait_for_the_end, clock=time.clock)
    parts.preparations = parts.workers = parts.drains = parts.watches = ()
    return parts


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
