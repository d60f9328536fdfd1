"""Silent watches: a dead one is noticed, reported and replaced; a quiet one is left alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from probewatch.clock import Clock
from probewatch.health import Health
from probewatch.settings import Settings
from probewatch.watch.silence import SILENCE, Silence
from probewatch.watch.transport import WatchOptions, WatchStats
from tests.support import virtual_time
from tests.support.fake_time import FakeTime
from tests.watch.fault_server import Answer, Fault, FaultServer, bookmark, idle, nobody
from tests.watch.scenes import Scene, watching

LIMIT = Settings().unhealthy_after_seconds

LOOK = 4
"""Seconds between two health checks."""


async def dead(answer: Answer) -> None:
    """A watch that starts and then stays silent."""
    await answer.begin()
    await asyncio.sleep(10_000)


async def dead_after_a_bookmark(answer: Answer) -> None:
    """The same, after one bookmark."""
    await answer.begin()
    await answer.write(bookmark(answer.truth.version))
    await asyncio.sleep(10_000)


async def dead_after_a_list(answer: Answer) -> None:
    """The same, after a streaming list, whose server has bookmarks as well."""
    await answer.begin()
    await answer.list()
    await asyncio.sleep(10_000)


async def empty(answer: Answer) -> None:
    """A watch that ends at once."""
    await answer.begin()
    await answer.end()


async def quiet(answer: Answer) -> None:
    """A watch without bookmarks that ends at its timeout."""
    await answer.begin()
    await asyncio.sleep(int(answer.query["timeoutSeconds"]))
    await answer.end()


async def minutely(answer: Answer) -> None:
    """A watch with nothing but one bookmark a minute."""
    await answer.begin()
    while True:
        await asyncio.sleep(60)
        await answer.write(bookmark(answer.truth.version))


async def hang(_answer: Answer) -> None:
    """No answer at all."""
    await asyncio.sleep(10_000)


@dataclass
class Judged:
    """A scene whose health is checked periodically."""

    scene: Scene
    begun: float
    ill: list[float] = field(default_factory=list)
    """When the check failed, in seconds from the beginning."""

    async def look(self) -> None:
        clock = Clock(monotonic=lambda: self.scene.now)
        health = Health(essential=[self.scene.stats], others=[], silence_seconds=LIMIT, clock=clock)
        while True:
            await asyncio.sleep(LOOK)
            if health.find_silence():
                self.ill.append(self.scene.now - self.begun)


@asynccontextmanager
async def judging(
    server: FaultServer, options: WatchOptions | None = None
) -> AsyncIterator[Judged]:
    """Watch a server after the first list, with periodic health checks."""
    server.truth.things.update(a=3, b=5)
    async with watching(server, options=options) as scene:
        await scene.agrees(5)
        judged = Judged(scene, scene.now)
        task = asyncio.create_task(judged.look())
        yield judged
        task.cancel()


def run(
    server: FaultServer, seconds: float, options: WatchOptions | None = None
) -> tuple[list[float], dict[str, int]]:
    """When health failed within so many seconds, and which lists were made."""

    async def play() -> tuple[list[float], dict[str, int]]:
        async with judging(server, options) as judged:
            await asyncio.sleep(seconds)
            return judged.ill, dict(judged.scene.stats.relists)

    return virtual_time.run(play())


def has_streams(faults: list[Fault]) -> bool:
    """Whether the server has streaming lists."""
    return dead_after_a_list in faults


DEAD: dict[str, list[Fault]] = {
    "after a bookmark": [dead_after_a_bookmark, *[dead] * 9],
    "after a list as a stream": [dead_after_a_list] * 9,
}


@pytest.mark.slow
@pytest.mark.parametrize("faults", [*DEAD.values(), [dead] * 9], ids=[*DEAD.keys(), "at once"])
def test_two_silent_watches_lead_to_a_list(faults: list[Fault]) -> None:
    """After two silent watches a list finds what they missed, before health fails."""

    async def play() -> tuple[float, dict[str, int]]:
        place = FaultServer(watch_faults=list(faults), streams=has_streams(faults))
        async with judging(place) as judged:
            await place.truth.change("ADDED", "c")
            await place.truth.change("DELETED", "a")
            took = await judged.scene.agrees(LIMIT)
            return took, dict(judged.scene.stats.relists)

    took, lists = virtual_time.run(play())

    assert (True, 1) == (150 <= took <= 165, lists["Silence"])


@pytest.mark.parametrize("faults", DEAD.values(), ids=DEAD.keys())
def test_silence_where_bookmarks_come_is_no_life(faults: list[Fault]) -> None:
    """If the server sent bookmarks before, silence fails health even though lists succeed."""
    place = FaultServer(watch_faults=list(faults), streams=has_streams(faults))
    ill, lists = run(place, 400)

    assert LIMIT <= ill[0] <= LIMIT + LOOK + 1
    assert ill == pytest.approx([ill[0] + n * LOOK for n in range(len(ill))])
    assert 2 == lists["Silence"]


@pytest.mark.parametrize("fault", [dead, empty, nobody], ids=["dead", "empty", "cut by a proxy"])
def test_silence_without_a_list_is_no_life(fault: Fault) -> None:
    """If lists fail too, starting a watch is no sign of life: health fails in time."""

    async def play() -> list[float]:
        place = FaultServer(watch_faults=[fault] * 99)
        async with judging(place) as judged:
            place.list_faults = [hang] * 99
            await asyncio.sleep(LIMIT + 10)
            return judged.ill

    assert LIMIT <= virtual_time.run(play())[0] <= LIMIT + LOOK + 1


@pytest.mark.slow
def test_server_without_bookmarks_is_listed() -> None:
    """Without bookmarks silence may be a quiet cluster: successful lists keep health."""
    ill, lists = run(FaultServer(watch_faults=[dead] * 99), 3600)

    assert ([], True) == (ill, 20 <= lists["Silence"] <= 24)


QUIET: dict[str, tuple[Fault, WatchOptions]] = {
    "bookmarks each minute": (minutely, WatchOptions(streams=False)),
    "Events, without bookmarks": (quiet, WatchOptions(streams=False, server_timeout=52.5)),
    "idle connections are cut": (idle, WatchOptions(streams=False)),
}


@pytest.mark.slow
@pytest.mark.parametrize(("fault", "options"), QUIET.values(), ids=QUIET.keys())
def test_quiet_is_no_silence(fault: Fault, options: WatchOptions) -> None:
    """An hour without events causes neither a list nor a failed health check."""
    assert ([], {"start": 1}) == run(FaultServer(watch_faults=[fault] * 99), 3600, options)


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [15, 30, 45, 60])
def test_nobody_behind_a_proxy_is_no_quiet_cluster(seconds: int) -> None:
    """After a watch cut by a proxy, the next one asks for an earlier end by the server itself."""

    async def cut(answer: Answer) -> None:
        await answer.begin()
        await asyncio.sleep(seconds)
        answer.reset()

    async def play() -> tuple[list[float], float]:
        place = FaultServer(watch_faults=[dead_after_a_bookmark, *[cut] * 99])
        async with judging(place) as judged:
            await asyncio.sleep(76)
            await place.truth.change("ADDED", "c")
            took = await judged.scene.agrees(LIMIT)
            await asyncio.sleep(LIMIT)
            return judged.ill, 76 + took

    ill, listed = virtual_time.run(play())

    assert (True, True) == (listed <= LIMIT, LIMIT - 1 <= ill[0] <= LIMIT + LOOK + 1)


@pytest.mark.slow
def test_server_whose_bookmarks_stop_is_listed_now_and_then() -> None:
    """If bookmarks stop but watches end properly, a list shows whether anything was missed."""

    async def play() -> tuple[list[float], dict[str, int]]:
        place = FaultServer(watch_faults=[idle] * 99, streams=True)
        async with judging(place) as judged:
            await asyncio.sleep(300)
            place.truth.things["c"] = 11
            await judged.scene.agrees(400)
            await asyncio.sleep(300)
            return judged.ill, dict(judged.scene.stats.relists)

    assert ([], {"start": 1, "NoBookmarks": 1}) == virtual_time.run(play())


def test_server_that_was_away_has_time_for_a_bookmark() -> None:
    """A network outage of two minutes without a reset does not fail health."""

    async def refuse(answer: Answer) -> None:
        answer.reset()

    async def play() -> tuple[list[float], dict[str, int]]:
        place = FaultServer(watch_faults=[dead_after_a_bookmark, *[refuse] * 99])
        async with judging(place) as judged:
            await asyncio.sleep(120)
            place.watch_faults = [minutely]
            await asyncio.sleep(300)
            return judged.ill, dict(judged.scene.stats.relists)

    assert ([], {"start": 1}) == virtual_time.run(play())


def test_first_word_ends_a_silence() -> None:
    """Health recovers with the first event of a watch."""

    async def play() -> tuple[bool, bool]:
        place = FaultServer(watch_faults=[dead_after_a_bookmark, dead, dead])
        async with judging(place) as judged:
            await asyncio.sleep(LIMIT + 60)
            await place.truth.change("ADDED", "c")
            await judged.scene.agrees(5)
            was_ill = bool(judged.ill)
            judged.ill.clear()
            await asyncio.sleep(60)
            return was_ill, bool(judged.ill)

    assert (True, False) == virtual_time.run(play())


@pytest.mark.parametrize("after", [9, 14, 20], ids=["older", "same", "newer"])
def test_an_older_history_is_reported(after: int, caplog: pytest.LogCaptureFixture) -> None:
    """A list older than what was known shows a cluster restored from a backup: health fails."""

    async def play() -> tuple[bool, dict[str, int]]:
        place = FaultServer(watch_faults=[dead_after_a_bookmark, dead])
        place.truth.version = 14
        async with judging(place) as judged:
            place.truth.version = after
            await judged.scene.until(lambda: judged.scene.stats.relists["Silence"] > 0, 160)
            await asyncio.sleep(LOOK)
            return bool(judged.ill), dict(judged.scene.stats.relists)

    is_older = after < 14  # as it was before

    assert (is_older, {"start": 1, "Silence": 1}) == virtual_time.run(play())
    assert is_older is any("restored" in record.message for record in caplog.records)


@pytest.mark.parametrize(("after", "is_told"), [(14, False), (15, True), (20, True)])
def test_history_that_caught_up_is_told_by_what_it_took_back(after: int, *, is_told: bool) -> None:
    """A restored cluster that caught up is noticed by objects listed in older versions."""

    async def play() -> bool:
        place = FaultServer(watch_faults=[dead_after_a_bookmark, dead])
        async with judging(place) as judged:
            place.truth.version = after
            judged.scene.mirror.lost = 15
            await judged.scene.until(lambda: judged.scene.stats.relists["Silence"] > 0, 160)
            await asyncio.sleep(LOOK)
            return judged.scene.stats.went_back

    assert is_told is virtual_time.run(play())


def test_restore_is_reported_once_the_server_is_back() -> None:
    """After an outage the server's version is checked before it can catch up."""

    async def away(answer: Answer) -> None:
        answer.reset()

    async def play() -> tuple[float, dict[str, int]]:
        place = FaultServer(watch_faults=[dead_after_a_bookmark, away, away])
        place.truth.version = 14
        options = WatchOptions(streams=False, checks_history=True)
        async with judging(place, options) as judged:
            begun = judged.scene.now
            await judged.scene.until(lambda: len(place.watch_faults) == 0, 100)
            place.truth.version = 9
            await judged.scene.until(lambda: judged.scene.stats.went_back, 20)
            return judged.scene.now - begun, dict(judged.scene.stats.relists)

    took, lists = virtual_time.run(play())

    assert ({"start": 1, "WentBack": 1}, True) == (lists, 75 <= took <= 80)


def test_server_with_the_same_history_is_watched_on() -> None:
    """That check reads a single object and causes no list."""

    async def away(answer: Answer) -> None:
        answer.reset()

    async def play() -> tuple[dict[str, int], list[str]]:
        place = FaultServer(watch_faults=[dead_after_a_bookmark, away, away, minutely])
        options = WatchOptions(streams=False, checks_history=True)
        async with judging(place, options) as judged:
            await asyncio.sleep(200)
            asked = [query for _, query in place.asked if "watch" not in query]
            return dict(judged.scene.stats.relists), [each.get("limit", "") for each in asked]

    assert ({"start": 1}, ["500", "1"]) == virtual_time.run(play())


def silence_at(time: FakeTime) -> tuple[Silence, WatchStats]:
    """The watches of a server with bookmarks, after the first list."""
    stats = WatchStats(resource="things", clock=time.clock.monotonic, has_bookmarks=True)
    silence = Silence(stats)
    silence.list_begins()
    stats.heard()
    return silence, stats


def test_watch_that_ends_in_time_ends_the_silence() -> None:
    """A watch that the server ends as requested is a sign of life after a silent one."""
    time = FakeTime()
    silence, stats = silence_at(time)
    begun = time.seconds
    silence.choose_timeout(100.0)
    time.seconds += 75
    silence.watch_was_silent()
    stats.heard()
    assert begun == stats.last_sign

    time.seconds += 100
    silence.watch_ended(100.0)

    assert time.seconds == stats.last_sign


@pytest.mark.parametrize("between", ["end", "update"])
def test_silent_watches_in_a_row(between: str) -> None:
    """Two silent watches lead to a list, unless the server was heard from in between."""
    silence, stats = silence_at(FakeTime())
    silence.choose_timeout(100.0)
    silence.watch_was_silent()
    if between == "end":
        silence.watch_ended(100.0)
    else:
        stats.updates["MODIFIED"] += 1
    silence.watch_was_silent()
    assert "" == silence.find_reason_to_list()

    silence.watch_was_silent()
    assert SILENCE == silence.find_reason_to_list()


@pytest.mark.parametrize(
    ("lasted", "is_new", "asked"), [(97, False, 30), (97, True, 100), (99, False, 100)]
)
def test_watch_that_was_cut(lasted: int, asked: int, *, is_new: bool) -> None:
    """Only a watch that delivered nothing and ended well before its timeout was cut."""
    silence, stats = silence_at(FakeTime())
    silence.choose_timeout(100.0)
    stats.updates["MODIFIED"] += is_new

    silence.watch_ended(lasted)

    assert asked == silence.choose_timeout(100.0)


def test_beginning_of_a_watch_is_a_sign_of_life_only_after_an_outage() -> None:
    """A dead connection may accept one watch after the other."""
    time = FakeTime()
    silence, stats = silence_at(time)
    silence.server_was_away()
    time.seconds += 100
    back = time.seconds
    for _ in range(2):
        silence.watch_begins()
        time.seconds += 75

    assert (back, False) == (stats.last_activity, silence.was_away)


def test_bookmarks_that_come_are_no_reason_to_list() -> None:
    """The clock of missing bookmarks starts again with each update or bookmark."""
    time = FakeTime()
    silence, stats = silence_at(time)
    silence.choose_timeout(400.0)
    for _ in range(3):
        assert "" == silence.find_reason_to_list()
        time.seconds += 400
        stats.updates["BOOKMARK"] += 1
        silence.watch_ended(400.0)

    assert "" == silence.find_reason_to_list()
