"""A bounded queue of Events that is fair between namespaces, so that none floods the others.

Namespaces take turns (round robin): an Event waits for at most one of each other namespace per
turn. If the queue is full, the namespace with the most queued Events drops its newest one. A
namespace alone may use the whole queue. A namespace can be held: its Events stay queued, and are
passed over, until it is released.
"""

import asyncio
from collections import OrderedDict, deque

from probewatch.kube.events.draft import EventDraft


class EventQueue:
    """Queues at most *length* Events, not counting those put back."""

    def __init__(self, length: int) -> None:
        self._length = length
        self._queued = 0
        self._unfinished = 0
        """Events that are queued, or were returned by `get` and are not processed yet."""
        self._waiting: OrderedDict[str, deque[EventDraft]] = OrderedDict()
        """Queued Events by namespace, in the order of turns; no namespace here is empty."""
        self._held: set[str] = set()
        self._has_some = asyncio.Event()
        """Set when there may be an Event for `get`."""
        self._is_finished = asyncio.Event()
        self._is_finished.set()

    def __len__(self) -> int:
        return self._queued

    def has_room(self, namespace: str) -> bool:
        """Whether an Event of *namespace* can be queued, if need be in place of another's."""
        return not self._is_full() or self._count(namespace) + 1 < self._count(self._largest())

    def put(self, draft: EventDraft) -> EventDraft | None:
        """Queue an Event for which there is room; return the one dropped for it, if any."""
        lost = None
        if self._is_full():
            lost = self._remove(self._largest(), newest=True)
            self.done()
        self._add(draft).append(draft)
        return lost

    def put_back(self, draft: EventDraft) -> bool:
        """Queue an Event again, and hold its namespace; return whether it was not held yet."""
        namespace = draft.pod.namespace
        is_new = namespace not in self._held
        self._held.add(namespace)
        self._add(draft).appendleft(draft)
        return is_new

    def release(self, namespace: str) -> None:
        """Let the Events of a namespace have their turns again."""
        self._held.discard(namespace)
        self._has_some.set()

    def release_all(self) -> None:
        """Let the Events of all namespaces have their turns again."""
        self._held.clear()
        self._has_some.set()

    async def get(self) -> EventDraft:
        """Wait for an Event; return the oldest one of the namespace whose turn it is."""
        while (namespace := self._find_next()) is None:
            self._has_some.clear()
            await self._has_some.wait()
        self._waiting.move_to_end(namespace)
        return self._remove(namespace)

    def done(self) -> None:
        """Mark an Event returned by `get` as processed."""
        self._unfinished -= 1
        if not self._unfinished:
            self._is_finished.set()

    async def join(self) -> None:
        """Wait until all queued Events are processed."""
        await self._is_finished.wait()

    def _add(self, draft: EventDraft) -> deque[EventDraft]:
        """Count one more Event; return those of its namespace, to add it to."""
        self._queued += 1
        self._unfinished += 1
        self._is_finished.clear()
        self._has_some.set()
        return self._waiting.setdefault(draft.pod.namespace, deque())

    def _remove(self, namespace: str, *, newest: bool = False) -> EventDraft:
        drafts = self._waiting[namespace]
        draft = drafts.pop() if newest else drafts.popleft()
        if not drafts:
            del self._waiting[namespace]
        self._queued -= 1
        return draft

    def _find_next(self) -> str | None:
        """Return the namespace whose turn it is; None if all with Events are held."""
        return next((each for each in self._waiting if each not in self._held), None)

    def _is_full(self) -> bool:
        return self._queued >= self._length

    def _largest(self) -> str:
        return max(self._waiting, key=self._count)

    def _count(self, namespace: str) -> int:
        return len(self._waiting.get(namespace, ()))
