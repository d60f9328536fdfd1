"""Logs when the API server stops answering, every minute until it does again, and its return."""

import logging

from probewatch.clock import Clock

_log = logging.getLogger(__name__)

SILENCE_SECONDS = 60.0
"""Time between two log lines while the server does not answer."""


class Reachability:
    """Tracks whether the API server answers; it is called for every request."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since: float | None = None
        self._logged = 0.0

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
        _log.warning("The API server answers again", extra={"after_seconds": round(away, 1)})

    def failed(self, server: str, error: OSError) -> None:
        """Note that there was no answer."""
        now = self._clock.monotonic()
        if self._since is None:
            self._since = now
        elif now - self._logged < SILENCE_SECONDS:
            return
        self._logged = now
        _log.error(
            "The API server cannot be reached; retrying until it can",
            extra={"server": server, "why": str(error)},
        )
