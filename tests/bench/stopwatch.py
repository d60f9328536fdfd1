"""Notes when changes were seen, by the load server's clock.

The notes are requested over standard input after the measurement.
"""

import asyncio
import json
import sys
import time


class Stopwatch:
    """Notes when a pod's change was seen, once it has been asked for the first time."""

    def __init__(self) -> None:
        self._noted: list[tuple[str, float]] = []
        self.is_running = False

    def listen(self) -> None:
        """Answer requests from now on; call it in a running event loop."""
        asyncio.get_running_loop().add_reader(sys.stdin, self._tell)

    def note(self, uid: str) -> None:
        """Note that a change of this pod was seen now."""
        if self.is_running:
            self._noted.append((uid, time.monotonic()))

    def _tell(self) -> None:
        """Answer one line of standard input with the notes since the last one."""
        if sys.stdin.readline():
            self.is_running = True
            print(json.dumps(self._noted), flush=True)
            self._noted.clear()
