"""Faults that tests can inject, into a whole request or into a line of a watch.

The server itself keeps working correctly; a fault changes only what is sent over the wire.
When a fault applies is decided by the plan (`fault_plan`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

import msgspec

from probewatch.playground.api.requests import Request
from probewatch.playground.objects.status import StatusError


class End(StrEnum):
    """How a response ends early."""

    RESET = "reset"
    """The connection is reset by RST."""
    FIN = "fin"
    """The connection is closed without the last chunk."""
    LAST_CHUNK = "last chunk"
    """The response ends as if it were complete."""
    SILENCE = "silence"
    """Nothing more is sent, and the connection stays open."""


# --- on a whole request ------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Respond:
    """Send this response, and do not execute the request."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"

    @classmethod
    def error(
        cls, code: int, reason: str = "", *, headers: Mapping[str, str] = {}, message: str = ""
    ) -> "Respond":
        """Return a fault that sends a Status object."""
        error = StatusError(code, reason or "InternalError", message or f"a fault: {code}")
        return cls(status=code, body=msgspec.json.encode(error.body), headers=headers)

    @classmethod
    def html(cls, status: int = 200) -> "Respond":
        """Return a fault that sends an HTML page, as an intercepting proxy does."""
        page = b"<html><body>Please sign in</body></html>"
        return cls(status=status, body=page, content_type="text/html")


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """Delay the response."""

    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Swallow:
    """End without any response, after the request was executed if *commits* is set."""

    end: End = End.RESET
    commits: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Truncate:
    """Send only the first bytes of the body."""

    size: int
    end: End = End.FIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Replace:
    """Replace a part of the body, which has to contain it."""

    old: bytes
    new: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrite:
    """Answer the request with other query parameters, for example to serve the past.

    With `{"resourceVersion": "7", "resourceVersionMatch": "Exact"}` a list is as of that version;
    a watch with an older `resourceVersion` sends earlier changes again.
    """

    query: Mapping[str, str]

    def change(self, request: Request) -> Request:
        """Return the changed request."""
        return replace(request, query={**request.query, **self.query})


# --- on lines of a watch -----------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """Send the first *byte* bytes of the line, and end."""

    byte: int = 0
    end: End = End.FIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Insert:
    """Send something before the line."""

    data: bytes

    @classmethod
    def error(cls, code: int | None, reason: str = "InternalError") -> "Insert":
        """Return a fault that sends an ERROR event; without *code*, its Status has none."""
        body = StatusError(code or 0, reason, f"a fault: {reason}").body
        if code is None:
            del body["code"]
        return cls(data=msgspec.json.encode({"type": "ERROR", "object": body}) + b"\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Swap:
    """Send other data instead of the line; by default none, so that the line is lost."""

    data: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """Send the line *times* times in all."""

    times: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Send the line out of order, after *lines* further ones."""

    lines: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """Send an earlier line, by its number, again after this one."""

    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """Send the line in small pieces, with a pause after each."""

    size: int = 1
    pause_seconds: float = 0.0


LineAction = Cut | Insert | Swap | Repeat | Hold | Recall | Slice


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Change a line of a watch."""

    action: LineAction
    number: int = 1
    """The number of the line, counted from 1 in each watch."""
    onwards: bool = False
    """Whether all later lines are changed too."""
    kinds: tuple[str, ...] = ()
    """Count only events of these types; empty for all."""


Fault = Respond | Delay | Swallow | Truncate | Replace | Rewrite | Line
