"""One rendering at a time, in a thread, shared by all who ask for the same meanwhile.

Rendering is work for the processor, and would hold up the watch if it were done on
the event loop. The thread gets a snapshot that nobody changes any more.
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from probewatch.metrics.exposition import Exposition
from probewatch.metrics.negotiation import Wanted


class Renderer:
    """Renders an exposition; `close` it at the end."""

    def __init__(self, exposition: Exposition) -> None:
        self._exposition = exposition
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="metrics")
        self._turn = asyncio.Lock()
        self._running: dict[Wanted, asyncio.Task[Sequence[bytes]]] = {}

    async def render(self, wanted: Wanted) -> Sequence[bytes]:
        """Return the whole answer in pieces; what was asked for while it is made gets the same."""
        running = self._running.get(wanted)
        if running is None:
            running = asyncio.create_task(self._render(wanted))
            self._running[wanted] = running
            running.add_done_callback(lambda _: self._running.pop(wanted, None))
        # One that goes away does not take the answer from the others.
        return await asyncio.shield(running)

    async def _render(self, wanted: Wanted) -> Sequence[bytes]:
        async with self._turn:
            snapshot = self._exposition.snapshot()
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(
                self._thread, self._exposition.render, snapshot, wanted
            )

    def close(self) -> None:
        """Let the thread end; what it is at is not waited for."""
        self._thread.shutdown(wait=False, cancel_futures=True)
