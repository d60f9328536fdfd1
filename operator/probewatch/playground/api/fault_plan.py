"""The plan of faults: which requests are affected, and when.

server.faults.add(Match(verb="watch", resource="pods"), Line(number=3, action=Cut(byte=10)))
server.faults.add(Match(verb="list"), Respond.error(429, headers=…), first=2, times=3)
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from probewatch.playground.api.faults import Fault
from probewatch.playground.api.requests import Request

FOR_EVER = None
"""The number of times (`times`) of a fault without an end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Selects requests; an empty field matches all."""

    verb: str = ""
    resource: str = ""
    group: str | None = None
    subresource: str | None = None
    namespace: str = ""
    name: str = ""
    path: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    """Query parameters that must have these values; `*` stands for any value."""

    def fits(self, request: Request) -> bool:
        """Whether a request matches."""
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
    """One fault, and when it applies."""

    match: Match
    fault: Fault
    first: int = 1
    """The first matching request that is affected, counted from 1."""
    times: int | None = 1
    """The number of affected requests; None for no limit."""
    every: int = 1
    """1 to affect each matching request from the first on, 2 for each second, …"""
    seen: int = 0
    struck: int = 0

    def strikes(self, request: Request) -> bool:
        """Count a request, and return whether the fault applies to it."""
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
    """The faults that are in effect."""

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
        """Apply *fault* to matching requests, as described in `Rule`."""
        rule = Rule(match=match, fault=fault, first=first, times=times, every=every)
        self._rules.append(rule)
        return rule

    def remove(self, rule: Rule) -> None:
        """Remove a fault."""
        self._rules.remove(rule)

    def clear(self) -> None:
        """Remove all faults."""
        self._rules.clear()

    def strike(self, request: Request) -> tuple[Fault, ...]:
        """Count a request, and return the faults that apply to it."""
        if not self._rules:
            return ()
        return tuple(rule.fault for rule in self._rules if rule.strikes(request))
