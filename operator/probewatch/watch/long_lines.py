"""Long lines: an object that is too large for a watch must not hide all others.

Whoever may create objects could make one whose line fills the memory, or at which the watch
begins again for ever. So it is skipped, counted as an object that could not be read, and named
as far as its beginning tells. What it said is made good by a list, which holds it in a page of
its own if need be: now and then, for the next update of such an object is as long again.
"""

import logging
import re

from probewatch.watch.transport import Surroundings, WatchStats

_log = logging.getLogger(__name__)

TOO_LONG = "LineTooLong"
"""Why there is a list, or why one as a stream was given up."""

LIST_SECONDS = 600.0
"""A list makes good what was skipped, so often at most."""

SILENCE_SECONDS = 60.0
"""It is logged once in so long."""

_NAMES = re.compile(rb'"(type|namespace|name|uid)"\s*:\s*"([\w.-]{1,253})"')
_KEYS = {b"type": "update", b"namespace": "namespace", b"name": "object", b"uid": "uid"}
"""Under which keys they are logged."""


class LongLines:
    """Lines that one watch had to skip."""

    def __init__(self, stats: WatchStats, around: Surroundings) -> None:
        self._stats = stats
        self._monotonic = around.monotonic
        self._is_owed = False
        self._listed_at = -LIST_SECONDS
        self._logged_at = -SILENCE_SECONDS

    def skip(self, head: bytes) -> None:
        """A line was too long; *head* is how it begins."""
        self._stats.decode_errors += 1
        self._is_owed = True
        now = self._monotonic()
        if now - self._logged_at < SILENCE_SECONDS:
            return
        self._logged_at = now
        _log.warning(
            "An object is too large for the watch and was skipped",
            extra={"resource": self._stats.resource, **find_names(head)},
        )

    def owe_list(self) -> bool:
        """Whether a list is to make good what was skipped, and none did so lately."""
        return self._is_owed and self._monotonic() - self._listed_at >= LIST_SECONDS

    def list_begins(self) -> None:
        """Everything is listed, for whatever reason."""
        if self._is_owed:
            self._is_owed, self._listed_at = False, self._monotonic()


def find_names(head: bytes) -> dict[str, str]:
    """Return what the beginning of a line tells of its object, by the keys of a log."""
    found: dict[str, str] = {}
    for key, value in _NAMES.findall(head):
        found.setdefault(_KEYS[key], value.decode())
    return found
