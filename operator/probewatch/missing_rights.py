"""Says in the log which right is missing, once a minute as long as it is."""

import logging
from collections.abc import Mapping, Sequence

from probewatch.watch.transport import WatchStats

_log = logging.getLogger(__name__)

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

    def check(self) -> None:
        """Log a line for each watch that was refused since the last check."""
        for place, stats in enumerate(self._watches):
            for code, words in REFUSALS.items():
                refused = stats.errors[code]
                if refused > self._before.get((place, code), 0):
                    what = stats.resource.partition("/")[0]
                    _log.error(
                        words,
                        extra={
                            "resource": stats.resource,
                            "consequence": CONSEQUENCES.get(what, ""),
                        },
                    )
                self._before[place, code] = refused
