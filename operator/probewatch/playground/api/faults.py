"""What can go wrong on demand, with a whole request or with a line of a watch.

Everything that the server answers correctly stays correct; a fault changes only what goes over
the wire. When each strikes is for the plan (`fault_plan`) to say.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

import msgspec

from probewatch.playground.api.requests import Request
from probewatch.playground.objects.status import StatusError


class End(StrEnum):
    """How an answer ends before its time."""

    RESET = "reset"
    """RST: the connection is torn down."""
    FIN = "fin"
    """The connection is closed without the last chunk."""
    LAST_CHUNK = "last chunk"
    """The answer ends as if it were complete."""
    SILENCE = "silence"
    """Nothing more comes, and the connection stays."""


# --- on a whole request ------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Respond:
    """Answer so, and do nothing of what was asked."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"

    @classmethod
    def error(
        cls, code: int, reason: str = "", *, headers: Mapping[str, str] = {}, message: str = ""
    ) -> "Respond":
        """Answer with a Status object."""
        error = StatusError(code, reason or "InternalError", message or f"a fault: {code}")
        return cls(status=code, body=msgspec.json.encode(error.body), headers=headers)

    @classmethod
    def html(cls, status: int = 200) -> "Respond":
        """Answer as a proxy does that knows better."""
        page = b"<html><body>Please sign in</body></html>"
        return cls(status=status, body=page, content_type="text/html")


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """Answer late."""

    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Swallow:
    """Do what was asked, if *commits*, and end without any answer."""

    end: End = End.RESET
    commits: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Truncate:
    """Send the first bytes of the body only."""

    size: int
    end: End = End.FIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Replace:
    """Replace what is found in the body, which must be there."""

    old: bytes
    new: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrite:
    """Answer another request than the one that came: that is how the past comes back.

    A list of `{"resourceVersion": "7", "resourceVersionMatch": "Exact"}` is a list as of then; a
    watch with an older `resourceVersion` tells again what has been told.
    """

    query: Mapping[str, str]

    def change(self, request: Request) -> Request:
        """Return the other request."""
        return replace(request, query={**request.query, **self.query})


# --- on lines of a watch -----------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """Send so many bytes of the line and end."""

    byte: int = 0
    end: End = End.FIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Insert:
    """Send something before the line."""

    data: bytes

    @classmethod
    def error(cls, code: int | None, reason: str = "InternalError") -> "Insert":
        """Send an ERROR event; without a code, its Status has none."""
        body = StatusError(code or 0, reason, f"a fault: {reason}").body
        if code is None:
            del body["code"]
        return cls(data=msgspec.json.encode({"type": "ERROR", "object": body}) + b"\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Swap:
    """Send something else instead of the line; nothing, to lose it."""

    data: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """Send the line so many times in all."""

    times: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Send the line only after so many further ones: it comes out of order."""

    lines: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """Send an earlier line again after this one: the past comes back."""

    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """Send the line in small pieces, with a pause after each."""

    size: int = 1
    pause_seconds: float = 0.0


LineAction = Cut | Insert | Swap | Repeat | Hold | Recall | Slice


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Strike at one line of a watch."""

    action: LineAction
    number: int = 1
    """Counted from 1 in each watch."""
    onwards: bool = False
    """At this line and at all that follow."""
    kinds: tuple[str, ...] = ()
    """Count only events of these types; all, if it is empty."""


Fault = Respond | Delay | Swallow | Truncate | Replace | Rewrite | Line
