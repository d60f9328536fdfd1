"""Class B faults: well-formed answers of the API server with wrong contents."""

import asyncio
import json
from collections.abc import Mapping
from itertools import pairwise

import pytest

from tests.support import virtual_time
from tests.watch.fault_server import Answer, Fault, FaultServer, Truth, line, thing
from tests.watch.scenes import Scene, watching


def server(*, lists: tuple[Fault, ...] = (), watches: tuple[Fault, ...] = ()) -> FaultServer:
    """A server with two things and these faults."""
    truth = Truth(things={"a": 3, "b": 5})
    return FaultServer(truth=truth, list_faults=list(lists), watch_faults=list(watches))


async def live(scene: Scene, limit: float) -> float:
    """Apply changes and wait until all of them have arrived."""
    for kind, name in (("ADDED", "c"), ("MODIFIED", "a"), ("DELETED", "b")):
        await scene.server.truth.change(kind, name)
    return await scene.agrees(limit)


def says(status: int, headers: str = "", body: bytes = b"{}") -> Fault:
    """A fault that answers with this status."""

    async def fault(answer: Answer) -> None:
        await answer.say(status, body, headers)

    return fault


TOO_MANY = b"Too many requests, please try again later.\n"


def error_event(status: Mapping[str, object]) -> Fault:
    """A watch that sends an ERROR event."""

    async def fault(answer: Answer) -> None:
        await answer.begin()
        await answer.write(json.dumps({"type": "ERROR", "object": status}).encode() + b"\n")
        await answer.end()

    return fault


GONE = {
    "B1 ERROR event": error_event({"kind": "Status", "code": 410, "reason": "Expired"}),
    "B1 by its reason alone": error_event({"kind": "Status", "reason": "Expired"}),
    "B2 HTTP status": says(410, body=b'{"kind": "Status", "code": 410}'),
}


@pytest.mark.parametrize("gone", GONE.values(), ids=GONE.keys())
def test_history_that_is_gone(gone: Fault) -> None:
    """B1, B2: on 410 everything is listed again within 2 s, and missed changes are found."""

    async def after_a_while(answer: Answer) -> None:
        await answer.happened(3)
        await gone(answer)

    async def play() -> tuple[float, dict[str, int]]:
        async with watching(server(watches=(after_a_while,))) as scene:
            await scene.agrees(5)
            return await live(scene, limit=2), dict(scene.stats.relists)

    took, lists = virtual_time.run(play())

    assert (True, {"start": 1, "410": 1}) == (took <= 2, lists)


async def first_page(answer: Answer) -> None:
    """A page with a continue token."""
    meta = {"resourceVersion": "10", "continue": "token"}
    await answer.say(200, json.dumps({"metadata": meta, "items": [thing("a", 3)]}).encode())


def test_continue_token_that_is_gone() -> None:
    """B3: with an expired continue token the list starts again at its first page."""

    async def play() -> tuple[bool, list[str]]:
        async with watching(server(lists=(first_page, says(410)))) as scene:
            await scene.agrees(3)
            return scene.stats.synced, [
                query.get("continue", "") for _, query in scene.server.asked
            ]

    assert (True, ["", "token", "", ""]) == virtual_time.run(play())


def test_continue_token_that_is_always_gone() -> None:
    """B3: if no paginated list completes, the third attempt asks for everything at once."""

    async def pages_fail(answer: Answer) -> None:
        place.list_faults.append(pages_fail)
        if "limit" not in answer.query:
            await answer.proceed()
        elif "continue" in answer.query:
            await answer.say(410, b"{}")
        else:
            await first_page(answer)

    place = server(lists=(pages_fail,))

    async def play() -> tuple[float, int]:
        async with watching(place) as scene:
            return await scene.until(lambda: scene.stats.synced, 10), scene.stats.errors["410"]

    took, tries = virtual_time.run(play())

    assert (True, True) == (took <= 5, tries <= 3)


@pytest.mark.slow
def test_history_gone_for_ten_minutes() -> None:
    """B4: a server that answers every watch with 410 is listed more and more rarely."""
    gone = says(410)

    async def play() -> tuple[int, float]:
        place = server(watches=(gone,) * 1000)
        async with watching(place) as scene:
            await asyncio.sleep(600)
            lists = sum(scene.stats.relists.values())
            place.watch_faults.clear()
            return lists, await live(scene, limit=31)

    lists, took = virtual_time.run(play())

    assert (True, True) == (lists <= 40, took <= 31)


ERRORS: Mapping[str, Mapping[str, object]] = {
    "500": {"kind": "Status", "code": 500},
    "504 too large": {"kind": "Status", "code": 504, "reason": "Timeout"},
    "no code": {"kind": "Status"},
    "a code that is text": {"kind": "Status", "code": "many"},
    "nothing": {},
}


@pytest.mark.parametrize("status", ERRORS.values(), ids=ERRORS.keys())
def test_error_events(status: Mapping[str, object]) -> None:
    """B5: after an ERROR event the watch is resumed without a list."""

    async def play() -> tuple[float, int]:
        async with watching(server(watches=(error_event(status),))) as scene:
            await scene.agrees(5)
            return await live(scene, limit=5), sum(scene.stats.relists.values())

    took, lists = virtual_time.run(play())

    assert (True, 1) == (took <= 5, lists)


WAITS: Mapping[str, tuple[str, float, float]] = {
    "B6 one second": ("Retry-After: 1\r\n", 1, 1.2),
    "B6 thirty seconds": ("Retry-After: 30\r\n", 30, 36),
    "B6 none": ("", 0.4, 0.8),
    "B7 a date": ("Retry-After: Sun, 09 Sep 2001 01:47:00 GMT\r\n", 19, 24),
    "B7 a day": ("Retry-After: 86400\r\n", 60, 72),
    "B7 negative": ("Retry-After: -1\r\n", 0.4, 0.8),
    "B7 nonsense": ("Retry-After: abc\r\n", 0.4, 0.8),
    "B7 a long number": (f"Retry-After: {'9' * 400}\r\n", 60, 72),
}


@pytest.mark.slow
@pytest.mark.parametrize("where", ["list", "watch"])
@pytest.mark.parametrize(("header", "least", "most"), WAITS.values(), ids=WAITS.keys())
def test_too_many_requests(header: str, least: float, most: float, where: str) -> None:
    """B6, B7: Retry-After is honoured, up to a limit."""
    busy = says(429, header)

    async def play() -> float:
        place = server(lists=(busy,)) if where == "list" else server(watches=(busy,))
        async with watching(place) as scene:
            await scene.until(lambda: len(scene.server.asked) >= 3, 100)
            kind = [at for at, query in place.asked if ("watch" in query) is (where == "watch")]
            return next(later - at for at, later in pairwise(kind))

    assert least <= virtual_time.run(play()) <= most


@pytest.mark.parametrize(("put_off", "begun"), [(1, 1), (5, 1), (6, 2)])
def test_page_that_is_put_off(put_off: int, begun: int) -> None:
    """B6: after a 429 the same page is requested again, not the whole list."""
    busy = says(429, "Retry-After: 2\r\n", TOO_MANY)

    async def play() -> tuple[int, bool]:
        place = server(lists=(first_page, *(busy,) * put_off))
        async with watching(place) as scene:
            await scene.agrees(60)
            lists = [(at, query) for at, query in place.asked if "watch" not in query]
            polite = all(later[0] - at[0] >= 2 for at, later in pairwise(lists[1:]))
            return sum("continue" not in query for _, query in lists), polite

    assert (begun, True) == virtual_time.run(play())


@pytest.mark.slow
@pytest.mark.parametrize(("times", "limit"), [(3, 10.0), (25, 30.0)], ids=["seconds", "minutes"])
def test_server_errors(times: int, limit: float) -> None:
    """B8: after server errors the watch recovers within half a minute."""

    async def play() -> float:
        place = server(watches=(says(500),) * times)
        async with watching(place) as scene:
            await scene.until(lambda: not place.watch_faults, 1000)
            return await live(scene, limit=limit)

    assert limit >= virtual_time.run(play())


@pytest.mark.parametrize("refusals", [1, 2, 3])
def test_login_that_is_refused(refusals: int) -> None:
    """B9: after a 401 new credentials are read, even if they change only later."""

    async def guarded(answer: Answer) -> None:
        if answer.truth is place.truth and place.tokens[-1].endswith("new"):
            await answer.proceed()
            return
        place.list_faults.append(guarded)
        await answer.say(401, b"{}")

    place = server(lists=(guarded,))

    async def play() -> float:
        async with watching(place, renewed_after=refusals) as scene:
            return await scene.until(lambda: scene.stats.synced, 15)

    assert 10 >= virtual_time.run(play())


@pytest.mark.slow
def test_login_that_is_refused_for_ever() -> None:
    """B9: refused credentials are retried more and more rarely, and the loop is not synced."""

    async def play() -> tuple[bool, bool, int]:
        place = server(lists=(says(401),) * 1000)
        async with watching(place, renewed_after=float("inf")) as scene:
            await asyncio.sleep(600)
            return scene.task.done(), scene.stats.synced, len(place.asked)

    is_over, synced, asked = virtual_time.run(play())

    assert (False, False, True) == (is_over, synced, 20 <= asked <= 40)


@pytest.mark.parametrize("where", ["list", "watch"])
def test_right_that_is_missing_for_a_minute(where: str) -> None:
    """B10: a right that is granted later is used within half a minute."""

    async def play() -> float:
        denied = (says(403),) * 1000
        place = server(lists=denied) if where == "list" else server(watches=denied)
        async with watching(place) as scene:
            await asyncio.sleep(60)
            place.list_faults.clear()
            place.watch_faults.clear()
            return await live(scene, limit=30)

    assert 30 >= virtual_time.run(play())


LISTS: Mapping[str, bytes] = {
    "truncated": b'{"metadata": {"resourceVersion": "10"}, "items": [{"metadata": {"na',
    "no items": b'{"metadata": {"resourceVersion": "10"}}',
    "no metadata": b'{"items": []}',
    "no resourceVersion": b'{"metadata": {}, "items": []}',
    "a status": b'{"kind": "Status", "metadata": {}, "status": "Failure"}',
    "null": b"null",
    "nothing": b"",
}


@pytest.mark.parametrize("body", LISTS.values(), ids=LISTS.keys())
def test_list_that_is_none(body: bytes) -> None:
    """B12: a malformed list is requested again, never taken for an empty cluster."""

    async def play() -> list[str]:
        async with watching(server(lists=(says(200, body=body),))) as scene:
            await scene.agrees(5)
            return [told for told in scene.mirror.told if told.startswith("synced")]

    assert ["synced 10"] == virtual_time.run(play())


def test_null_items() -> None:
    """B12: `items: null` is how Go writes an empty list."""
    body = b'{"metadata": {"resourceVersion": "10"}, "items": null}'

    async def play() -> list[str]:
        async with watching(server(lists=(says(200, body=body),))) as scene:
            await scene.until(lambda: scene.stats.synced, 1)
            return scene.mirror.told

    assert ["synced 10"] == virtual_time.run(play())


def test_watch_that_begins_too_early() -> None:
    """B15: events that the server repeats change nothing."""

    async def replaying(answer: Answer) -> None:
        await answer.begin()
        for version in range(1, 11):
            await answer.write(line("MODIFIED", "a", version))
        await answer.follow(10)

    async def play() -> tuple[int, dict[str, int]]:
        place = server(watches=(replaying,))
        place.truth.things["a"] = 10
        async with watching(place) as scene:
            await scene.agrees(5)
            await live(scene, limit=5)
            return sum(scene.stats.relists.values()), dict(scene.stats.errors)

    assert (1, {}) == virtual_time.run(play())


@pytest.mark.slow
def test_watch_that_always_ends_at_once() -> None:
    """A server that ends each watch at once is not polled in a tight loop."""

    async def nothing(answer: Answer) -> None:
        await answer.begin()
        await answer.end()

    async def play() -> int:
        place = server(watches=(nothing,) * 10_000)
        async with watching(place) as scene:
            await asyncio.sleep(600)
            assert not scene.task.done()
            return len(place.asked)

    assert 40 >= virtual_time.run(play())
