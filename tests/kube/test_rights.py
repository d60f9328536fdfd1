"""Asking the API server for rights, and its errors as messages."""

import json

import msgspec
import pytest
from aiohttp import web

from probewatch.errors import ApiError
from probewatch.kube.answers import ask, ask_for
from probewatch.kube.rights import may_i, wait_for_right
from tests.kube.clients import client_of, connected
from tests.support.fake_cluster import Answer, FakeCluster, status_answer
from tests.support.fake_time import FakeTime


def answering(text: str, status: int = 200) -> Answer:
    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(text=text, status=status)

    return answer


RIGHTS = {
    "yes": (answering('{"status": {"allowed": true}}', 201), True),
    "no": (answering('{"status": {"allowed": false, "reason": "no"}}', 201), False),
    "nothing": (answering('{"status": {}}', 201), False),
    "may not ask": (answering("{}", 403), None),
    "garbage": (answering("<html>", 201), None),
}


@pytest.mark.parametrize(("answer", "expected"), RIGHTS.values(), ids=RIGHTS.keys())
async def test_right_is_asked_for(answer: Answer, *, expected: bool | None) -> None:
    """A SelfSubjectAccessReview gives yes or no; any other answer is unknown."""
    cluster = FakeCluster(instead=answer)
    async with connected(cluster) as client:
        assert expected is await may_i(client, "watch", "events", "shop")

    attributes = json.loads(cluster.asked[0].body)["spec"]["resourceAttributes"]
    assert {"verb": "watch", "resource": "events", "namespace": "shop"} == attributes


async def test_right_cannot_be_asked_for_without_a_server() -> None:
    """Without a server the answer is unknown."""
    async with client_of("http://127.0.0.1:9") as client:
        assert None is await may_i(client, "watch", "events")


async def seconds_until_granted(*, after: int) -> float:
    """Wait for a right that is denied *after* times, then granted, by a clock of its own."""
    cluster, time = FakeCluster(), FakeTime()

    async def answer(request: web.Request) -> web.StreamResponse:
        granted = "yes" if len(cluster.asked) > after else "no"
        return await RIGHTS[granted][0](request)

    cluster.instead = answer
    begun = time.seconds
    async with connected(cluster) as client:
        await wait_for_right(client, "watch", "events", "default", clock=time.clock)
    return time.seconds - begun


@pytest.mark.parametrize(("denied", "seconds"), [(0, 0), (1, 5), (3, 35), (7, 635), (9, 1835)])
async def test_missing_right_is_checked_ever_more_rarely(denied: int, seconds: float) -> None:
    """A denial by a starting server costs seconds; a missing right is checked every ten minutes."""
    assert seconds == await seconds_until_granted(after=denied)


@pytest.mark.parametrize("answer", ["may not ask", "garbage"])
async def test_right_that_is_unknown_is_not_waited_for(answer: str) -> None:
    """If the API server does not tell, the watch itself shows whether it is allowed."""
    time = FakeTime()
    async with connected(FakeCluster(instead=RIGHTS[answer][0])) as client:
        await wait_for_right(client, "watch", "events", "default", clock=time.clock)

    assert [] == time.slept


REFUSALS = {
    "forbidden": (403, "a right is missing: the API server answers 403: pods is forbidden"),
    "unauthorized": (401, "the API server refuses the credentials (401)"),
    "other": (422, "the API server answers 422: pods is forbidden"),
}


@pytest.mark.parametrize(("code", "words"), REFUSALS.values(), ids=REFUSALS.keys())
async def test_refusal_is_told_in_the_servers_words(code: int, words: str) -> None:
    """A refused request is an error with the API server's message."""

    async def answer(_request: web.Request) -> web.StreamResponse:
        return status_answer(code, "pods is forbidden")

    async with connected(FakeCluster(instead=answer)) as client:
        with pytest.raises(ApiError) as raised:
            await ask(client, "/api/v1/pods")

    assert (words, code) == (str(raised.value), raised.value.status)


async def test_refusal_without_words() -> None:
    """A refusal without a Status has no message to repeat."""
    async with connected(FakeCluster(instead=answering("<html>", 502))) as client:
        with pytest.raises(ApiError, match="answers 502: no reason given"):
            await ask(client, "/api/v1/pods")


async def test_answer_that_is_no_object() -> None:
    """An answer that is no Kubernetes object is an error that names the path."""
    async with connected(FakeCluster(instead=answering("<html>"))) as client:
        with pytest.raises(ApiError, match="sent for /api/v1/pods cannot be read"):
            await ask_for(client, msgspec.json.Decoder(dict[str, str]), "/api/v1/pods")
