"""The output of the demo: plain lines here, a live picture for terminals in `live`."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from probewatch.playground.demo.state import DemoState
from probewatch.playground.demo.text import pod_cells


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """The time that has passed, and the time of the first kill."""

    passed: float
    due: float
    """The latest time of the kill, in seconds of real time after the pod's start."""

    @property
    def text(self) -> str:
        """The time that is left, as text."""
        left = self.due - self.passed
        return f"first kill due in {left:.0f} s" if left > 0 else "first kill due"


class Show(Protocol):
    """The output of the demo."""

    def __enter__(self) -> Self:
        """Begin to show."""
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop showing, and restore the terminal."""
        ...

    def say(self, at: float, who: str, text: str) -> None:
        """Show one thing that happened."""
        ...

    def update(self, at: float, state: DemoState, progress: Progress | None) -> None:
        """Show the current state."""
        ...


class PlainShow:
    """One line for each thing that happens."""

    def __init__(self, write: Callable[[str], None] = print) -> None:
        self._write = write
        self._facts: tuple[str, ...] = ()

    def __enter__(self) -> Self:
        """Begin to show."""
        return self

    def __exit__(self, *_: object) -> None:
        """Do nothing: there is nothing to restore."""

    def say(self, at: float, who: str, text: str) -> None:
        """Write the line."""
        self._write(f"{at:6.1f} s  {who:10}  {text}")
        sys.stdout.flush()

    def update(self, at: float, state: DemoState, progress: Progress | None) -> None:
        """Write the pod's row if it has changed."""
        if not state.pod:
            return
        row = pod_cells(state.pod, time.time())
        facts = (*row[:3], row[3].partition(" ")[0])  # ages change all the time
        if facts == self._facts:
            return
        self._facts = facts
        left = f"   ({progress.text})" if progress else ""
        self.say(at, "pod", "  ".join(facts) + left)
