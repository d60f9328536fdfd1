"""Responses to requests: a body, or a stream of lines."""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field

import msgspec

from probewatch.playground.objects.status import StatusError

Lines = list[bytes]
"""Lines of a watch that are ready at the same time; each ends with a newline."""

JSON = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One response; with *stream*, the body is what the stream yields."""

    status: int = 200
    body: bytes = b""
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    stream: AsyncGenerator[Lines] | None = None


def answer_json(body: object, *, status: int = 200, headers: Mapping[str, str] = {}) -> Answer:
    """Return a response with *body* as JSON."""
    return Answer(status=status, body=msgspec.json.encode(body) + b"\n", headers=headers)


def answer_error(error: StatusError) -> Answer:
    """Return the response for an error."""
    return answer_json(error.body, status=error.code, headers=error.headers)


def answer_text(text: str) -> Answer:
    """Return a response with plain text."""
    return Answer(body=text.encode(), content_type="text/plain; charset=utf-8")
