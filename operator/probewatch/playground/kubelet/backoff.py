"""How long a container that keeps ending has to wait: the kubelet's crash back-off.

Ten seconds, doubled at each further restart up to five minutes, counted from the end of
the last instance, forgotten when an instance stayed up for twice the longest wait. The
kubelet asks by the end of the newest *dead* instance it knows when it decides; for a
probe's kill that is the instance before the one being killed, which is why the first
probe kills restart at once and later ones alternate.
"""

from dataclasses import dataclass

FIRST_SECONDS = 10.0
LONGEST_SECONDS = 300.0


@dataclass(slots=True)
class _Entry:
    wait: float
    updated: float


class Backoff:
    """The waits of all containers of a node, by key (pod uid, container, image …).

    `longest` is the node's `maxContainerRestartPeriod`: 1 to 300 s.
    """

    def __init__(self, *, first: float = FIRST_SECONDS, longest: float = LONGEST_SECONDS) -> None:
        self._first = min(first, longest)
        self._longest = longest
        self._entries: dict[str, _Entry] = {}

    def wait_of(self, key: str) -> float:
        """Return the wait that applies to *key*, in seconds; 0 if it never had one."""
        entry = self._entries.get(key)
        return entry.wait if entry else 0.0

    def remaining(self, key: str, *, finished: float, now: float) -> float:
        """Return how long *key*, which ended at *finished*, must still wait; 0 if it may start."""
        entry = self._entries.get(key)
        if entry is None or self._is_stable(entry, finished):
            return 0.0
        return max(0.0, finished + entry.wait - now)

    def advance(self, key: str, *, finished: float, now: float) -> None:
        """Note that *key* starts again: the next wait is twice as long."""
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
        """Whether the instance ran so long after its start that its past is forgotten."""
        return finished - entry.updated > 2 * self._longest
