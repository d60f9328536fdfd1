"""Retry-After: read from headers and Statuses, and honoured."""

import pytest
from aiohttp import web

from probewatch.kube.statuses import read_status
from probewatch.kube.waits import LONGEST_SECONDS, find_wait, parse_retry_after, with_wait
from tests.kube.clients import logged_in
from tests.support.fake_cluster import FakeCluster, serving
from tests.support.fake_time import FakeTime

TOO_MANY = b"Too many requests, please try again later.\n"
"""What an API server answers under priority and fairness, beside the header."""

NOW = 1e9


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        (1.0, "1"),
        (60.0, "86400"),
        (60.0, "9" * 5000),
        (None, "-1"),
        (None, "abc"),
        (None, "²"),
        (None, ""),
        (None, None),
        (20.0, "Sun, 09 Sep 2001 01:47:00 GMT"),
        (None, "Sun, 09 Sep 2001 01:46:00 GMT"),
        (20.0, "Sun, 09 Sep 2001 01:47:00 -0000"),
        (None, "Sun, 09 Sep 99999999999 01:47:00 GMT"),
        (None, "Sun, 09 Sep 2001 01:47:00 +9999999999999999999"),
    ],
)
def test_retry_after(expected: float | None, text: str | None) -> None:
    """Seconds and dates are read, garbage is ignored, and a minute is the maximum."""
    assert expected == parse_retry_after(text, NOW)


def test_what_only_the_header_says_is_put_into_the_answer() -> None:
    """A plain-text answer becomes a Status with its message and the header's wait."""
    body = with_wait(429, {"Retry-After": "20"}, TOO_MANY, now=NOW)

    assert (20.0, TOO_MANY.decode().strip()) == (find_wait(body), read_status(body).message)


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (200, {"Retry-After": "20"}, b'{"kind":"PodList"}'),
        (429, {}, TOO_MANY),
        (429, {"Retry-After": "soon"}, TOO_MANY),
        (429, {"Retry-After": "0"}, TOO_MANY),
        (429, {"Retry-After": "9"}, b'{"details":{"retryAfterSeconds":5}}'),
    ],
    ids=["no refusal", "no header", "garbage", "at once", "said already"],
)
def test_other_answers_stay_as_they_are(status: int, headers: dict[str, str], body: bytes) -> None:
    """Answers without a header, or with a wait of their own, are unchanged."""
    assert body == with_wait(status, headers, body, now=NOW)


@pytest.mark.parametrize(
    "body", [b'{"message":"\xe9chec"}', b"[" * 100_000, b'{"details":[1]}', b'{"details":"no"}']
)
def test_answer_of_a_proxy_gets_the_wait_of_its_header(body: bytes) -> None:
    """An answer that is no Status, or no JSON at all, is text, and its header still counts."""
    assert 20.0 == find_wait(with_wait(503, {"Retry-After": "20"}, body, now=NOW))


def test_long_text_of_a_proxy_is_cut_off() -> None:
    """Of an answer that is plain text, such as an error page, only the beginning is kept."""
    body = with_wait(503, {"Retry-After": "20"}, b"x" * 100_000, now=NOW)

    assert "x" * 1024 == read_status(body).message


def test_what_else_a_refusal_says_is_kept() -> None:
    """A Status without a wait gets the header's and keeps all other fields."""
    causes = b'[{"reason":"NamespaceTerminating"}]'
    said = b'{"message":"no","details":{"causes":' + causes + b"}}"
    body = with_wait(403, {"Retry-After": "5"}, said, now=NOW)

    assert (True, "no", 5.0) == (causes in body, read_status(body).message, find_wait(body))


@pytest.mark.parametrize(
    ("expected", "body"),
    [
        (5.0, b'{"details":{"retryAfterSeconds":5}}'),
        (LONGEST_SECONDS, b'{"details":{"retryAfterSeconds":86400}}'),
        (0.0, b'{"details":{"retryAfterSeconds":-5}}'),
        (0.0, b'{"details":{"retryAfterSeconds":"5"}}'),
        (0.0, b'{"details":null}'),
        (0.0, TOO_MANY),
        (0.0, b""),
    ],
)
def test_wait_of_an_answer(expected: float, body: bytes) -> None:
    """The wait of a Status is bounded; anything else is 0."""
    assert expected == find_wait(body)


async def ask_one_that_is_busy(verb: str, *, seconds: int, times: int) -> tuple[int, int, FakeTime]:
    """Send a request to a busy server; returns status, number of requests, and the clock."""
    cluster, time = FakeCluster(), FakeTime()

    async def answer(_request: web.Request) -> web.StreamResponse:
        if len(cluster.asked) > times:
            return web.json_response({})
        return web.Response(status=429, body=TOO_MANY, headers={"Retry-After": str(seconds)})

    cluster.instead = answer
    async with serving(cluster) as server, logged_in(server, clock=time.clock) as client:
        status, _ = await client.request(verb, "/api/v1/pods")
    return status, len(cluster.asked), time


async def test_questions_are_put_again_as_told() -> None:
    """A GET is repeated after Retry-After, and not before."""
    status, asked, time = await ask_one_that_is_busy("GET", seconds=2, times=2)

    assert (200, 3, [2.0, 2.0]) == (status, asked, time.slept)


async def test_questions_are_not_put_for_ever() -> None:
    """A wait beyond the request's timeout is left to the caller."""
    status, asked, time = await ask_one_that_is_busy("GET", seconds=2, times=99)

    assert (429, 3, [2.0, 2.0]) == (status, asked, time.slept)


async def test_writes_are_up_to_who_writes() -> None:
    """A refused write is returned at once, as something newer may have to be written."""
    status, asked, time = await ask_one_that_is_busy("PUT", seconds=2, times=1)

    assert (429, 1, []) == (status, asked, time.slept)
