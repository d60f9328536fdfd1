"""The boundary: an unexpected error is logged and counted, and the work goes on."""

import asyncio

from probewatch.boundary import Boundary
from tests.support.fake_time import FakeTime


async def test_long_running_work_is_done_again_after_a_mistake() -> None:
    """A task that fails is counted and restarted, with a pause that doubles each time."""
    time = FakeTime()
    boundary = Boundary(clock=time.clock)
    begun: list[float] = []
    enough = asyncio.Event()

    async def work() -> None:
        begun.append(time.seconds)
        if len(begun) == 4:
            enough.set()
            await asyncio.Event().wait()
        raise ZeroDivisionError

    task = asyncio.create_task(boundary.keep_running("work", work))
    await enough.wait()
    task.cancel()

    assert [1000.0, 1001.0, 1003.0, 1007.0] == begun
    assert {"work": 3} == +boundary.errors
