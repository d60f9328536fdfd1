"""Silence: a watch that says nothing, be it a quiet cluster or a connection to nobody.

Whether a server that begins to answer is alive shows when it goes on: a load balancer, a proxy or
an API server that lost its place answers a watch with 200, and then never says a word. So a watch
is a sign of life by what it tells, or by being ended by anyone else than us. After two that were
silent everything is listed, for what they kept to themselves. Where bookmarks come, which is about
each minute, not even that is a sign of life: then something is wrong with the watch.
"""

from probewatch.watch.transport import WatchStats

SILENCE = "Silence"
"""Why there is a list."""

SILENT_WATCHES = 2
"""One may be a connection that died unseen; the next one is new."""


class Silence:
    """Of the watches of one resource, one after the other."""

    def __init__(self, stats: WatchStats) -> None:
        self._stats = stats
        self._watches = 0
        self._told = 0
        self._was_away = False

    def watch_begins(self) -> None:
        """The server answers: that is news only of one that did not."""
        if self._was_away:
            self._was_away = False
            self._stats.heard(0)

    def watch_ended(self) -> None:
        """The server ended a watch, or somebody on the way, after a while."""
        self._watches = 0
        self._stats.heard(0)

    def watch_was_silent(self) -> None:
        """A watch said nothing for too long and was given up."""
        told = self._stats.updates.total()
        self._watches = self._watches + 1 if told == self._told else 1
        self._told = told
        self._stats.fall_silent()

    def server_was_away(self) -> None:
        """There was no watch: the silence before has its reason, and what comes has time."""
        self._was_away = True
        self._stats.silent = None

    def owes_list(self) -> bool:
        """Whether watches were silent for so long that only a list can tell what there is."""
        return self._watches >= SILENT_WATCHES

    def list_begins(self) -> None:
        """Everything is listed, for whatever reason."""
        self._watches = 0
