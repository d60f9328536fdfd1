"""Class A faults, of the transport: the loop recovers in time and loses nothing.

Each test measures how long recovery takes in virtual seconds, against the bounds of the design
goals.
"""

import asyncio
from collections.abc import Mapping
from itertools import pairwise

import pytest

from probewatch.watch.transport import WatchOptions
from tests.support import virtual_time
from tests.watch.fault_server import Answer, Fault, bookmark, idle, line
from tests.watch.scenes import live, server, watching

FIRST_PAUSE = 0.8


WHOLE = line("ADDED", "c", 11)
CUTS = {
    "at once": 0,
    "in the first key": 3,
    "within": len(WHOLE) // 2,
    "in a character": WHOLE.index("ö".encode()) + 1,
    "before the last brace": len(WHOLE) - 2,
    "before the line's end": len(WHOLE) - 1,
    "after the line's end": len(WHOLE),
}


def cut(at: int, how: str) -> Fault:
    """A watch that sends the first change up to a byte, and ends in one of three ways."""

    async def fault(answer: Answer) -> None:
        await answer.begin()
        await answer.happened()
        if at:
            await answer.write(WHOLE[:at])
        # The bytes have to arrive before the end does.
        await asyncio.sleep(0.1)
        if how == "RST":
            answer.reset()
        elif how == "FIN":
            answer.finish()
        else:
            await answer.end()

    return fault


@pytest.mark.parametrize("how", ["RST", "FIN", "last chunk"])
@pytest.mark.parametrize("at", CUTS.values(), ids=CUTS.keys())
def test_stream_that_breaks_off_is_taken_up_again(at: int, how: str) -> None:
    """A1 to A3: wherever and however a stream ends, the rest arrives within two seconds."""

    async def play() -> tuple[float, int]:
        async with watching(server(cut(at, how))) as scene:
            took = await live(scene, limit=2)
            return took, sum(scene.stats.relists.values())

    took, lists = virtual_time.run(play())

    assert (True, 1) == (took <= 2, lists)


async def in_single_bytes(answer: Answer) -> None:
    """A4: one chunk for each byte."""
    await answer.begin()
    await answer.happened(4)
    for version, kind, name in tuple(answer.truth.history):
        for byte in line(kind, name, version):
            await answer.write(bytes([byte]))
    await answer.follow(answer.truth.version)


def test_single_bytes() -> None:
    """A4: chunk boundaries may be anywhere."""

    async def play() -> dict[str, int]:
        async with watching(server(in_single_bytes)) as scene:
            await live(scene, limit=5)
            return dict(scene.stats.errors)

    assert {} == virtual_time.run(play())


async def hesitant(answer: Answer) -> None:
    """A4: a line in pieces of 64 KiB with five seconds between them."""
    await answer.begin()
    await answer.happened()
    big = line("ADDED", "c", 11).rstrip(b"\n") + b" " * 200_000 + b"\n"
    for start in range(0, len(big), 65_536):
        await answer.write(big[start : start + 65_536])
        await asyncio.sleep(5)
    await answer.follow(11)


@pytest.mark.slow
def test_pauses_within_a_line() -> None:
    """A4: a line that arrives slowly is not given up."""

    async def play() -> dict[str, int]:
        async with watching(server(hesitant)) as scene:
            await live(scene, limit=25)
            return dict(scene.stats.errors)

    assert {} == virtual_time.run(play())


async def half_open(answer: Answer) -> None:
    """A5: a dead connection without FIN or RST."""
    await answer.begin()
    await asyncio.sleep(10_000)


async def drip(answer: Answer) -> None:
    """A6: bytes arrive, but never a complete line."""
    await answer.begin()
    while True:
        await answer.write(b" ")
        await asyncio.sleep(10)


@pytest.mark.slow
@pytest.mark.parametrize("fault", [half_open, drip])
def test_silence_is_noticed(fault: Fault) -> None:
    """A5, A6: a watch silent for 75 s is given up and resumed at once."""

    async def play() -> tuple[float, dict[str, int]]:
        async with watching(server(fault)) as scene:
            return await live(scene, limit=80), dict(scene.stats.errors)

    took, errors = virtual_time.run(play())

    assert (True, {"TimeoutError": 1}) == (70 < took <= 77, errors)


def test_an_hour_of_bookmarks() -> None:
    """A7: bookmarks alone keep a watch alive, and later events arrive at once."""

    async def bookmarks(answer: Answer) -> None:
        await answer.begin()
        for _ in range(60):
            await asyncio.sleep(60)
            await answer.write(bookmark(answer.truth.version))
        await answer.follow(10)

    async def play() -> tuple[float, int]:
        async with watching(server(bookmarks)) as scene:
            await scene.agrees(5)
            await asyncio.sleep(3605)
            await scene.server.truth.change("ADDED", "c")
            return await scene.agrees(2), len(scene.server.asked)

    took, asked = virtual_time.run(play())

    assert (True, 2) == (took <= 1, asked)


@pytest.mark.slow
def test_idle_connections_that_are_cut() -> None:
    """A8: a proxy that cuts idle connections each minute causes no list and no growing pauses."""

    async def play() -> tuple[float, int]:
        async with watching(server(*[idle] * 13)) as scene:
            await scene.agrees(5)
            await asyncio.sleep(580)
            await scene.server.truth.change("ADDED", "c")
            took = await scene.agrees(62)
            return took, sum(scene.stats.relists.values())

    took, lists = virtual_time.run(play())

    assert (True, 1) == (took <= 62, lists)


@pytest.mark.slow
def test_rolling_servers() -> None:
    """A9: twenty connections of five seconds each do not make the pauses grow."""

    async def short(answer: Answer) -> None:
        await answer.begin()
        await asyncio.sleep(5)
        answer.reset()

    async def play() -> tuple[float, int, float]:
        async with watching(server(*[short] * 20)) as scene:
            await scene.agrees(5)
            await scene.until(lambda: not scene.server.watch_faults, 150)
            await asyncio.sleep(5)
            took = await live(scene, limit=5)
            times = [at for at, query in scene.server.asked if "watch" in query]
            gaps = [later - at for at, later in pairwise(times)]
            return took, sum(scene.stats.relists.values()), max(gaps)

    took, lists, longest = virtual_time.run(play())

    assert (True, 1, True) == (took <= 5, lists, longest < 5 + 2 * FIRST_PAUSE)


@pytest.mark.slow
def test_refused_for_ten_minutes() -> None:
    """A10: attempts are few, the loop survives, and recovers within 30 s of the end."""

    async def refuse(answer: Answer) -> None:
        answer.reset()

    async def play() -> tuple[float, int]:
        place = server()
        place.list_faults = [refuse] * 1000
        async with watching(place) as scene:
            await asyncio.sleep(600)
            tries = len(place.asked)
            place.list_faults.clear()
            return await scene.agrees(30), tries

    took, tries = virtual_time.run(play())

    # aiohttp itself retries an idempotent request once if its connection is reset.
    assert (True, True) == (took <= 30, tries <= 2 * 40)


STATUSES: Mapping[str, tuple[int, bytes]] = {
    "HTML": (200, b"<html><body>Please log in</body></html>"),
    "bad gateway": (502, b"<html>502</html>"),
    "unavailable": (503, b""),
}


@pytest.mark.parametrize("where", ["list", "watch"])
@pytest.mark.parametrize(("status", "body"), STATUSES.values(), ids=STATUSES.keys())
def test_proxies_in_between(status: int, body: bytes, where: str) -> None:
    """A11: an answer that is not from an API server is retried later."""

    async def proxy(answer: Answer) -> None:
        await answer.say(status, body)

    async def play() -> float:
        place = server()
        (place.list_faults if where == "list" else place.watch_faults).append(proxy)
        async with watching(place) as scene:
            return await live(scene, limit=5)

    assert 5 >= virtual_time.run(play())


HOSTILE: Mapping[str, bytes] = {
    "bad UTF-8": b'{"type":"ADDED","object":{"metadata":{"name":"\xff\xfe"}}}',
    "null": b"null",
    "a list": b"[]",
    "a number": b"7",
    "deep": b'{"type":"ADDED","object":' + b"[" * 200_000,
    "deep and closed": b'{"type":"ADDED","object":{"x":' + b"[" * 5000 + b"]" * 5000 + b"}}",
    "5,000 digits": b'{"type":"ADDED","object":{"metadata":{"name":' + b"9" * 5000 + b"}}}",
    "NaN": b'{"type":"ADDED","object":{"metadata":{"name":NaN}}}',
    "lone surrogate": b'{"type":"ADDED","object":{"metadata":{"name":"\\ud800"}}}',
    "no type": b'{"object":{"metadata":{"name":"z"}}}',
    "unknown type": b'{"type":"NEWS","object":{"metadata":{"name":"z"}}}',
    "no object": b'{"type":"ADDED"}',
    "object is null": b'{"type":"ADDED","object":null}',
    "no metadata": b'{"type":"ADDED","object":{}}',
    "no uid": b'{"type":"ADDED","object":{"metadata":{"name":"z","resourceVersion":"11"}}}',
}


@pytest.mark.parametrize("bad", HOSTILE.values(), ids=HOSTILE.keys())
def test_what_is_no_object_costs_only_itself(bad: bytes) -> None:
    """A13, B13: a line that is no valid object is counted, and the stream goes on."""

    async def hostile(answer: Answer) -> None:
        await answer.begin()
        await answer.write(bad + b"\n")
        await answer.follow(10)

    async def play() -> tuple[int, dict[str, int], int]:
        async with watching(server(hostile)) as scene:
            await live(scene, limit=1)
            return scene.stats.decode_errors, dict(scene.stats.errors), len(scene.server.asked)

    assert (1, {}, 2) == virtual_time.run(play())


def test_duplicate_keys() -> None:
    """A13: of two equal keys the last one counts."""

    async def doubled(answer: Answer) -> None:
        await answer.begin()
        await answer.happened()
        whole = line("ADDED", "c", 11)
        await answer.write(whole.replace(b'"name"', b'"name": "x", "name"'))
        await answer.follow(11)

    async def play() -> int:
        async with watching(server(doubled)) as scene:
            await live(scene, limit=1)
            return scene.stats.decode_errors

    assert 0 == virtual_time.run(play())


def test_streaming_list_is_one_request() -> None:
    """A streaming list continues as the watch, in one request."""

    async def play() -> tuple[int, bool]:
        async with watching(server(streams=True)) as scene:
            await live(scene, limit=1)
            return len(scene.server.asked), scene.stats.synced

    assert (1, True) == virtual_time.run(play())


async def broken_list(answer: Answer) -> None:
    """A streaming list that breaks off."""
    await answer.begin()
    await answer.write(line("ADDED", "a", 3))
    await asyncio.sleep(0.1)
    answer.reset()


async def ignorant(answer: Answer) -> None:
    """A server that ignores `sendInitialEvents`: all objects, but no end of the list."""
    await answer.begin()
    for name, version in answer.truth.things.items():
        await answer.write(line("ADDED", name, version))
    await asyncio.sleep(10_000)


async def plain_bookmark(answer: Answer) -> None:
    """The same, with a bookmark that does not mark the end of the list."""
    await answer.begin()
    for name, version in answer.truth.things.items():
        await answer.write(line("ADDED", name, version))
    await answer.write(bookmark(10))
    await asyncio.sleep(10_000)


async def refused(answer: Answer) -> None:
    """A server in which streaming lists are switched off."""
    await answer.say(422, b'{"kind":"Status","code":422}')


async def etcd_too_old(answer: Answer) -> None:
    """A server whose etcd cannot report its progress."""
    await answer.begin()
    await answer.write(b'{"type": "ERROR", "object": {"kind": "Status", "code": 500}}\n')
    await answer.end()


NO_STREAMS = {
    "too old an etcd": (etcd_too_old, 0.1),
    "refused": (refused, 1.0),
    "ignored": (ignorant, 12.0),
    "ignored, with a bookmark": (plain_bookmark, 1.0),
    "broken off": (broken_list, 2.0),
}


@pytest.mark.parametrize(("fault", "limit"), NO_STREAMS.values(), ids=NO_STREAMS.keys())
def test_without_streaming_lists_there_are_pages(fault: Fault, limit: float) -> None:
    """If a server lacks streaming lists, in whichever way, it is listed in pages."""

    async def play() -> list[str]:
        async with watching(server(fault, streams=True)) as scene:
            await scene.until(lambda: scene.stats.synced, limit)
            await live(scene, limit=1)
            return [min(query) for _, query in scene.server.asked]

    assert ["allowWatchBookmarks", "limit", "allowWatchBookmarks"] == virtual_time.run(play())


async def hang(_answer: Answer) -> None:
    """A server that takes the request and never answers."""
    await asyncio.sleep(10_000)


async def gone(answer: Answer) -> None:
    """A watch whose version expires after a while."""
    await answer.begin()
    await asyncio.sleep(10)
    await answer.write(b'{"type": "ERROR", "object": {"kind": "Status", "code": 410}}\n')
    await answer.end()


def test_no_answer_says_nothing_of_streaming_lists() -> None:
    """A request without any answer is an ordinary fault: the next list is streamed again."""

    async def play() -> tuple[dict[str, int], float, list[str]]:
        options = WatchOptions(request_timeout=5)
        async with watching(server(hang, gone, streams=True), options=options) as scene:
            await scene.until(lambda: scene.stats.relists["410"] > 0, 20)
            await live(scene, limit=1)
            asked = scene.server.asked
            pause = asked[1][0] - asked[0][0] - options.request_timeout
            kinds = [" ".join({"sendInitialEvents", "limit"} & {*query}) for _, query in asked]
            return dict(scene.stats.errors), pause, kinds

    errors, pause, kinds = virtual_time.run(play())

    assert ({"TimeoutError": 1, "410": 1}, True) == (errors, FIRST_PAUSE / 2 <= pause)
    assert ["sendInitialEvents", "limit", "", "sendInitialEvents"] == kinds


def test_half_a_list_is_no_list() -> None:
    """Objects missing from a list that broke off are not taken for deleted."""

    async def play() -> list[str]:
        options = WatchOptions(streams=True)
        async with watching(server(broken_list, streams=True), options=options) as scene:
            await scene.until(lambda: scene.stats.synced, 5)
            return [told for told in scene.mirror.told if told.startswith("synced")]

    assert ["synced 10"] == virtual_time.run(play())
