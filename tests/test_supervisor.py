"""The supervisor: restarts kopf when it fails, without touching other tasks."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import kopf
import pytest

from probewatch.clock import Clock
from probewatch.supervisor import Operate, Supervisor

BOUND_SECONDS = 10
"""The longest that any test here waits."""


@dataclass
class FakeTime:
    """Records pauses without waiting; the fifth one never ends."""

    slept: list[float] = field(default_factory=list)
    enough: asyncio.Event = field(default_factory=asyncio.Event)
    seconds: float = 0.0
    meanwhile: Callable[[], Awaitable[None]] | None = None
    """Called during the second pause."""

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if self.meanwhile is not None and len(self.slept) == 2:
            await self.meanwhile()
        if len(self.slept) == 5:
            self.enough.set()
            await asyncio.Event().wait()
        await asyncio.sleep(0)

    @property
    def clock(self) -> Clock:
        return Clock(now=lambda: 0.0, monotonic=lambda: self.seconds, sleep=self.sleep)


@asynccontextmanager
async def running(operate: Operate, time: FakeTime) -> AsyncIterator[Supervisor]:
    """Run a supervisor, and stop it at the end."""
    supervisor = Supervisor(operate, clock=time.clock)
    task = asyncio.create_task(supervisor.run())
    yield supervisor
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        async with asyncio.timeout(BOUND_SECONDS):
            await task


@pytest.mark.parametrize("failure", [RuntimeError("boom"), SystemExit(1), None])
async def test_starts_again_after_growing_pauses(failure: BaseException | None) -> None:
    """An operator that fails, exits or returns is restarted, with a pause that doubles."""

    async def operate(_stop: asyncio.Event) -> None:
        if failure is not None:
            raise failure

    time = FakeTime()
    async with running(operate, time) as supervisor:
        async with asyncio.timeout(BOUND_SECONDS):
            await time.enough.wait()

        assert [1.0, 2.0, 4.0, 8.0, 16.0] == time.slept
        assert (5, 5, False) == (
            supervisor.stats.starts,
            supervisor.stats.failures,
            supervisor.stats.running,
        )


async def test_other_tasks_outlive_its_end() -> None:
    """When kopf ends and cancels all tasks of its event loop, tasks of ours go on."""

    async def operate(_stop: asyncio.Event) -> None:
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        raise RuntimeError("boom")

    time = FakeTime()
    ours = asyncio.create_task(asyncio.Event().wait())
    async with running(operate, time):
        async with asyncio.timeout(BOUND_SECONDS):
            await time.enough.wait()

    assert not ours.done()
    ours.cancel()


async def test_stops_in_an_orderly_way() -> None:
    """When the service ends, the operator is asked to stop and can clean up."""
    told: list[str] = []
    begun = asyncio.Event()
    home = asyncio.get_running_loop()

    async def operate(stop: asyncio.Event) -> None:
        home.call_soon_threadsafe(begun.set)
        await stop.wait()
        told.append("cleaned up")

    async with running(operate, FakeTime()), asyncio.timeout(BOUND_SECONDS):
        await begun.wait()

    assert ["cleaned up"] == told


async def test_steady_operator_is_started_again_soon() -> None:
    """After ten minutes without a failure the pause is the shortest one again."""
    time = FakeTime()

    async def operate(_stop: asyncio.Event) -> None:
        time.seconds += 601

    async with running(operate, time), asyncio.timeout(BOUND_SECONDS):
        await time.enough.wait()

    assert [1.0] * 5 == time.slept


async def test_is_started_anew_at_once_when_that_is_wanted() -> None:
    """A requested restart counts as no failure and has no pause."""
    begun: asyncio.Queue[None] = asyncio.Queue()
    home = asyncio.get_running_loop()

    async def operate(stop: asyncio.Event) -> None:
        home.call_soon_threadsafe(begun.put_nowait, None)
        await stop.wait()

    time = FakeTime()
    async with running(operate, time) as supervisor, asyncio.timeout(BOUND_SECONDS):
        await begun.get()
        await supervisor.restart()
        await begun.get()

        assert (2, 0, []) == (supervisor.stats.starts, supervisor.stats.failures, time.slept)


async def test_what_does_not_run_is_not_started_anew() -> None:
    """A requested restart before the first start does nothing."""

    async def operate(stop: asyncio.Event) -> None:
        await stop.wait()

    supervisor = Supervisor(operate, clock=FakeTime().clock)
    await supervisor.restart()

    assert 0 == supervisor.stats.starts


async def test_to_want_it_anew_while_it_is_down_hides_no_failure() -> None:
    """A restart that is requested during a pause does not hide the next failure."""

    async def operate(_stop: asyncio.Event) -> None:
        raise RuntimeError("boom")

    time = FakeTime()
    async with running(operate, time) as supervisor:
        time.meanwhile = supervisor.restart
        async with asyncio.timeout(BOUND_SECONDS):
            await time.enough.wait()

        assert [1.0, 2.0, 4.0, 8.0, 16.0] == time.slept
        assert (5, 5) == (supervisor.stats.starts, supervisor.stats.failures)


async def test_refused_credentials_are_logged_without_advice_of_kopf(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Refused credentials are logged without kopf's advice to install a library."""

    async def operate(_stop: asyncio.Event) -> None:
        raise kopf.LoginError("Ran out of valid credentials. Consider installing a library")

    time = FakeTime()
    async with running(operate, time), asyncio.timeout(BOUND_SECONDS):
        await time.enough.wait()

    assert {"LoginError: the API server refuses the credentials"} == {
        vars(each)["error"] for each in caplog.records if "error" in vars(each)
    }
