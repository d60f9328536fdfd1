"""How long an API server asks to wait before it is asked again.

It says so in a header. Where it turns a request away unread, by priority and fairness or because
it shuts down, all else is a line of text: so what the header says is put into the answer, as the
Status that other refusals come with, for whoever reads it there. client-go does the same.
Source: apiserver/pkg/server/filters/maxinflight.go (tooManyRequests), with_retry_after.go;
client-go/rest/request.go (retryAfterSeconds, newUnstructuredResponseError).
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import msgspec

LONGEST_SECONDS = 60.0
"""A server that asks for more is asked again after this all the same."""

WORDS_BYTES = 1024
"""Of an answer that is no object."""


class _Details(msgspec.Struct, rename="camel"):
    retry_after_seconds: float = 0.0


class _Status(msgspec.Struct):
    message: str = ""
    details: _Details | None = None


def find_wait(body: bytes) -> float:
    """Return the seconds that an answer asks to wait, as a number that is not negative."""
    details = _read(body).details
    return min(max(0.0, details.retry_after_seconds), LONGEST_SECONDS) if details else 0.0


def with_wait(status: int, headers: Mapping[str, str], body: bytes, *, now: float) -> bytes:
    """Return the body of an answer; of a refusal that only its header bounds, as a Status."""
    if status < HTTPStatus.BAD_REQUEST or find_wait(body):
        return body
    wait = parse_retry_after(headers.get("Retry-After"), now)
    if not wait:
        return body
    said = _read_object(body) or _as_status(status, body)
    before = said.get("details")
    details = {**(before if isinstance(before, dict) else {}), "retryAfterSeconds": wait}
    return msgspec.json.encode({**said, "details": details})


def parse_retry_after(text: str | None, now: float) -> float | None:
    """Seconds that the server asks to wait, capped; None for garbage and the past.

    The header holds seconds or an HTTP date (RFC 9110, 10.2.3).
    """
    if not text:
        return None
    if text.isascii() and text.isdigit():
        # A long row of digits is a long wait; int() refuses very long ones.
        return min(float(text[:9]), LONGEST_SECONDS)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    wait = (aware - datetime.fromtimestamp(now, UTC)).total_seconds()
    return min(wait, LONGEST_SECONDS) if wait > 0 else None


def _as_status(status: int, body: bytes) -> Mapping[str, object]:
    words = body[:WORDS_BYTES].decode(errors="replace").strip()
    return {"kind": "Status", "code": status, "message": words}


def _read_object(body: bytes) -> Mapping[str, object]:
    try:
        return msgspec.json.decode(body, type=dict[str, object])
    except msgspec.DecodeError:
        return {}


def _read(body: bytes) -> _Status:
    try:
        return msgspec.json.decode(body, type=_Status)
    except msgspec.DecodeError:
        return _Status()
