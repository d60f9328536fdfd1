"""Decides when a refused Lease is final, so that the process goes on without one.

An API server that has just started knows no RBAC rules, and for a tenth of a second refuses what
it will allow afterwards. A process that has seen the Lease may be the standby of another one, so
it waits as long as for a dead holder. At startup, one waits until the server is ready, so only
another one of several servers can still refuse by mistake, and a shorter wait is enough.
"""

import logging
from dataclasses import dataclass
from http import HTTPStatus

from probewatch.kube.lease_objects import DURATION_SECONDS

_log = logging.getLogger(__name__)

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
        """Note that the Lease could be written, or that another replica holds it."""
        self.is_final, self._since = False, None

    def conclude(self, status: int, namespace: str) -> None:
        """Note that the refusal is final, and log that the first time."""
        if not self.is_final:
            words = "The Lease cannot be used; this replica writes without one"
            _log.warning(words, extra={"status": status, "namespace": namespace})
        self.is_final = True

    def interrupt(self) -> None:
        """Note that nothing was refused: there was another answer, or none."""
        self._since = None

    def go_on(self, status: int, now: float, *, was_seen: bool) -> bool:
        """Note an answer other than success; return whether refusals last long enough to be final.

        They have to be in a row: those of two starts with an outage between are no missing right.
        """
        if status not in FOR_GOOD:
            self.interrupt()
            return False
        self._since = now if self._since is None else self._since
        patience = DURATION_SECONDS if was_seen else FIRST_PATIENCE_SECONDS
        return now - self._since >= patience
