"""Shows the progress of a recording on standard error.

On a terminal it is one line that is redrawn, elsewhere a line a minute.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, TextIO

from probewatch.clock import Clock
from probewatch.commands.durations import render_duration
from probewatch.commands.recording import Recording
from probewatch.watch.transport import WatchStats

QUIET_SECONDS = 60.0
"""The time between two lines where there is no terminal."""

KILOBYTE = 1e3
MEGABYTE = 1e6


class Watched(Protocol):
    """What the progress needs of a watch."""

    @property
    def stats(self) -> WatchStats:
        """Its counters."""
        ...


class Progress:
    """Shows the time, the number of lines, and what has not been listed yet."""

    def __init__(
        self,
        name: str,
        watches: Sequence[Watched],
        recording: Recording,
        clock: Clock,
        out: TextIO | None = None,
    ) -> None:
        self._name = name
        self._watches = watches
        self._recording = recording
        self._clock = clock
        self._out = sys.stderr if out is None else out
        self._live = self._out.isatty()
        self._begun = clock.monotonic()
        self._shown = self._begun
        self._out.write(f"Recording to {name}; Ctrl-C ends it.\n")

    def show(self) -> None:
        """Show the current state; without a terminal once a minute."""
        now = self._clock.monotonic()
        if self._live:
            self._out.write(f"\r\033[K{self._line()}")
        elif now - self._shown >= QUIET_SECONDS:
            self._shown = now
            self._out.write(f"{self._line()}\n")
        self._out.flush()

    def finish(self) -> None:
        """Show the final state, with the size of the file."""
        start = "\r\033[K" if self._live else ""
        size = _size(self._name)
        self._out.write(f"{start}Recorded {self._line()}{size}.\n")
        self._out.flush()

    def _line(self) -> str:
        seconds = render_duration(self._clock.monotonic() - self._begun)
        waiting = [each.stats.resource for each in self._watches if not each.stats.synced]
        missing = f"; not listed yet: {', '.join(waiting)}" if waiting else ""
        return f"{seconds}: {self._recording.lines} lines{missing}"


def _size(name: str) -> str:
    path = Path(name)
    if not path.is_file():
        return ""
    size = path.stat().st_size
    if size < MEGABYTE:
        return f", {size / KILOBYTE:.0f} kB"
    return f", {size / MEGABYTE:.1f} MB"
