"""Renders in a thread, one at a time; concurrent requests for the same format share the result.

Rendering is CPU work that would block the watches if it ran in the event loop. The
thread gets a snapshot that is never modified.
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from probewatch.metrics.exposition import Exposition
from probewatch.metrics.negotiation import Wanted


class Renderer:
    """Renders an exposition; has to be closed."""

    def __init__(self, exposition: Exposition) -> None:
        self._exposition = exposition
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="metrics")
        self._turn = asyncio.Lock()
        self._running: dict[Wanted, asyncio.Task[Sequence[bytes]]] = {}

    async def render(self, wanted: Wanted) -> Sequence[bytes]:
        """Return the response body in pieces; joins a rendering of the same format under way."""
        running = self._running.get(wanted)
        if running is None:
            running = asyncio.create_task(self._render(wanted))
            self._running[wanted] = running
            running.add_done_callback(lambda _: self._running.pop(wanted, None))
        # A client that disconnects must not cancel the rendering for the others.
        return await asyncio.shield(running)

    async def _render(self, wanted: Wanted) -> Sequence[bytes]:
        async with self._turn:
            snapshot = self._exposition.snapshot()
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(
                self._thread, self._exposition.render, snapshot, wanted
            )

    def close(self) -> None:
        """End the thread without waiting for the rendering under way."""
        self._thread.shutdown(wait=False, cancel_futures=True)
