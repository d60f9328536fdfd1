"""Silence: tells a watch on a quiet cluster from a watch on a dead connection.

A load balancer, a proxy, or an API server that lost its place may answer a watch with 200 and then
never send a line. So a watch is a sign of life only if it delivers something, or ends after the
`timeoutSeconds` that it was requested with, which only the server knows.

- A watch that ends earlier without a line was cut by someone; the next one is requested with a
  shorter timeout, so that the server can end it before that.
- A watch that does not end when it should is silent. After two silent watches everything is
  listed, to make up for what they did not deliver.
- Where bookmarks come, about once a minute, a silent watch is a fault: then not even that list
  counts as a sign of life.
- Where bookmarks came once and no more do, though watches end as they should, the server is
  quiet or has lost its place. A list every ten minutes makes sure.
"""

from probewatch.watch.transport import WatchStats

SILENCE = "Silence"
"""Reason for a list: watches were silent."""

NO_BOOKMARKS = "NoBookmarks"
"""Reason for a list: watches end in time, but deliver nothing, not even bookmarks."""

SILENT_WATCHES = 2
"""One may be a connection that died unnoticed; the next watch has a new connection."""

NO_BOOKMARKS_SECONDS = 600.0
"""So long without an update or a bookmark, though bookmarks came before, leads to a list."""

EARLY_SECONDS = 2.0
"""A watch that the server ended may seem this much too short: timeouts are whole seconds, and
requests take time."""

LATE_SECONDS = 5.0
"""Even a busy server ends a watch at most so long after its timeout."""

SHORT_SECONDS = 30.0
SHORT_SHARE = 0.6
"""Timeout of a watch after one that was cut, and its upper bound as a share of that one."""

SHORTEST_SECONDS = 5.0


class Silence:
    """Follows the watches of one resource, one after the other; times are in seconds."""

    def __init__(self, stats: WatchStats) -> None:
        self._stats = stats
        self._watches = 0
        self._updates = 0
        self._quiet_since: float | None = None
        self._was_away = False
        self._timeout = 0.0
        self._is_cut_after: float | None = None
        """How long the last watch lasted, if it was cut."""

    def choose_timeout(self, usual: float) -> int:
        """Return the timeout to request for the next watch, in whole seconds."""
        self._timeout = usual
        if self._is_cut_after is not None:
            short = min(SHORT_SECONDS, SHORT_SHARE * self._is_cut_after)
            self._timeout = min(usual, max(SHORTEST_SECONDS, short))
        return int(self._timeout)

    @property
    def limit(self) -> float:
        """Seconds after which the server should have ended a watch that delivers nothing."""
        return self._timeout + LATE_SECONDS

    @property
    def was_away(self) -> bool:
        """Whether there was no answer, or only useless ones, since the last watch."""
        return self._was_away

    def watch_begins(self) -> None:
        """Note that a watch was accepted: a sign of life only of a server that was away."""
        if self._was_away:
            self._was_away = False
            self._stats.heard()

    def watch_ended(self, lasted: float) -> None:
        """Note that a watch was ended after *lasted* seconds, by the server or on the way to it."""
        has_updates = self._has_new_updates()
        if not has_updates and lasted < self._timeout - EARLY_SECONDS:
            self._is_cut_after = lasted  # perhaps by a proxy without a server behind it
            return
        self._watches, self._is_cut_after = 0, None
        self._stats.silent = None
        self._stats.heard()

    def watch_was_silent(self) -> None:
        """Note that a watch delivered nothing for too long and was given up."""
        self._watches = 1 if self._has_new_updates() else self._watches + 1
        self._stats.fall_silent()

    def server_was_away(self) -> None:
        """Note that there was no watch: this explains the silence, and restarts its clock."""
        self._was_away, self._quiet_since = True, self._stats.clock()
        self._stats.silent = None

    def find_reason_to_list(self) -> str:
        """Return why a list is needed, since watches deliver nothing; empty if none is."""
        if self._watches >= SILENT_WATCHES:
            return SILENCE
        since, now = self._quiet_since, self._stats.clock()
        is_late = since is not None and now - since >= NO_BOOKMARKS_SECONDS
        return NO_BOOKMARKS if is_late and self._stats.knows_bookmarks else ""

    def list_begins(self) -> None:
        """Note that a list begins, for whatever reason."""
        self._watches, self._quiet_since = 0, self._stats.clock()

    def _has_new_updates(self) -> bool:
        """Whether there was an update or a bookmark since the last call."""
        updates = self._stats.updates.total()
        if updates == self._updates:
            return False
        self._updates, self._quiet_since = updates, self._stats.clock()
        return True
