"""Events that wait to be written: namespaces take turns, and there is room for each of them.

One namespace's bad day costs others no Events. An Event waits for one of each other namespace
and not for all that there are; and where the queue is full, the namespace with the most
Events in it gives way. One that is alone may have all of it.
"""

import asyncio
from collections import OrderedDict, deque

from probewatch.kube.events.draft import EventDraft


class EventQueue:
    """Holds at most *length* Events."""

    def __init__(self, length: int) -> None:
        self._places: asyncio.Queue[None] = asyncio.Queue(length)
        """One for each Event that waits, whoever's it is."""
        self._waiting: OrderedDict[str, deque[EventDraft]] = OrderedDict()
        """By namespace, the one whose turn it is first; none is empty."""

    def __len__(self) -> int:
        return self._places.qsize()

    def has_room(self, namespace: str) -> bool:
        """Whether one of *namespace* may come in, if need be for one of another."""
        return not self._places.full() or self._count(namespace) + 1 < self._count(self._largest())

    def put(self, draft: EventDraft) -> EventDraft | None:
        """Take an Event for which there is room; return the one that gave way to it, if any."""
        lost = None
        if self._places.full():
            lost = self._remove(self._largest(), newest=True)
        else:
            self._places.put_nowait(None)
        self._waiting.setdefault(draft.pod.namespace, deque()).append(draft)
        return lost

    async def get(self) -> EventDraft:
        """Wait for an Event; return the oldest of the namespace whose turn it is."""
        await self._places.get()
        namespace = next(iter(self._waiting))
        self._waiting.move_to_end(namespace)
        return self._remove(namespace)

    def done(self) -> None:
        """Say of an Event that was got that nothing is left to be done."""
        self._places.task_done()

    async def join(self) -> None:
        """Wait until that was said of all."""
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
