"""Lines longer than a watch reads (A12): their objects are listed later, nothing else is lost."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from probewatch.watch.long_lines import LIST_SECONDS, LongLines, find_names
from probewatch.watch.transport import Surroundings, WatchOptions, WatchStats
from tests.support import virtual_time
from tests.support.fake_time import FakeTime
from tests.watch.fault_server import Answer, Fault, bookmark, line
from tests.watch.scenes import live, server, watching


def test_large_object() -> None:
    """A12: an object of 1.5 MiB, the most that etcd stores, is read."""

    async def large(answer: Answer) -> None:
        await answer.begin()
        await answer.happened()
        whole = line("ADDED", "c", 11)
        await answer.write(whole[:1] + b" " * 1_572_864 + whole[1:])
        await answer.follow(11)

    async def play() -> dict[str, int]:
        async with watching(server(large)) as scene:
            await live(scene, limit=5)
            return dict(scene.stats.errors)

    assert {} == virtual_time.run(play())


@pytest.mark.slow
@pytest.mark.parametrize("size", [13_000_000, None], ids=["13 MB", "endless"])
def test_line_without_end(size: int | None) -> None:
    """A12: an endless line does not keep a watch alive: the stream is given up and resumed."""

    async def long(answer: Answer) -> None:
        await answer.begin()
        sent = 0
        while size is None or sent < size:
            await answer.write(b"x" * 262_144)
            sent += 262_144
            await asyncio.sleep(1)

    async def play() -> tuple[dict[str, int], int]:
        async with watching(server(long)) as scene:
            await live(scene, limit=80)
            return dict(scene.stats.errors), scene.stats.decode_errors

    assert ({"TimeoutError": 1}, 1) == virtual_time.run(play())


LONG = WatchOptions(line_cap=4096, server_timeout=240)


def long_line(kind: str, name: str, version: int) -> bytes:
    """A line of a watch that is far too long."""
    whole = line(kind, name, version)
    return whole[:-3] + b" " * 100_000 + whole[-3:]


async def tell(answer: Answer, told: bytes) -> None:
    """Write a line in two pieces; a line that arrives in one piece needs no more memory."""
    await answer.write(told[:50_000])
    if told[50_000:]:
        await asyncio.sleep(0.1)
        await answer.write(told[50_000:])


def with_long_lines(*names: str, then: Callable[[Answer], None] = Answer.finish) -> Fault:
    """A watch of two minutes in which the lines of these things are too long."""

    async def fault(answer: Answer) -> None:
        await answer.begin()
        seen = int(answer.query["resourceVersion"])
        for second in range(120):
            if second % 60 == 0:
                await answer.write(bookmark(seen))
            for version, kind, name in tuple(answer.truth.history):
                if version > seen:
                    show = long_line if name in names else line
                    await tell(answer, show(kind, name, version))
            seen = answer.truth.version
            await asyncio.sleep(1)
        then(answer)

    return fault


def test_long_line_hides_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    """A12: an object that is too large is counted and logged, and the watch goes on."""

    async def play() -> tuple[dict[str, int], int, dict[str, int]]:
        place = server(with_long_lines("big"))
        async with watching(place, options=replace(LONG, streams=False)) as scene:
            await scene.agrees(5)
            await place.truth.change("ADDED", "big")
            await place.truth.change("ADDED", "c")
            await scene.until(lambda: "c" in scene.mirror.things, 2)
            return dict(scene.stats.errors), scene.stats.decode_errors, scene.mirror.things

    assert ({}, 1, {"a": 3, "b": 5, "c": 12}) == virtual_time.run(play())
    [record] = [each for each in caplog.records if "too large" in each.message]
    assert ("things", "ADDED", "big", "uid-of-big") == tuple(
        vars(record)[key] for key in ("resource", "update", "object", "uid")
    )


@pytest.mark.slow
def test_what_a_long_line_said_is_listed(caplog: pytest.LogCaptureFixture) -> None:
    """A12: a skipped change, even a deletion, is found by a list after the watch ends."""

    async def play() -> tuple[float, dict[str, int]]:
        place = server(with_long_lines("a", "big"))
        async with watching(place, options=replace(LONG, streams=False)) as scene:
            await scene.agrees(5)
            await place.truth.change("ADDED", "big")
            await place.truth.change("DELETED", "a")
            return await scene.agrees(130), dict(scene.stats.relists)

    took, lists = virtual_time.run(play())

    assert (True, {"start": 1, "LineTooLong": 1}) == (took <= 125, lists)
    assert 1 == len([each for each in caplog.records if "too large" in each.message])


@pytest.mark.slow
def test_long_lines_cost_few_lists() -> None:
    """A12: an object that is too large causes at most one list in ten minutes."""

    async def play() -> dict[str, int]:
        place = server(*[with_long_lines("big")] * 40)
        async with watching(place, options=replace(LONG, streams=False)) as scene:
            await scene.agrees(5)
            for _ in range(28):
                await place.truth.change("MODIFIED", "big")
                await asyncio.sleep(60)
            await scene.agrees(600)
            return dict(scene.stats.relists)

    # At 2, 12, 22 and 33 minutes: a due list is made at the end of the current watch.
    assert {"start": 1, "LineTooLong": 4} == virtual_time.run(play())


def test_long_line_in_a_list_leads_to_pages() -> None:
    """A12: an object too large for a streaming list is not taken for deleted."""

    async def streamed(answer: Answer) -> None:
        await answer.begin()
        await tell(answer, long_line("ADDED", "b", 5))
        await answer.write(line("ADDED", "a", 3) + bookmark(10, ends=True))
        await answer.follow(10)

    async def play() -> tuple[list[str], list[str], dict[str, int]]:
        async with watching(server(streamed, streams=True), options=LONG) as scene:
            await live(scene, limit=5)
            told = [each for each in scene.mirror.told if each.startswith("synced")]
            asked = [min(query) for _, query in scene.server.asked]
            return told, asked, dict(scene.stats.relists)

    told, asked, lists = virtual_time.run(play())

    assert (["synced 10"], {"start": 1, "LineTooLong": 1}) == (told, lists)
    assert ["allowWatchBookmarks", "limit", "allowWatchBookmarks"] == asked


def test_list_makes_up_for_a_skipped_line_once() -> None:
    """A list is due only for lines that were skipped since the last one, and not too soon."""
    time = FakeTime()
    clock = time.clock
    around = Surroundings(
        monotonic=clock.monotonic, now=clock.now, sleep=clock.sleep, chance=lambda: 0.5
    )
    lines = LongLines(WatchStats(resource="things"), around)
    due = [lines.is_list_due()]
    steps = ((True, 0.0), (False, LIST_SECONDS), (True, 0.0), (True, LIST_SECONDS - 1))
    for has_skipped, seconds in steps:
        time.seconds += seconds
        if has_skipped:
            lines.skip(b"")
        due.append(lines.is_list_due())
        lines.list_begins()

    assert [False, True, False, True, False] == due


def test_long_line_is_named_by_its_own_object() -> None:
    """The names of other objects that follow in its metadata, such as its owner's, do not count."""
    head = (
        b'{"type":"MODIFIED","object":{"kind":"Pod","metadata":{"name":"web-1","namespace":"shop",'
        b'"uid":"u-1","ownerReferences":[{"kind":"ReplicaSet","name":"web","uid":"rs-1"}],"labels'
    )

    found = {"update": "MODIFIED", "object": "web-1", "namespace": "shop", "uid": "u-1"}
    assert found == find_names(head)
