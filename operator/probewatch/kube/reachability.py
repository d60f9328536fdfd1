"""Whether the API server answers, said once when it stops, each minute after, and at its return."""

import logging

from probewatch.clock import Clock

_log = logging.getLogger(__name__)

SILENCE_SECONDS = 60.0
"""The same trouble is logged once in so long."""


class Reachability:
    """Told about every request that got an answer and every one that got none."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since: float | None = None
        self._logged = 0.0

    @property
    def is_away(self) -> bool:
        """Whether the last request got no answer."""
        return self._since is not None

    def answered(self) -> None:
        """There was an answer, whatever it was."""
        if self._since is None:
            return
        away = self._clock.monotonic() - self._since
        self._since = None
        _log.warning("The API server answers again", extra={"after_seconds": round(away, 1)})

    def failed(self, server: str, error: OSError) -> None:
        """There was no answer."""
        now = self._clock.monotonic()
        if self._since is None:
            self._since = now
        elif now - self._logged < SILENCE_SECONDS:
            return
        self._logged = now
        _log.error(
            "The API server cannot be reached; trying again until it can",
            extra={"server": server, "why": str(error)},
        )
