"""When faults strike: at the n-th request that matches.

server.faults.add(Match(verb="watch", resource="pods"), Line(number=3, action=Cut(byte=10)))
server.faults.add(Match(verb="list"), Respond.error(429, headers=…), first=2, times=3)
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from probewatch.playground.api.faults import Fault
from probewatch.playground.api.requests import Request

FOR_EVER = None
"""How often a fault strikes that never ends."""


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
    """… and so often; None: for ever …"""
    every: int = 1
    """… at each, or only at each second, third, …"""
    seen: int = 0
    struck: int = 0

    def strikes(self, request: Request) -> bool:
        """Count a request, and tell whether it is struck."""
        if not self.match.fits(request):
            return False
        self.seen += 1
        if self.seen < self.first or (self.times is not None and self.struck >= self.times):
            return False
        if (self.seen - self.first) % self.every:
            return False
        self.struck += 1
        return True


class Faults:
    """The plan in force."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []

    def add(
        self,
        match: Match,
        fault: Fault,
        *,
        first: int = 1,
        times: int | None = 1,
        every: int = 1,
    ) -> Rule:
        """Let *fault* strike at the requests that match, from the *first*, so many times."""
        rule = Rule(match=match, fault=fault, first=first, times=times, every=every)
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
