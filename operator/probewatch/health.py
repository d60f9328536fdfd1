"""Health of this process: liveness (`/healthz`) and readiness (`/readyz`).

Live means that each watch received something lately: an update, a bookmark or
a list. A silent watch may be dead without an error, and a restart of the
process is the best remedy. A list does not count where bookmarks used to arrive
and have stopped. Silence is not judged where bookmarks never arrived, or where
watches end before one is due: that may be a quiet cluster. Nor is it while the
server answers 429: it is alive, and a new process would list all pods again.

A cluster that was restored from a backup fails liveness too. It reuses resourceVersions
that this process takes for old, while a new process goes on from the restored records.

Ready means that all pods were listed, so that what is reported is complete.
"""

from collections.abc import Sequence

from probewatch.clock import Clock
from probewatch.missing_rights import explain
from probewatch.watch.transport import WatchStats

BUSY = "429"
"""The trouble of a watch that the server rejects because it is overloaded."""


class Health:
    """Judges the statistics of the watches; *essential* ones are those of pods."""

    def __init__(
        self,
        *,
        essential: Sequence[WatchStats],
        others: Sequence[WatchStats],
        silence_seconds: float,
        clock: Clock,
    ) -> None:
        self._essential = tuple(essential)
        self._others = tuple(others)
        self._limit = silence_seconds
        self._clock = clock
        self._begun = clock.monotonic()

    def find_silence(self) -> tuple[str, ...]:
        """Return a sentence for each watch that is silent for too long or lost; none if live.

        An essential watch that never received anything counts as silent since the start.
        Others may lack the permission to watch, which costs detail and no more.
        """
        now = self._clock.monotonic()
        lost = self.find_lost()
        heard = [(each, each.last_sign) for each in (*self._essential, *self._others)]
        never = [(each, self._begun) for each in self._essential if each.last_sign is None]
        return lost + tuple(
            f"the watch of {stats.resource} was silent for {now - at:.0f} s{explain(stats.trouble)}"
            for stats, at in (*heard, *never)
            if at is not None and now - at > self._limit and stats.trouble != BUSY
        )

    def find_lost(self) -> tuple[str, ...]:
        """Return a sentence for each essential watch whose resourceVersions went back."""
        return tuple(
            f"{each.resource} are of an older history than before: restored from a backup?"
            for each in self._essential
            if each.went_back
        )

    def active_since(self, at: float) -> bool:
        """Tell whether each essential watch received something since *at* (monotonic)."""
        heard = (each.last_activity for each in self._essential)
        return all(last is not None and last >= at for last in heard)

    def find_unsynced(self) -> tuple[str, ...]:
        """Return a sentence for each essential watch without a complete list; none if ready."""
        return tuple(
            f"{stats.resource} are not listed in full yet{explain(stats.trouble)}"
            for stats in self._essential
            if not stats.synced
        )

    def facts(self) -> dict[str, object]:
        """Return what kopf's health endpoint shows of liveness and readiness."""
        return {"silent": self.find_silence(), "unsynced": self.find_unsynced()}
