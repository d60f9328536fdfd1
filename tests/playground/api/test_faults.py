"""Injected faults affect exactly the requests of their rules."""

import asyncio
import json
from collections.abc import AsyncIterator

import aiohttp
import pytest

from probewatch.playground.api.fault_plan import Match
from probewatch.playground.api.faults import (
    Cut,
    Delay,
    End,
    Hold,
    Insert,
    Line,
    LineAction,
    Recall,
    Repeat,
    Replace,
    Respond,
    Rewrite,
    Slice,
    Swallow,
    Swap,
    Truncate,
)
from probewatch.playground.api.server import ApiServer
from tests.contract.client import Client, config

MAPS = "/api/v1/namespaces/default/configmaps"
WATCH = f"{MAPS}?watch=true&timeoutSeconds=30"
NAMES = ("one", "two", "three", "four")


@pytest.fixture(name="maps", autouse=True)
def _maps(server: ApiServer) -> None:
    """Four ConfigMaps, listed in this order: four, one, three, two."""
    type_ = server.registry.types.builtin("configmaps")
    for name in NAMES:
        server.registry.create(type_, config(name))


@pytest.fixture(name="session")
async def _session(server: ApiServer) -> AsyncIterator[aiohttp.ClientSession]:
    headers = {"Authorization": f"Bearer {server.tokens.admin}"}
    async with aiohttp.ClientSession(server.url, headers=headers) as session:
        yield session


async def read_lines(session: aiohttp.ClientSession, count: int) -> list[tuple[str, str]]:
    """The types and names of a watch's first events."""
    async with session.get(WATCH) as response:
        lines = [await response.content.readline() for _ in range(count)]
    events = [json.loads(line) for line in lines]
    return [(event["type"], event["object"]["metadata"].get("name", "")) for event in events]


async def read_all(session: aiohttp.ClientSession, path: str) -> tuple[bytes, str]:
    """The bytes received, and whether the response ended properly or by which error."""
    got = b""
    try:
        async with session.get(path) as response:
            async for chunk in response.content.iter_any():
                got += chunk
    except aiohttp.ClientError as error:
        cause = "reset" if "reset by peer" in str(error) else "torn"
        return got, cause
    return got, "complete"


async def test_the_nth_request_is_struck(server: ApiServer, api: Client) -> None:
    """Only matching requests are counted, and only the chosen ones fail."""
    fault = Respond.error(503, "ServiceUnavailable")
    match = Match(verb="list", resource="configmaps")
    rule = server.faults.add(match, fault, first=2, times=2)

    statuses = []
    for _ in range(5):
        await api.call("GET", f"{MAPS}/one")
        statuses.append((await api.call("GET", MAPS)).status)

    assert [200, 503, 503, 200, 200] == statuses
    assert (5, 2) == (rule.seen, rule.struck)


async def test_every_second_request_is_struck(server: ApiServer, api: Client) -> None:
    """A rule can affect every other request."""
    server.faults.add(Match(verb="list"), Respond.error(409, "Conflict"), times=None, every=2)

    statuses = [(await api.call("GET", MAPS)).status for _ in range(4)]

    assert [409, 200, 409, 200] == statuses


async def test_all_connections_can_be_dropped(
    server: ApiServer, session: aiohttp.ClientSession
) -> None:
    """Dropping connections breaks watches; new requests are answered."""
    async with session.get(WATCH) as response:
        await response.content.readline()
        server.drop_connections()
        with pytest.raises(aiohttp.ClientError):
            await response.content.read()

    assert 200 == (await session.get(MAPS)).status


@pytest.mark.parametrize(
    "match",
    [
        Match(verb="list", namespace="default"),
        Match(path=MAPS),
        Match(group="", resource="configmaps", subresource=""),
        Match(query={"limit": "2"}),
        Match(query={"limit": "*"}),
    ],
    ids=str,
)
async def test_what_a_match_means(server: ApiServer, api: Client, match: Match) -> None:
    """Verb, resource, path and parameters select the affected requests."""
    server.faults.add(match, Respond.error(500), times=None)

    struck = await api.call("GET", f"{MAPS}?limit=2")
    passed = await api.call("GET", "/api/v1/namespaces/kube-system/secrets")

    assert (500, 200) == (struck.status, passed.status)


async def test_faults_can_be_taken_back(server: ApiServer, api: Client) -> None:
    """Removed rules no longer affect requests."""
    first = server.faults.add(Match(), Respond.error(500), times=None)
    server.faults.remove(first)
    after_removal = await api.call("GET", MAPS)
    server.faults.add(Match(), Respond.error(500), times=None)
    server.faults.clear()

    assert (200, 200) == (after_removal.status, (await api.call("GET", MAPS)).status)


async def test_an_answer_can_be_any(server: ApiServer, api: Client) -> None:
    """A fault may replace the answer, without executing the request."""
    headers = {"Retry-After": "7"}
    server.faults.add(Match(), Respond.error(429, "TooManyRequests", headers=headers))
    server.faults.add(Match(verb="create"), Respond.html())

    limited = await api.call("GET", MAPS)
    page = await api.call("POST", MAPS, config("five"))

    assert (429, "7") == (limited.status, limited.headers["Retry-After"])
    assert (200, True) == (page.status, "<html>" in page.text)
    assert 404 == (await api.call("GET", f"{MAPS}/five")).status


async def test_a_write_can_be_done_and_not_answered(server: ApiServer, api: Client) -> None:
    """A write may be committed and the connection dropped before the answer."""
    match = Match(verb="create")
    server.faults.add(match, Swallow(end=End.RESET))
    server.faults.add(match, Swallow(end=End.FIN, commits=False), first=2)

    for name in ("five", "six"):
        with pytest.raises(aiohttp.ClientError):
            await api.call("POST", MAPS, config(name))

    statuses = [(await api.call("GET", f"{MAPS}/{name}")).status for name in ("five", "six")]
    assert [200, 404] == statuses


async def test_an_answer_can_stay_out(server: ApiServer, session: aiohttp.ClientSession) -> None:
    """A request may get no answer on an open connection."""
    server.faults.add(Match(verb="list"), Swallow(end=End.SILENCE))

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05), session.get(MAPS):
            pass

    assert 200 == (await session.get(MAPS)).status


async def test_an_answer_can_be_late(server: ApiServer, api: Client) -> None:
    """A request may be answered late."""
    server.faults.add(Match(verb="list"), Delay(seconds=0.02))
    loop = asyncio.get_running_loop()
    begin = loop.time()

    reply = await api.call("GET", MAPS)

    assert 200 == reply.status
    assert loop.time() - begin >= 0.02


@pytest.mark.parametrize(
    ("end", "how"),
    [(End.RESET, "reset"), (End.FIN, "torn"), (End.LAST_CHUNK, "complete")],
)
async def test_a_list_can_be_cut(
    server: ApiServer, session: aiohttp.ClientSession, end: End, how: str
) -> None:
    """A response may end after so many bytes, with or without an error."""
    server.faults.add(Match(verb="list"), Truncate(size=100, end=end))

    got, ended = await read_all(session, MAPS)

    assert (100, how) == (len(got), ended)


async def test_a_list_can_be_spoilt(server: ApiServer, api: Client) -> None:
    """A part of the body may be replaced; a replacement that does not apply is an error."""
    server.faults.add(Match(verb="list"), Replace(old=b'"items":[', new=b'"items":null,"x":['))
    server.faults.add(Match(verb="get"), Replace(old=b"not in there", new=b""))

    assert None is (await api.call("GET", MAPS)).body["items"]
    assert 500 == (await api.call("GET", f"{MAPS}/one")).status


@pytest.mark.parametrize(
    ("end", "how"),
    [(End.RESET, "reset"), (End.FIN, "torn"), (End.LAST_CHUNK, "complete")],
)
@pytest.mark.parametrize("byte", [0, 1, 30])
async def test_a_watch_can_be_cut_within_a_line(
    server: ApiServer, session: aiohttp.ClientSession, end: End, how: str, byte: int
) -> None:
    """A watch may end within a line."""
    server.faults.add(Match(verb="watch"), Line(number=3, action=Cut(byte=byte, end=end)))

    got, ended = await read_all(session, WATCH)

    *whole, part = got.split(b"\n")
    assert (2, byte, how) == (len(whole), len(part), ended)


async def test_a_watch_can_fall_silent(server: ApiServer, session: aiohttp.ClientSession) -> None:
    """A watch may stay open and silent."""
    server.faults.add(Match(verb="watch"), Line(number=2, action=Cut(end=End.SILENCE)))

    async with session.get(WATCH) as response:
        await response.content.readline()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await response.content.readline()


A, B, C, D = (("ADDED", name) for name in ("four", "one", "three", "two"))


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        (Swap(), [A, C, D]),
        (Repeat(times=3), [A, B, B, B, C, D]),
        (Hold(lines=1), [A, C, B, D]),
        (Hold(lines=2), [A, C, D, B]),
        (Recall(number=1), [A, B, A, C, D]),
        (Slice(size=3), [A, B, C, D]),
    ],
    ids=str,
)
async def test_lines_of_a_watch_can_go_wrong(
    server: ApiServer,
    session: aiohttp.ClientSession,
    action: LineAction,
    expected: list[tuple[str, str]],
) -> None:
    """A line may be lost, repeated, delayed, replayed or sliced, and no other is affected."""
    server.faults.add(Match(verb="watch"), Line(number=2, action=action))

    assert expected == await read_lines(session, len(expected))


async def test_something_else_can_come_in_a_line(
    server: ApiServer, session: aiohttp.ClientSession
) -> None:
    """Garbage and ERROR events may be inserted before a line or replace it."""
    server.faults.add(Match(verb="watch"), Line(number=1, action=Insert(data=b"null\n")))
    server.faults.add(Match(verb="watch"), Line(number=2, action=Insert.error(410, "Expired")))
    server.faults.add(Match(verb="watch"), Line(number=3, action=Insert.error(None)))
    server.faults.add(Match(verb="watch"), Line(number=4, action=Swap(data=b"\xff\xfe\n")))

    async with session.get(WATCH) as response:
        lines = [await response.content.readline() for _ in range(7)]

    assert (b"null\n", b"\xff\xfe\n") == (lines[0], lines[6])
    gone, bare = (json.loads(lines[number]) for number in (2, 4))
    assert ("ERROR", 410, "Expired") == (
        gone["type"],
        gone["object"]["code"],
        gone["object"]["reason"],
    )
    assert "code" not in bare["object"]


async def test_only_lines_of_a_kind_are_counted(
    server: ApiServer, session: aiohttp.ClientSession, api: Client
) -> None:
    """A line fault may be limited to a type of events."""
    fault = Line(number=1, action=Swap(), onwards=True, kinds=("MODIFIED",))
    server.faults.add(Match(verb="watch"), fault)

    async with session.get(WATCH) as response:
        for _ in NAMES:
            await response.content.readline()
        for value in "ab":
            await api.patch(f"{MAPS}/one", {"data": {"x": value}})
        await api.delete(f"{MAPS}/one")
        event = json.loads(await response.content.readline())

    assert ("DELETED", "one") == (event["type"], event["object"]["metadata"]["name"])


async def test_a_watch_can_drip(server: ApiServer, session: aiohttp.ClientSession) -> None:
    """A watch may be sent in small pieces with pauses."""
    pause = Slice(size=50, pause_seconds=0.001)
    server.faults.add(Match(verb="watch"), Line(number=1, action=pause, onwards=True))

    assert [A, B, C, D] == await read_lines(session, 4)


async def test_the_past_can_come_back(
    server: ApiServer, api: Client, session: aiohttp.ClientSession
) -> None:
    """A list may be of an older version, and a watch may repeat old events."""
    before = str(server.registry.store.version)
    await api.delete(f"{MAPS}/one")
    past = {"resourceVersion": before, "resourceVersionMatch": "Exact"}
    server.faults.add(Match(verb="list"), Rewrite(query=past))
    server.faults.add(Match(verb="watch"), Rewrite(query={"resourceVersion": before}))

    stale, fresh = await api.get(MAPS), await api.get(MAPS)
    now = fresh["metadata"]["resourceVersion"]
    async with session.get(f"{WATCH}&resourceVersion={now}") as response:
        event = json.loads(await response.content.readline())

    assert (4, 3) == (len(stale["items"]), len(fresh["items"]))
    assert (before, "DELETED") == (stale["metadata"]["resourceVersion"], event["type"])


async def test_a_server_can_change_its_certificate(server: ApiServer, api: Client) -> None:
    """After a renewal and a restart the old CA is not trusted any more."""
    old = server.authority
    await server.stop()
    server.renew_certificate()
    await server.start()

    assert old != server.authority
    assert 200 == (await api.call("GET", MAPS)).status


async def test_a_server_can_be_away(server: ApiServer, api: Client) -> None:
    """A stopped server refuses connections; restarted it has its address and objects."""
    url = server.url
    await server.stop()
    with pytest.raises(aiohttp.ClientError):
        await api.call("GET", MAPS)
    await server.start()

    assert url == server.url
    assert 200 == (await api.call("GET", f"{MAPS}/one")).status


async def test_a_watch_that_nobody_reads_is_let_go(
    server: ApiServer, session: aiohttp.ClientSession
) -> None:
    """A watch ends when its client disconnects."""
    idle = len(asyncio.all_tasks())
    async with session.get(WATCH) as response:
        await response.content.readline()
    async with asyncio.timeout(5):
        while len(asyncio.all_tasks()) > idle:  # noqa: ASYNC110  # ends in bounded time
            await asyncio.sleep(0.005)
    assert server.url
