"""Decides when a refused Lease is final, so that the process goes on without one.

An API server that has just started knows no RBAC rules, and for a tenth of a second refuses what
it will allow afterwards. A process that has seen the Lease may be the standby of another one, so
it waits as long as for a dead holder. At startup, one waits until the server is ready, so only
another one of several servers can still refuse by mistake, and a shorter wait is enough.
"""

from dataclasses import dataclass
from http import HTTPStatus

from probewatch.kube.lease_objects import DURATION_SECONDS

FOR_GOOD = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN, HTTPStatus.METHOD_NOT_ALLOWED})
"""The namespace, the right, or the resource is missing."""

FIRST_PATIENCE_SECONDS = 3.0
"""How long a process that has not seen the Lease yet waits for the refusal to pass."""

REFUSED_SECONDS = 30.0
"""How often to try again after a final refusal."""


@dataclass(slots=True, kw_only=True)
class Refusal:
    """Whether the Lease is refused, and whether that is final."""

    is_final: bool = False
    _since: float | None = None

    def end(self) -> None:
        """Note that the Lease could be read or written."""
        self.is_final, self._since = False, None

    def go_on(self, now: float, *, was_seen: bool) -> bool:
        """Note one more refusal; return whether it has lasted long enough to be final."""
        self._since = now if self._since is None else self._since
        patience = DURATION_SECONDS if was_seen else FIRST_PATIENCE_SECONDS
        return now - self._since >= patience
