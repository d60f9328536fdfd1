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


def test_a_mistake_with_one_thing_keeps_no_other_from_its_step() -> None:
    """Each thing is taken once, in order, also those after one that fails."""
    boundary = Boundary()
    inverses: list[float] = []

    boundary.guard("invert").each([1, 0, 2, 0, 0, 4], lambda each: inverses.append(1 / each))

    assert [1.0, 0.5, 0.25] == inverses
    assert {"invert": 3} == boundary.errors
