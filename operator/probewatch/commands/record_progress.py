"""How a recording is doing, on standard error: one line that changes, or a line now and then."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, TextIO

from probewatch.clock import Clock
from probewatch.commands.durations import render_duration
from probewatch.commands.recording import Recording
from probewatch.watch.transport import WatchStats

QUIET_SECONDS = 60.0
"""Between two lines where there is no terminal."""

KILOBYTE = 1e3
MEGABYTE = 1e6


class Watched(Protocol):
    """A watch, as far as its progress goes."""

    @property
    def stats(self) -> WatchStats:
        """What went through it."""
        ...


class Progress:
    """Shows lines, time and trouble."""

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
        """Show how it stands; without a terminal once a minute."""
        now = self._clock.monotonic()
        if self._live:
            self._out.write(f"\r\033[K{self._line()}")
        elif now - self._shown >= QUIET_SECONDS:
            self._shown = now
            self._out.write(f"{self._line()}\n")
        self._out.flush()

    def finish(self) -> None:
        """Show how it ended."""
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
