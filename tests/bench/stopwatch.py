"""When changes were seen, by the clock that the load server writes by.

What is noted is asked for over standard input, after the measurement.
"""

import asyncio
import json
import sys
import time


class Stopwatch:
    """Notes when a pod's change has come through; not before it was asked a first time."""

    def __init__(self) -> None:
        self._noted: list[tuple[str, float]] = []
        self.is_running = False

    def listen(self) -> None:
        """Answer whoever asks, from now on; call it in a running event loop."""
        asyncio.get_running_loop().add_reader(sys.stdin, self._tell)

    def note(self, uid: str) -> None:
        """Note that a change of this pod has come through now."""
        if self.is_running:
            self._noted.append((uid, time.monotonic()))

    def _tell(self) -> None:
        """Answer a line of standard input with what was noted since the last one."""
        if sys.stdin.readline():
            self.is_running = True
            print(json.dumps(self._noted), flush=True)
            self._noted.clear()
