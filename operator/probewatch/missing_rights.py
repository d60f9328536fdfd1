"""Logs which lists and watches the API server rejects, every minute, and when that ends.

It is repeated so that somebody who looks an hour later finds it: a single line is far up in the
log by then, or rotated away.
"""

import logging
from collections.abc import Callable, Mapping, Sequence

from probewatch.clock import Clock
from probewatch.watch.transport import WatchStats

_log = logging.getLogger(__name__)

FIRST_CHECK_SECONDS = 3.0
"""Early, for a person who has just started the operator."""

UNSYNCED_CHECK_SECONDS = 5.0
"""Until the first list is complete, checks are frequent, to tell early what prevents it."""

CHECK_SECONDS = 60.0

CONSEQUENCES: Mapping[str, str] = {
    "pods": "pods are not watched",
    "events": "causes are found from the states of containers alone, and are less certain",
    "node-events": "verdicts on restarts by node reboots and kubelet restarts are less certain",
}
"""What does not work without the permission to list and watch a resource."""

CREDENTIALS = "401"

REFUSALS: Mapping[str, str] = {
    "400": "The API server rejects the request as invalid; is the selector right?",
    CREDENTIALS: "The API server refuses the credentials",
    "403": "A right is missing: list and watch",
}

NOTHING = "nothing is watched and nothing is written until they are accepted"
"""The consequence of rejected credentials."""


class RightsCheck:
    """Logs what is rejected of *watches*; *refused* tells whether the credentials are."""

    def __init__(self, watches: Sequence[WatchStats], *, refused: Callable[[], bool]) -> None:
        self._watches = tuple(watches)
        self._refused = refused
        self._told: set[str] = set()
        """Names of the watches that are rejected, as far as is known; "" for the credentials."""

    async def run(self, clock: Clock, *, is_synced: Callable[[], bool]) -> None:
        """Check for ever: often until the first refusal or the first full list, then rarely."""
        await clock.sleep(FIRST_CHECK_SECONDS)
        while True:
            is_settled = is_synced()
            is_settled = self.check() or is_settled
            await clock.sleep(CHECK_SECONDS if is_settled else UNSYNCED_CHECK_SECONDS)

    def check(self) -> bool:
        """Log a line for each rejected watch, and for each that works again; tell if any is.

        Another trouble may hide that a watch is rejected, but does not end it.
        """
        refused = {each.resource: each.trouble for each in self._watches if is_refusal(each)}
        if self._refused():
            refused = {"": CREDENTIALS}
        for resource, code in refused.items():
            consequence = CONSEQUENCES.get(resource.partition("/")[0], NOTHING)
            where = {"resource": resource} if resource else {}
            _log.error(REFUSALS[code], extra={**where, "consequence": consequence})
        hidden = {each.resource for each in self._watches if each.trouble} & self._told
        for resource in self._told - refused.keys() - hidden:
            _log.info("Not refused any more", extra={"resource": resource or "all"})
        self._told = hidden.union(refused)
        return bool(refused)


def is_refusal(stats: WatchStats) -> bool:
    """Tell whether a watch is rejected now for a reason that does not pass by itself."""
    return stats.trouble in REFUSALS and stats.trouble != CREDENTIALS


def explain(trouble: str) -> str:
    """Return the trouble of a watch in brackets, to end a sentence with; empty if there is none."""
    words = words_of(trouble)
    return f" ({trouble}: {words})" if words else f" ({trouble})" if trouble else ""


def words_of(trouble: str) -> str:
    """Return the meaning of a rejecting status code in lower case; empty for other codes."""
    words = REFUSALS.get(trouble, "")
    return words[:1].lower() + words[1:]
