"""Faults on demand: plans that say at which request, or at which line of a watch, what goes wrong.

Deterministic: a rule counts the requests that it matches and strikes at the n-th. Everything
that the server answers correctly stays correct; a fault changes only what goes over the wire.

    server.faults.add(Match(verb="watch", resource="pods"), Line(number=3, action=Cut(byte=10)))
    server.faults.add(Match(verb="list"), Respond.status(429, {"Retry-After": "7"}), times=2)
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import msgspec

from probewatch.playground.api_requests import Request
from probewatch.playground.objects_status import StatusError

FOR_EVER = None


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


Fault = Respond | Delay | Swallow | Truncate | Replace | Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Which requests are meant; what is empty matches all."""

    verb: str = ""
    resource: str = ""
    group: str | None = None
    subresource: str | None = None
    namespace: str = ""
    name: str = ""
    path: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    """Parameters that must have these values; `*` stands for any."""

    def fits(self, request: Request) -> bool:
        """Whether a request is meant."""
        wanted = (
            (self.verb, request.verb),
            (self.resource, request.resource),
            (self.namespace, request.namespace),
            (self.name, request.name),
            (self.path, request.path),
        )
        return (
            all(not mine or mine == theirs for mine, theirs in wanted)
            and self.group in {None, request.group}
            and self.subresource in {None, request.subresource}
            and all(_has(request, key, value) for key, value in self.query.items())
        )


def _has(request: Request, key: str, value: str) -> bool:
    found = request.query.get(key)
    return found is not None and value in {"*", found}


@dataclass(slots=True, kw_only=True)
class Rule:
    """One fault, and when it strikes."""

    match: Match
    fault: Fault
    first: int = 1
    """At the n-th request that matches, counted from 1 …"""
    times: int | None = 1
    """… and so often; None: for ever."""
    seen: int = 0
    struck: int = 0

    def strikes(self, request: Request) -> bool:
        """Count a request, and tell whether it is struck."""
        if not self.match.fits(request):
            return False
        self.seen += 1
        if self.seen < self.first or (self.times is not None and self.struck >= self.times):
            return False
        self.struck += 1
        return True


class Faults:
    """The plan in force."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []

    def add(self, match: Match, fault: Fault, *, first: int = 1, times: int | None = 1) -> Rule:
        """Let *fault* strike at the requests that match, from the *first*, so many times."""
        rule = Rule(match=match, fault=fault, first=first, times=times)
        self._rules.append(rule)
        return rule

    def remove(self, rule: Rule) -> None:
        """Let a fault strike no more."""
        self._rules.remove(rule)

    def clear(self) -> None:
        """Let nothing go wrong any more."""
        self._rules.clear()

    def strike(self, request: Request) -> tuple[Fault, ...]:
        """Return what goes wrong with this request."""
        if not self._rules:
            return ()
        return tuple(rule.fault for rule in self._rules if rule.strikes(request))
