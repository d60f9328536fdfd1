"""The check for missing rights: a refusal is logged soon, and then once a minute."""

import asyncio
import contextlib
from dataclasses import replace

import pytest

from probewatch.missing_rights import (
    CHECK_SECONDS,
    FIRST_CHECK_SECONDS,
    UNSYNCED_CHECK_SECONDS,
    RightsCheck,
)
from probewatch.watch.transport import WatchStats
from tests.support.fake_time import FakeTime


class Refusing:
    """A watch that is refused from the time *first* on."""

    def __init__(self, first: float) -> None:
        self.stats = WatchStats(resource="pods")
        self.time = FakeTime(seconds=0.0)
        self._first = first
        self._left = 8

    def is_synced(self) -> bool:
        """Called once in each check; after some checks it ends the test."""
        self._left -= 1
        if not self._left:
            raise asyncio.CancelledError
        return self.stats.synced

    async def sleep(self, seconds: float) -> None:
        await self.time.sleep(seconds)
        if self.time.seconds >= self._first:
            self.stats.failed("403")


async def checks_of(watch: Refusing) -> list[float]:
    check = RightsCheck([watch.stats], refused=lambda: False)
    clock = replace(watch.time.clock, sleep=watch.sleep)
    with contextlib.suppress(asyncio.CancelledError):
        await check.run(clock, is_synced=watch.is_synced)
    return watch.time.slept


async def test_a_refusal_is_logged_soon_and_then_once_a_minute(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The first refusal is logged within seconds, so that nobody at a terminal waits for it."""
    slept = await checks_of(Refusing(first=7.0))

    assert [FIRST_CHECK_SECONDS, UNSYNCED_CHECK_SECONDS, CHECK_SECONDS] == slept[:3]
    assert {CHECK_SECONDS} == set(slept[2:])
    assert len(slept) - 2 == len(caplog.records)


async def test_once_all_is_listed_a_minute_is_enough() -> None:
    """Without a refusal, checks are a few seconds apart only until the first list is complete."""
    watch = Refusing(first=1e9)
    watch.stats.synced = True

    slept = await checks_of(watch)

    assert [FIRST_CHECK_SECONDS, *[CHECK_SECONDS] * (len(slept) - 1)] == slept


def test_what_is_hidden_by_other_trouble_is_not_over(caplog: pytest.LogCaptureFixture) -> None:
    """A right is granted when the watch works, not when the server is away or refuses all."""
    stats, are_refused = WatchStats(resource="pods"), False
    check = RightsCheck([stats], refused=lambda: are_refused)
    caplog.set_level("INFO")
    stats.failed("403")
    check.check()
    stats.failed("no connection in time")
    check.check()
    stats.failed("401")
    are_refused = True
    check.check()
    are_refused = False
    check.check()
    stats.heard()
    check.check()

    assert [
        "A right is missing: list and watch",
        "The API server refuses the credentials",
        "Not refused any more",
        "Not refused any more",
    ] == caplog.messages
    assert ["all", "pods"] == [vars(each)["resource"] for each in caplog.records[2:]]
