"""Long lines: an object that is too large for the watch must not hide all others.

Anyone who may create objects could create one whose line fills the memory, or at which the watch
fails for ever. So such a line is skipped, counted as a decode error, and logged with what its
beginning says of the object. A list makes up for the skipped update, with the object in a page
of its own if need be. That happens only now and then, as each update of the object is as long.
"""

import logging
import re

from probewatch.clock import Throttle
from probewatch.watch.transport import Surroundings, WatchStats

_log = logging.getLogger(__name__)

TOO_LONG = "LineTooLong"
"""Reason for a list, or for giving up a streaming list."""

LIST_SECONDS = 600.0
"""Minimum time between two lists that make up for skipped lines."""

_NAMES = re.compile(rb'"(type|namespace|name|uid)"\s*:\s*"([\w.-]{1,253})"')
_KEYS = {b"type": "update", b"namespace": "namespace", b"name": "object", b"uid": "uid"}
"""The keys under which they are logged."""


class LongLines:
    """The lines that the watch of one resource skipped."""

    def __init__(self, stats: WatchStats, around: Surroundings) -> None:
        self._stats = stats
        self._monotonic = around.monotonic
        self._has_skipped = False
        self._listed_at = -LIST_SECONDS
        self._warnings = Throttle(around.monotonic)

    def skip(self, head: bytes) -> None:
        """Count and log a line that is too long; *head* is its beginning."""
        self._stats.decode_errors += 1
        self._has_skipped = True
        if not self._warnings.allows():
            return
        _log.warning(
            "An object is too large for the watch and was skipped",
            extra={"resource": self._stats.resource, **find_names(head)},
        )

    def is_list_due(self) -> bool:
        """Whether a list is due that makes up for skipped lines."""
        return self._has_skipped and self._monotonic() - self._listed_at >= LIST_SECONDS

    def list_begins(self) -> None:
        """Note that a list begins, for whatever reason: it makes up for what was skipped."""
        if self._has_skipped:
            self._has_skipped, self._listed_at = False, self._monotonic()


def find_names(head: bytes) -> dict[str, str]:
    """Return the names of an object, found in the beginning of its line, as fields for the log."""
    found: dict[str, str] = {}
    for key, value in _NAMES.findall(head):
        found.setdefault(_KEYS[key], value.decode())
    return found
