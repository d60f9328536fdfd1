"""The kubelet's crash back-off: how long a container that keeps ending waits for its restart.

The wait is ten seconds, doubles with each restart up to five minutes, and counts from the
end of the last instance. It is reset once an instance ran for twice the longest wait. The
kubelet computes it from the newest *dead* instance that it knows when it decides. If it
kills for a probe, that is the instance before the one being killed, which is why the first
restarts after probe kills come at once, while later ones alternate with waits.
"""

from dataclasses import dataclass

FIRST_SECONDS = 10.0
LONGEST_SECONDS = 300.0


@dataclass(slots=True)
class _Entry:
    wait: float
    updated: float


class Backoff:
    """The back-off of all containers of a node, by key (pod uid, container, image …).

    `longest` is the node's `maxContainerRestartPeriod`: 1 to 300 s.
    """

    def __init__(self, *, longest: float = LONGEST_SECONDS) -> None:
        self._first = min(FIRST_SECONDS, longest)
        self._longest = longest
        self._entries: dict[str, _Entry] = {}

    def wait_of(self, key: str) -> float:
        """Return the current wait of *key*, in seconds; 0 if it never restarted."""
        entry = self._entries.get(key)
        return entry.wait if entry else 0.0

    def remaining(self, key: str, *, finished: float, now: float) -> float:
        """Return how long *key*, which ended at *finished*, still has to wait; 0 if not at all."""
        entry = self._entries.get(key)
        if entry is None or self._is_stable(entry, finished):
            return 0.0
        return max(0.0, finished + entry.wait - now)

    def advance(self, key: str, *, finished: float, now: float) -> None:
        """Record a restart of *key*: its next wait is twice as long."""
        entry = self._entries.get(key)
        if entry is None or self._is_stable(entry, finished):
            self._entries[key] = _Entry(wait=self._first, updated=now)
            return
        entry.wait = min(entry.wait * 2, self._longest)
        entry.updated = now

    def forget(self, prefix: str) -> None:
        """Drop the keys that begin with *prefix*: their pod is gone."""
        self._entries = {
            key: entry for key, entry in self._entries.items() if not key.startswith(prefix)
        }

    def _is_stable(self, entry: _Entry, finished: float) -> bool:
        """Whether the instance ran long enough after its start to reset the back-off."""
        return finished - entry.updated > 2 * self._longest
