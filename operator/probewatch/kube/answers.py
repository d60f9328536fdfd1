"""Answers of the API server that a command waits for: the object, or its words of refusal."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Protocol, TypeVar

import msgspec

from probewatch.errors import ApiError
from probewatch.kube.sanitize import sanitize
from probewatch.kube.waits import find_wait

WORDS_LIMIT = 300
"""Bytes of the API server's own words in a message of ours."""


Answer = TypeVar("Answer")


class Requester(Protocol):
    """The one thing needed of an API client."""

    async def request(
        self, verb: str, path: str, *, params: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        """Return status and body of the answer; raises ApiError without one."""
        ...


class _Status(msgspec.Struct):
    message: str = ""


async def ask(requester: Requester, path: str, params: Mapping[str, str] | None = None) -> bytes:
    """Return what is at *path*; raises ApiError with the API server's own words if it says no."""
    status, body = await requester.request("GET", path, params=params)
    if status == HTTPStatus.OK:
        return body
    raise refusal(status, body)


async def ask_for(
    requester: Requester,
    decoder: "msgspec.json.Decoder[Answer]",
    path: str,
    params: Mapping[str, str] | None = None,
) -> Answer:
    """Return what is at *path*, decoded; raises ApiError, also where that is no such object."""
    body = await ask(requester, path, params)
    try:
        return decoder.decode(body)
    except msgspec.DecodeError as error:
        words = sanitize(str(error), limit=WORDS_LIMIT)
        raise ApiError(f"what the API server sent for {path} cannot be read: {words}") from error


def find_words(body: bytes) -> str:
    """Return what the API server says in an answer that is none; empty if it says nothing."""
    try:
        return msgspec.json.decode(body, type=_Status).message
    except msgspec.DecodeError:
        return ""


def refusal(status: int, body: bytes) -> ApiError:
    """Return the error for an answer that is none."""
    if status == HTTPStatus.UNAUTHORIZED:
        return ApiError("the API server refuses the credentials (401)", status=status)
    words = sanitize(find_words(body), limit=WORDS_LIMIT) or "no reason given"
    missing = "a right is missing: " if status == HTTPStatus.FORBIDDEN else ""
    text = f"{missing}the API server answers {status}: {words}"
    return ApiError(text, status=status, wait=find_wait(body))
