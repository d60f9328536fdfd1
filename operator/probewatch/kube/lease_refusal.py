"""A Lease that is refused: when that is to be believed, so that it is gone on without one.

An API server that has just started knows of no rights, and refuses what it will allow in a
tenth of a second. Who has seen the Lease may stand by for another, and waits for as long as for a
holder that is dead. At the start nothing begins before the server has called itself ready; then
only another one of several may still err.
"""

from dataclasses import dataclass
from http import HTTPStatus

from probewatch.kube.lease_objects import DURATION_SECONDS

FOR_GOOD = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN, HTTPStatus.METHOD_NOT_ALLOWED})
"""No namespace, no right, no such resource."""

FIRST_PATIENCE_SECONDS = 3.0
"""Of one that has not seen the Lease yet."""

REFUSED_SECONDS = 30.0
"""How often it is looked whether a Lease can be kept by now."""


@dataclass(slots=True, kw_only=True)
class Refusal:
    """Whether there can be no Lease."""

    is_final: bool = False
    _since: float | None = None

    def end(self) -> None:
        """It was answered."""
        self.is_final, self._since = False, None

    def go_on(self, now: float, *, was_seen: bool) -> bool:
        """Take in that it is refused now, once more; return whether that is final by now."""
        self._since = now if self._since is None else self._since
        patience = DURATION_SECONDS if was_seen else FIRST_PATIENCE_SECONDS
        return now - self._since >= patience
