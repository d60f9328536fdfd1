"""A bounded queue of Events that is fair between namespaces, so that none floods the others.

Namespaces take turns (round robin): an Event waits for at most one of each other namespace per
turn. If the queue is full, the namespace with the most queued Events drops its newest one. A
namespace alone may use the whole queue.
"""

import asyncio
from collections import OrderedDict, deque

from probewatch.kube.events.draft import EventDraft


class EventQueue:
    """Queues at most *length* Events."""

    def __init__(self, length: int) -> None:
        self._places: asyncio.Queue[None] = asyncio.Queue(length)
        """One item for each queued Event; it bounds the queue and wakes its consumers."""
        self._waiting: OrderedDict[str, deque[EventDraft]] = OrderedDict()
        """Queued Events by namespace, in the order of turns; no namespace here is empty."""

    def __len__(self) -> int:
        return self._places.qsize()

    def has_room(self, namespace: str) -> bool:
        """Whether an Event of *namespace* can be queued, if need be in place of another's."""
        return not self._places.full() or self._count(namespace) + 1 < self._count(self._largest())

    def put(self, draft: EventDraft) -> EventDraft | None:
        """Queue an Event for which there is room; return the one dropped for it, if any."""
        lost = None
        if self._places.full():
            lost = self._remove(self._largest(), newest=True)
        else:
            self._places.put_nowait(None)
        self._waiting.setdefault(draft.pod.namespace, deque()).append(draft)
        return lost

    async def get(self) -> EventDraft:
        """Wait for an Event; return the oldest one of the namespace whose turn it is."""
        await self._places.get()
        namespace = next(iter(self._waiting))
        self._waiting.move_to_end(namespace)
        return self._remove(namespace)

    def done(self) -> None:
        """Mark an Event returned by `get` as processed."""
        self._places.task_done()

    async def join(self) -> None:
        """Wait until all queued Events are processed."""
        await self._places.join()

    def _remove(self, namespace: str, *, newest: bool = False) -> EventDraft:
        drafts = self._waiting[namespace]
        draft = drafts.pop() if newest else drafts.popleft()
        if not drafts:
            del self._waiting[namespace]
        return draft

    def _largest(self) -> str:
        return max(self._waiting, key=self._count)

    def _count(self, namespace: str) -> int:
        return len(self._waiting.get(namespace, ()))
