"""Nothing is requested from an API server before it is ready."""

import asyncio
from collections.abc import Iterable

import pytest
from aiohttp import web

from probewatch.kube.greeting import LOOK_SECONDS, PATIENCE_SECONDS, READY, greet
from tests.kube.clients import client_of, connected
from tests.support.fake_cluster import Answer, FakeCluster
from tests.support.fake_time import FakeTime

VERSION = '{"gitVersion": "v1.36.0"}'


def answering(*statuses: int, version: str = VERSION) -> Answer:
    """A server whose readiness check returns these statuses, the last one for ever."""
    left = list(statuses)

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path == READY:
            return web.Response(status=left.pop(0) if len(left) > 1 else left[0])
        return web.Response(text=version)

    return answer


def logged(caplog: pytest.LogCaptureFixture, key: str) -> list[object]:
    return [vars(each)[key] for each in caplog.records if key in vars(each)]


GREETINGS: dict[str, tuple[Iterable[int], str, str]] = {
    "ready": ((200,), VERSION, "v1.36.0"),
    "may not ask for it": ((200,), '{"kind": "Status", "code": 403}', "unknown"),
    "no API server": ((404,), "<html>", "unknown"),
}


@pytest.mark.parametrize(("statuses", "text", "version"), GREETINGS.values(), ids=GREETINGS.keys())
async def test_server_that_answers_is_named(
    statuses: Iterable[int], text: str, version: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The API server's version is logged if it is known, without a wait."""
    caplog.set_level("INFO")
    time = FakeTime()
    async with connected(FakeCluster(instead=answering(*statuses, version=text))) as client:
        await greet(client, time.clock)

    assert ([version], []) == (logged(caplog, "version"), time.slept)


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (200, ("INFO", "The API server answers")),
        (401, ("ERROR", "The API server refuses the credentials")),
        (403, ("INFO", "The API server answers")),
    ],
)
async def test_refused_credentials_are_reported_at_once(
    status: int, told: tuple[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    """Refused credentials are logged as an error at once, and not as success."""
    caplog.set_level("INFO")
    async with connected(FakeCluster(instead=answering(status))) as client:
        await greet(client, FakeTime().clock)

    told_by_us = [each for each in caplog.records if each.name.startswith("probewatch")]
    assert [told] == [(each.levelname, each.getMessage()) for each in told_by_us]


async def test_server_that_starts_is_waited_for() -> None:
    """A starting server is waited for, as it would deny rights and definitions it has."""
    time = FakeTime()
    async with connected(FakeCluster(instead=answering(500, 503, 429, 200))) as client:
        await greet(client, time.clock)

    assert [LOOK_SECONDS] * 3 == time.slept


async def test_server_that_is_waited_for_is_named_with_its_answer(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The reason of the wait is logged, once for each status."""
    caplog.set_level("INFO")
    time = FakeTime()
    async with connected(FakeCluster(instead=answering(403, 500, 500, 429, 429, 200))) as client:
        await greet(client, time.clock)

    assert [500, 429] == logged(caplog, "status")


@pytest.mark.parametrize("statuses", [(403, 500, 200), (403,)], ids=["starts", "for good"])
async def test_server_that_forbids_it_is_asked_again(statuses: tuple[int, ...]) -> None:
    """A 403 is checked a second time, as a starting server knows no rights yet."""
    time = FakeTime()
    async with connected(FakeCluster(instead=answering(*statuses))) as client:
        await greet(client, time.clock)

    assert [LOOK_SECONDS] * max(1, len(statuses) - 1) == time.slept


async def test_server_that_is_never_ready_is_tried_all_the_same() -> None:
    """After a minute without readiness the operator starts all the same."""
    time = FakeTime()
    async with connected(FakeCluster(instead=answering(500))) as client:
        await greet(client, time.clock)

    assert PATIENCE_SECONDS == sum(time.slept)


async def test_server_that_is_away_is_logged_and_waited_for(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An unreachable server is logged with the reason and waited for."""
    time = FakeTime()
    async with client_of("http://127.0.0.1:9") as client:
        waiting = asyncio.create_task(greet(client, time.clock))
        while sum(time.slept) < 3 * PATIENCE_SECONDS:  # noqa: ASYNC110  # time is the test's own
            await asyncio.sleep(0)
        still = not waiting.done()
        waiting.cancel()

    assert still
    assert "connection refused" == logged(caplog, "why")[0]


async def test_patience_begins_anew_after_an_outage() -> None:
    """A server that was away while it was not ready has started again, and gets a full minute."""
    time, asked = FakeTime(), []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(request.path)
        if len(asked) in {50, 51} and request.transport is not None:  # a GET is sent twice
            request.transport.abort()
        return web.Response(status=503)

    async with connected(FakeCluster(instead=answer)) as client:
        await greet(client, time.clock)

    assert 50 * LOOK_SECONDS + PATIENCE_SECONDS == sum(time.slept)
