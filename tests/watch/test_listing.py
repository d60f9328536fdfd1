"""A list whose server stops in the middle."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

import pytest

from probewatch.watch.asking import Asker
from probewatch.watch.decoding import Decoder
from probewatch.watch.dispatching import Dispatcher
from probewatch.watch.listing import list_pages
from probewatch.watch.transport import Surroundings, WatchOptions, WatchStats, WatchTarget
from tests.support import virtual_time
from tests.watch.scenes import Mirror, Thing


class Stopping:
    """A transport whose answers begin, and then never go on."""

    status = 200
    headers: Mapping[str, str] = {}

    @asynccontextmanager
    async def stream(
        self, _path: str, _params: Mapping[str, str], *, timeout_seconds: float
    ) -> AsyncIterator["Stopping"]:
        assert timeout_seconds > 0
        yield self

    async def chunks(self, _is_urgent: Callable[[], bool]) -> AsyncIterator[bytes]:
        yield b'{"metadata":'
        await asyncio.Event().wait()


def test_page_that_stops_is_given_up() -> None:
    """A page has the time of a request: the list begins again rather than wait for ever."""
    options = WatchOptions(request_timeout=60.0)
    stats = WatchStats(resource="things")

    async def play() -> float:
        loop = asyncio.get_running_loop()
        around = Surroundings(
            monotonic=loop.time, now=loop.time, sleep=asyncio.sleep, chance=lambda: 0.5
        )
        target = WatchTarget(path="/things", name="things")
        asker = Asker(Stopping(), target, around, options)
        with pytest.raises(TimeoutError):
            await list_pages(asker, Dispatcher(Decoder(Thing), Mirror(), stats), options)
        return loop.time()

    assert 60.0 == pytest.approx(virtual_time.run(play()), abs=1.0)
