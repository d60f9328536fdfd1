"""Logs when the API server stops answering, every minute until it does again, and its return.

If one of several API servers is away, requests fail and succeed in turn: that is logged once a
minute, too.
"""

import logging

from probewatch.clock import Clock, Throttle

_log = logging.getLogger(__name__)


class Reachability:
    """Tracks whether the API server answers; it is called for every request."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since: float | None = None
        self._is_logged = False
        self._lines = Throttle(clock.monotonic)

    @property
    def is_away(self) -> bool:
        """Whether the last request got no answer."""
        return self._since is not None

    def answered(self) -> None:
        """Note that there was an answer, whatever it was."""
        if self._since is None:
            return
        away = self._clock.monotonic() - self._since
        self._since = None
        if not self._is_logged:
            return
        self._is_logged = False
        _log.warning("The API server answers again", extra={"after_seconds": round(away, 1)})

    def failed(self, server: str, error: OSError) -> None:
        """Note that there was no answer."""
        if self._since is None:
            self._since = self._clock.monotonic()
        if not self._lines.allows():
            return
        self._is_logged = True
        _log.error(
            "The API server cannot be reached; retrying until it can",
            extra={"server": server, "why": str(error)},
        )
