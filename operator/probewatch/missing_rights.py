"""Says in the log what the API server refuses, once a minute as long as it does, and when it ends.

Whoever looks an hour later must find it: what is said once is far above by then, or gone.
"""

import logging
from collections.abc import Callable, Mapping, Sequence

from probewatch.clock import Clock
from probewatch.watch.transport import WatchStats

_log = logging.getLogger(__name__)

FIRST_CHECK_SECONDS = 3.0
"""Soon, for whoever sits in front of it."""

UNSYNCED_CHECK_SECONDS = 5.0
"""What keeps the first list from being complete is looked for as soon."""

CHECK_SECONDS = 60.0

CONSEQUENCES: Mapping[str, str] = {
    "pods": "pods are not watched",
    "events": "causes are told by the states of containers alone, and less surely",
    "node-events": "restarts by the reboot of a node, and of kubelets, are told less surely",
}
"""What is missing without the right to list and watch something."""

CREDENTIALS = "401"

REFUSALS: Mapping[str, str] = {
    "400": "The API server does not understand what is asked; is the selector right?",
    CREDENTIALS: "The API server refuses the credentials",
    "403": "A right is missing: list and watch",
}

NOTHING = "nothing is watched and nothing is written until it takes them"
"""What refused credentials mean, whoever asked with them."""


class RightsCheck:
    """Looks at what the watches are refused now, and (*refused*) whether the credentials are."""

    def __init__(self, watches: Sequence[WatchStats], *, refused: Callable[[], bool]) -> None:
        self._watches = tuple(watches)
        self._refused = refused
        self._told: set[str] = set()
        """What was refused at the last check, by the name of the watch."""

    async def run(self, clock: Clock, *, is_synced: Callable[[], bool]) -> None:
        """Check for ever: often until the first refusal or the first full list, then rarely."""
        await clock.sleep(FIRST_CHECK_SECONDS)
        while True:
            is_settled = is_synced()
            is_settled = self.check() or is_settled
            await clock.sleep(CHECK_SECONDS if is_settled else UNSYNCED_CHECK_SECONDS)

    def check(self) -> bool:
        """Log a line for all that is refused, and one for what is not any more."""
        refused = {each.resource: each.trouble for each in self._watches if is_refusal(each)}
        if self._refused():
            refused = {"": CREDENTIALS}
        for resource, code in refused.items():
            consequence = CONSEQUENCES.get(resource.partition("/")[0], NOTHING)
            where = {"resource": resource} if resource else {}
            _log.error(REFUSALS[code], extra={**where, "consequence": consequence})
        for resource in self._told - refused.keys():
            _log.info("Not refused any more", extra={"resource": resource or "all"})
        self._told = set(refused)
        return bool(refused)


def is_refusal(stats: WatchStats) -> bool:
    """Whether a watch is refused now for what no waiting mends."""
    return stats.trouble in REFUSALS and stats.trouble != CREDENTIALS


def explain(trouble: str) -> str:
    """Return what went wrong, to be added to a sentence; nothing where nothing did."""
    words = words_of(trouble)
    return f" ({trouble}: {words})" if words else f" ({trouble})" if trouble else ""


def words_of(trouble: str) -> str:
    """Return what a refusal means, as a part of a sentence; empty for what is none."""
    words = REFUSALS.get(trouble, "")
    return words[:1].lower() + words[1:]
