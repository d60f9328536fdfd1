"""Whether this process is of any use: alive (`/healthz`) and ready (`/readyz`).

Alive means that the API server was heard of lately: an update, a bookmark or
a list; without any, the watch of pods may be dead without knowing it, and
a new process is the best that can be tried. Nor does a list help where bookmarks
came before and do not any more. Where they never came, and where watches are ended
before one is due, silence may be a quiet cluster, and is not judged. Nor is that of a server
which asks to wait: it is alive, and a new process would have to ask it for all pods. A cluster
that was restored from a backup goes on with versions that this process has seen already, and
takes for old; one that begins with what is recorded there can follow it. Ready means that the
pods were listed in full, so that what is said of them is complete.
"""

from collections.abc import Sequence

from probewatch.clock import Clock
from probewatch.missing_rights import explain
from probewatch.watch.transport import WatchStats

BUSY = "429"
"""What is wrong with a watch that the server turns away since it has too much to do."""


class Health:
    """Judges by the statistics of the watches; *essential* ones are those of pods."""

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
        """Return a sentence for each watch that was silent for too long, or lost; none if alive.

        A watch that was never heard of counts from the start if it is essential.
        Others may lack their right, which costs detail and no more.
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
        """Return a sentence for each essential watch whose history was another one before."""
        return tuple(
            f"{each.resource} are of an older history than before: restored from a backup?"
            for each in self._essential
            if each.went_back
        )

    def heard_since(self, at: float) -> bool:
        """Tell whether each essential watch was heard of since *at* (monotonic)."""
        heard = (each.last_activity for each in self._essential)
        return all(last is not None and last >= at for last in heard)

    def find_unsynced(self) -> tuple[str, ...]:
        """Return a sentence for each essential watch that is not complete; none if ready."""
        return tuple(
            f"{stats.resource} are not listed in full yet{explain(stats.trouble)}"
            for stats in self._essential
            if not stats.synced
        )

    def facts(self) -> dict[str, object]:
        """Return both answers for kopf's health endpoint."""
        return {"silent": self.find_silence(), "unsynced": self.find_unsynced()}
