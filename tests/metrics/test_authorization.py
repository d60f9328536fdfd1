"""Who may read the metrics is asked of the API server, no more often than needed."""

import asyncio
from dataclasses import dataclass, field

import pytest

from probewatch.errors import ApiError
from probewatch.metrics.authorization import (
    ACCESS_REVIEWS,
    ALLOWED_SECONDS,
    ANSWERS_KEPT,
    ASKED_AT_ONCE,
    REFUSED_SECONDS,
    STALE_SECONDS,
    TOKEN_REVIEWS,
    Authorizer,
    Verdict,
)
from tests.metrics.reviews import USER, FakeReviews
from tests.metrics.scene import StillTime
from tests.support import virtual_time

GOOD = "good"


@dataclass
class Gatehouse:
    reviews: FakeReviews = field(default_factory=FakeReviews)
    time: StillTime = field(default_factory=StillTime)

    def __post_init__(self) -> None:
        self.authorizer = Authorizer(self.reviews, clock=self.time.clock)

    async def judge(self, token: str = GOOD) -> Verdict:
        return await self.authorizer.judge(f"Bearer {token}")


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic Z29vZA==", "good", "Bearer " + "x" * 100_000]
)
async def test_without_a_token_nobody_is_asked(header: str) -> None:
    """A header without a bearer token is refused without a request."""
    house = Gatehouse()

    assert Verdict.UNKNOWN is await house.authorizer.judge(header)
    assert [] == house.reviews.asked


@pytest.mark.parametrize(
    ("token", "verdict"),
    [("good", Verdict.ALLOWED), ("poor", Verdict.FORBIDDEN), ("made-up", Verdict.UNKNOWN)],
)
async def test_token_and_right_are_both_needed(token: str, verdict: Verdict) -> None:
    """A valid token is not enough: its user needs the right as well."""
    assert verdict is await Gatehouse().judge(token)


async def test_reviews_are_asked_for_as_the_api_wants_it() -> None:
    """A TokenReview is followed by a SubjectAccessReview for `get /metrics`."""
    house = Gatehouse()
    await house.judge()

    (first, token_review), (second, access_review) = house.reviews.asked

    assert (TOKEN_REVIEWS, ACCESS_REVIEWS) == (first, second)
    assert {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenReview",
        "spec": {"token": "good"},
    } == token_review
    assert {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {
            "user": USER["username"],
            "uid": "good",
            "groups": ["g"],
            "extra": {"k": ["v"]},
            "nonResourceAttributes": {"path": "/metrics", "verb": "get"},
        },
    } == access_review


@pytest.mark.parametrize(
    ("token", "seconds"), [("good", ALLOWED_SECONDS), ("made-up", REFUSED_SECONDS)]
)
async def test_answer_is_used_for_a_short_time(token: str, seconds: float) -> None:
    """Answers are cached: an allowed one for a minute, a refused one for a shorter time."""
    house = Gatehouse()
    await house.judge(token)
    asked = len(house.reviews.asked)

    house.time.seconds += seconds - 1
    await house.judge(token)
    assert asked == len(house.reviews.asked)

    house.time.seconds += 1
    await house.judge(token)
    assert 2 * asked == len(house.reviews.asked)


async def test_right_that_is_taken_away_is_gone() -> None:
    """A revoked right takes effect when the cached answer expires."""
    house = Gatehouse()
    await house.judge()
    house.reviews.allowed = frozenset()
    house.time.seconds += ALLOWED_SECONDS

    assert Verdict.FORBIDDEN is await house.judge()


async def test_good_answer_lasts_while_the_api_server_is_away() -> None:
    """If the API server is unreachable, an allowed user stays allowed for a limited time."""
    house = Gatehouse()
    await house.judge()
    house.reviews.down = True

    house.time.seconds += STALE_SECONDS - 1
    assert Verdict.ALLOWED is await house.judge()
    house.time.seconds += 1
    assert Verdict.UNCHECKED is await house.judge()


class SilentReviews(FakeReviews):
    """An API server that accepts requests and stops to answer them."""

    is_silent = False

    async def request(
        self, verb: str, path: str, *, body: object | None = None
    ) -> tuple[int, bytes]:
        if self.is_silent:
            await asyncio.sleep(30.0)
            raise ApiError("no answer in time")
        return await super().request(verb, path, body=body)


async def judged_in_silence() -> tuple[list[Verdict], float]:
    """Judge a known and an unknown token while others wait; return how long that takes."""
    reviews = SilentReviews()
    house = Gatehouse(reviews)
    await house.judge()
    reviews.is_silent = True
    house.time.seconds += ALLOWED_SECONDS
    made_up = [house.judge(f"made-up {number}") for number in range(ASKED_AT_ONCE + 1)]
    begun = asyncio.get_running_loop().time()
    verdicts = await asyncio.gather(*made_up, house.judge())
    return verdicts, asyncio.get_running_loop().time() - begun


def test_silent_api_server_is_not_waited_for_until_the_scrape_is_over() -> None:
    """A scraper gives up after ten seconds: the answer that is known is used well before."""
    verdicts, seconds = virtual_time.run(judged_in_silence())

    assert {Verdict.UNCHECKED} == set(verdicts[:-1])
    assert Verdict.ALLOWED is verdicts[-1]
    assert 3.0 == pytest.approx(seconds)


@pytest.mark.parametrize("token", ["poor", "made-up"])
async def test_refusal_does_not_last_while_the_api_server_is_away(token: str) -> None:
    """If the API server is unreachable, an expired refusal becomes Unchecked."""
    house = Gatehouse()
    await house.judge(token)
    house.reviews.down = True

    house.time.seconds += REFUSED_SECONDS
    assert Verdict.UNCHECKED is await house.judge(token)


async def test_unknown_token_is_not_let_in_when_it_cannot_be_checked() -> None:
    """A token that cannot be checked is not allowed."""
    house = Gatehouse(reviews=FakeReviews(down=True))

    assert Verdict.UNCHECKED is await house.judge()


@pytest.mark.parametrize(
    "answer",
    [
        *((500, b""), (403, b"{}"), (201, b"not JSON"), (201, b"{}"), (201, b'{"status": 1}')),
        (500, b'{"status": {"authenticated": true, "user": {"uid": "good"}}}'),
    ],
    ids=str,
)
async def test_answer_that_makes_no_sense_is_none(answer: tuple[int, bytes]) -> None:
    """An invalid answer of the API server allows nobody."""
    house = Gatehouse(reviews=FakeReviews(answers=[answer]))

    assert Verdict.UNCHECKED is await house.judge()


@pytest.mark.parametrize(
    "status",
    [
        b'{"status": {"authenticated": true, "user": 1}}',
        b'{"status": {"authenticated": "false", "user": {"uid": "good"}}}',
    ],
    ids=["no user", "not true"],
)
async def test_token_of_nobody_is_unknown(status: bytes) -> None:
    """A token is known only by its user, whom the next review is about."""
    house = Gatehouse(reviews=FakeReviews(answers=[(201, status)]))

    assert Verdict.UNKNOWN is await house.judge()


async def test_same_token_is_asked_for_once_at_a_time() -> None:
    """Concurrent requests with one token share an answer."""
    house = Gatehouse()

    verdicts = await asyncio.gather(*(house.judge() for _ in range(20)))

    assert {Verdict.ALLOWED} == set(verdicts)
    assert len(house.reviews.asked) <= 2 * ASKED_AT_ONCE


async def test_made_up_tokens_are_no_load_on_the_api_server() -> None:
    """Concurrent reviews and the size of the cache are limited."""
    house = Gatehouse()

    await asyncio.gather(*(house.judge(f"made-up-{number}") for number in range(2 * ANSWERS_KEPT)))

    assert house.reviews.most <= ASKED_AT_ONCE
    await house.judge("made-up-0")
    assert 2 * ANSWERS_KEPT + 1 == len(house.reviews.asked)


async def test_token_in_use_is_kept_before_others() -> None:
    """A scraper whose answer was renewed is not forgotten for the sake of made-up tokens."""
    house = Gatehouse()
    await house.judge()
    house.time.seconds += ALLOWED_SECONDS
    for number in range(ANSWERS_KEPT - 1):
        await house.judge(f"made-up-{number}")
    await house.judge()
    await house.judge("another")
    asked = len(house.reviews.asked)

    assert Verdict.ALLOWED is await house.judge()
    assert asked == len(house.reviews.asked)


async def test_whole_token_decides() -> None:
    """Tokens of service accounts all begin alike, and differ only in their claims and signature."""
    alike = "x" * 1000
    known = frozenset({f"{alike}1"})
    house = Gatehouse(FakeReviews(known=known, allowed=known))

    verdicts = [await house.judge(f"{alike}{number}") for number in (1, 2)]

    assert [Verdict.ALLOWED, Verdict.UNKNOWN] == verdicts


@pytest.mark.parametrize("header", ["bearer good", "BEARER good", " Bearer  good "])
async def test_scheme_is_written_as_one_likes(header: str) -> None:
    """The name of an authentication scheme is case-insensitive. Source: RFC 9110, 11.1."""
    assert Verdict.ALLOWED is await Gatehouse().authorizer.judge(header)


async def test_token_itself_is_not_kept() -> None:
    """The cache does not contain the token itself."""
    house = Gatehouse()
    await house.judge("good")

    assert "good" not in repr(vars(house.authorizer)["_answers"])
