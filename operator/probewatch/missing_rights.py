"""Says in the log which right is missing, once a minute as long as it is."""

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

REFUSALS: Mapping[str, str] = {
    "400": "The API server does not understand what is asked; is the selector right?",
    "401": "The API server refuses the credentials",
    "403": "A right is missing: list and watch",
}


class RightsCheck:
    """Compares what the watches were refused with what they had been refused before."""

    def __init__(self, watches: Sequence[WatchStats]) -> None:
        self._watches = tuple(watches)
        self._before: dict[tuple[int, str], int] = {}

    async def run(self, clock: Clock, *, is_synced: Callable[[], bool]) -> None:
        """Check for ever: often until the first refusal or the first full list, then rarely."""
        await clock.sleep(FIRST_CHECK_SECONDS)
        while True:
            is_settled = is_synced()
            is_settled = self.check() or is_settled
            await clock.sleep(CHECK_SECONDS if is_settled else UNSYNCED_CHECK_SECONDS)

    def check(self) -> bool:
        """Log a line for each watch that was refused since the last check; return if any was."""
        told = False
        for place, stats in enumerate(self._watches):
            for code, words in REFUSALS.items():
                refused = stats.errors[code]
                if refused > self._before.get((place, code), 0):
                    told = True
                    what = stats.resource.partition("/")[0]
                    _log.error(
                        words,
                        extra={
                            "resource": stats.resource,
                            "consequence": CONSEQUENCES.get(what, ""),
                        },
                    )
                self._before[place, code] = refused
        return told
