"""Silence: a watch that says nothing, be it a quiet cluster or a connection to nobody.

Whether a server that begins to answer is alive shows when it goes on: a load balancer, a proxy or
an API server that lost its place answers a watch with 200, and then never says a word. So a watch
is a sign of life by what it tells, or by being ended when it was asked to be, which only the server
knows. One that somebody cut before is followed by one that is to end sooner; one that is not ended
when it should be is silent. After two that were silent everything is listed, for what they
kept to themselves. Where bookmarks come, which is about each minute, not even that is a sign of
life: then something is wrong with the watch. And where none come any more though watches end as
they should, by a server that is quiet or has lost its place, a list now and then makes sure.
"""

from probewatch.watch.transport import WatchStats

SILENCE = "Silence"
"""Why there is a list."""

WORDLESS = "NoBookmarks"
"""Likewise, where watches come to their end, and say nothing until then."""

SILENT_WATCHES = 2
"""One may be a connection that died unseen; the next one is new."""

WORDLESS_SECONDS = 600.0
"""Without an update or a bookmark, though some came before."""

EARLY_SECONDS = 2.0
"""A server ends a watch when it was asked to, but for whole seconds and the way between."""

LATE_SECONDS = 5.0
"""So much later it does not do so any more, however busy it is."""

SHORT_SECONDS = 30.0
SHORT_SHARE = 0.6
"""How long a watch is asked for after one that was cut, and how much of that one at most."""

SHORTEST_SECONDS = 5.0


class Silence:
    """Of the watches of one resource, one after the other; times are in seconds."""

    def __init__(self, stats: WatchStats) -> None:
        self._stats = stats
        self._watches = 0
        self._told = 0
        self._told_at: float | None = None
        self._was_away = False
        self._asked = 0.0
        self._is_cut_after: float | None = None
        """How long the last watch was, if somebody cut it."""

    def ask(self, usual: float) -> int:
        """For how many seconds the next watch is to be asked for."""
        self._asked = usual
        if self._is_cut_after is not None:
            short = min(SHORT_SECONDS, SHORT_SHARE * self._is_cut_after)
            self._asked = min(usual, max(SHORTEST_SECONDS, short))
        return int(self._asked)

    @property
    def limit(self) -> float:
        """After how many seconds a watch that says nothing should have been ended."""
        return self._asked + LATE_SECONDS

    @property
    def was_away(self) -> bool:
        """Whether there was no answer, or none that was of use, since the last watch."""
        return self._was_away

    def watch_begins(self) -> None:
        """The server answers: that is news only of one that did not."""
        if self._was_away:
            self._was_away = False
            self._stats.heard()

    def watch_ended(self, lasted: float) -> None:
        """The server ended a watch, or somebody on the way, after so many seconds."""
        has_told = self._has_told()
        if not has_told and lasted < self._asked - EARLY_SECONDS:
            self._is_cut_after = lasted  # by whom cannot be known, nor whether there is a server
            return
        self._watches, self._is_cut_after = 0, None
        self._stats.silent = None
        self._stats.heard()

    def watch_was_silent(self) -> None:
        """A watch said nothing for too long and was given up."""
        self._watches = 1 if self._has_told() else self._watches + 1
        self._stats.fall_silent()

    def server_was_away(self) -> None:
        """There was no watch: the silence before has its reason, and what comes has time."""
        self._was_away, self._told_at = True, self._stats.clock()
        self._stats.silent = None

    def owes_list(self) -> str:
        """Why only a list can tell what there is, since watches do not; empty if they do."""
        if self._watches >= SILENT_WATCHES:
            return SILENCE
        since, now = self._told_at, self._stats.clock()
        is_late = since is not None and now - since >= WORDLESS_SECONDS
        return WORDLESS if is_late and self._stats.knows_bookmarks else ""

    def list_begins(self) -> None:
        """Everything is listed, for whatever reason."""
        self._watches, self._told_at = 0, self._stats.clock()

    def _has_told(self) -> bool:
        """Whether anything was said since this was asked last."""
        told = self._stats.updates.total()
        if told == self._told:
            return False
        self._told, self._told_at = told, self._stats.clock()
        return True
