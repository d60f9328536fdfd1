"""The Retry-After of an API server: how long it asks to wait before the next request.

It comes as a header. If the server rejects a request unread, due to priority and fairness or a
shutdown, the body is just a line of text. So the header's value is put into the body, as a Status
like that of other refusals, for callers that see only the body. client-go does the same.
Source: apiserver/pkg/server/filters/maxinflight.go (tooManyRequests), with_retry_after.go;
client-go/rest/request.go (retryAfterSeconds, newUnstructuredResponseError).
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import msgspec

from probewatch.kube.objects import BROKEN
from probewatch.kube.statuses import read_status

LONGEST_SECONDS = 60.0
"""Upper bound of a wait, even if the server asks for more."""

WORDS_BYTES = 1024
"""Bytes kept of an answer that is plain text."""


def find_wait(body: bytes) -> float:
    """Return the seconds that the Status in an answer's body asks to wait; 0 if it does not."""
    return min(max(0.0, read_status(body).details.retry_after_seconds), LONGEST_SECONDS)


def with_wait(status: int, headers: Mapping[str, str], body: bytes, *, now: float) -> bytes:
    """Return the body of an answer, with the header's Retry-After added to that of an error."""
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
    """Return the seconds in a Retry-After header, capped; None if it is invalid or in the past.

    The header has seconds or an HTTP date (RFC 9110, 10.2.3).
    """
    if not text:
        return None
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST_SECONDS)  # int() would refuse very many digits
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
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
    except BROKEN:
        return {}
