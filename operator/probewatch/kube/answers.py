"""Answers of the API server: the object, or its refusal in words or as an ApiError."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Protocol, TypeVar

import msgspec

from probewatch.errors import ApiError
from probewatch.kube.objects import BROKEN
from probewatch.kube.sanitize import sanitize
from probewatch.kube.statuses import read_status
from probewatch.kube.waits import find_wait

WORDS_LIMIT = 300
"""Bytes of the API server's message in a message of ours."""

NO_RIGHT = re.compile(r'User ".*" cannot \w+ ')
"""The API server's message for a missing RBAC right. Admission answers 403 as well, without it.
Source: apiserver/pkg/endpoints/handlers/responsewriters/errors.go (forbiddenMessage)."""

Answer = TypeVar("Answer")


class Requester(Protocol):
    """The one thing needed of an API client."""

    async def request(
        self, verb: str, path: str, *, params: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        """Return status and body of the answer; raises ApiError without one."""
        ...


async def ask(requester: Requester, path: str, params: Mapping[str, str] | None = None) -> bytes:
    """GET *path* and return the body; raises ApiError with the API server's message on refusal."""
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
    """GET *path* and return the decoded object; raises ApiError, also if it cannot be decoded."""
    body = await ask(requester, path, params)
    try:
        return decoder.decode(body)
    except BROKEN as error:
        words = sanitize(str(error), limit=WORDS_LIMIT)
        raise ApiError(f"what the API server sent for {path} cannot be read: {words}") from error


def refusal(status: int, body: bytes) -> ApiError:
    """Return the error for an answer other than success."""
    if status == HTTPStatus.UNAUTHORIZED:
        return ApiError("the API server refuses the credentials (401)", status=status)
    words = sanitize(read_status(body).message, limit=WORDS_LIMIT) or "no reason given"
    missing = "a right is missing: " if status == HTTPStatus.FORBIDDEN else ""
    text = f"{missing}the API server answers {status}: {words}"
    return ApiError(text, status=status, wait=find_wait(body))
