"""Missing rights to read owners: which refusals are believed, and which may end in a moment.

An API server that has just started forbids everything until it has loaded its RBAC rules. So a
refusal is doubted, and the request repeated for a few seconds. If it lasts, the right is missing,
and refusals in the same namespace are believed, until an owner there could be read: the right was
granted. A right that is missing in several namespaces, and was used in none since, is missing in
all: a first sync must not wait in each of them.
"""

import logging
from dataclasses import dataclass, field

from probewatch.clock import Clock, Throttle

_log = logging.getLogger(__name__)

KEPT_SECONDS = 600.0
"""How long a namespace is remembered without a new refusal: it may be deleted. One that is in use
is refused again each minute."""

SEVERAL = 2
"""Namespaces in which a right is missing; a single one may have a role of its own."""

Place = tuple[str, str]
"""A resource and a namespace."""


@dataclass(slots=True, kw_only=True)
class Refusals:
    """Remembers the namespaces in which a resource must not be read."""

    clock: Clock
    _missing: dict[Place, float] = field(default_factory=dict)
    """The time of the last refusal that was believed."""
    _allowed: dict[str, float] = field(default_factory=dict)
    """The time of the last answer other than a refusal, by resource."""
    _lines: Throttle = field(init=False)

    def __post_init__(self) -> None:
        self._lines = Throttle(self.clock.monotonic)

    def covers(self, resource: str, namespace: str) -> bool:
        """Tell whether the right is known to be missing."""
        begin = self.clock.monotonic() - KEPT_SECONDS
        for each in [each for each, at in self._missing.items() if at <= begin]:
            del self._missing[each]
        allowed = self._allowed.get(resource, begin)
        since = [at for (kind, _), at in self._missing.items() if kind == resource and at > allowed]
        return (resource, namespace) in self._missing or len(since) >= SEVERAL

    def believe(self, resource: str, namespace: str) -> None:
        """Note a refusal that lasted, and log it."""
        self._missing[resource, namespace] = self.clock.monotonic()
        if self._lines.allows(resource):
            _log.warning(
                "A right is missing: get; workloads are named by their nearest owner",
                extra={"resource": resource, "namespace": namespace},
            )

    def end(self, resource: str, namespace: str) -> None:
        """Note an answer that is given only to those who have the right."""
        self._missing.pop((resource, namespace), None)
        self._allowed[resource] = self.clock.monotonic()
