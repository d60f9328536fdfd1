"""The demo as a live picture on a terminal."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from probewatch.playground.api.columns_pods import POD_COLUMNS
from probewatch.playground.demo.show import Progress
from probewatch.playground.demo.state import DemoState
from probewatch.playground.demo.text import finding_text, headers, pod_cells

LINES_SHOWN, LINES_AROUND = 8, 9
STYLES = {"kubelet": "yellow", "probewatch": "bold cyan", "playground": "dim", "pod": "green"}


class LiveShow:
    """A picture that is redrawn four times a second."""

    def __init__(self, console: Console) -> None:
        self._live = Live(console=console, refresh_per_second=4, transient=False)
        self._lines: list[Text] = []
        self._state = DemoState()
        self._progress: Progress | None = None

    def __enter__(self) -> Self:
        """Begin to draw."""
        self._live.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the last picture on the screen, and restore the cursor."""
        self._live.__exit__(kind, error, trace)

    def say(self, at: float, who: str, text: str) -> None:
        """Add the line to those that are shown."""
        line = Text(f"{at:6.1f} s  ", style="dim")
        line.append(f"{who:10}  ", style=STYLES.get(who, ""))
        line.append(text)
        line.truncate(self._width, overflow="ellipsis")
        self._lines.append(line)
        self._draw()

    def update(self, at: float, state: DemoState, progress: Progress | None) -> None:
        """Draw the current state."""
        del at  # the picture shows no time of its own
        self._state, self._progress = state, progress
        self._draw()

    def _draw(self) -> None:
        found = [Text(finding_text(item), style="bold") for item in self._state.findings]
        for line in found:
            line.truncate(self._width, overflow="ellipsis")
        parts: list[RenderableType] = [
            _pods(self._state),
            Text(),
            _panel("what happens", self._lines[-self._room :]),
            _panel("what probewatch finds", found[-self._room :]),
        ]
        if self._progress:
            parts.append(_bar(self._progress))
        self._live.update(Group(*parts))

    @property
    def _room(self) -> int:
        """The lines of each of the two panels, so that all parts fit on the screen."""
        return max(2, min(LINES_SHOWN, (self._live.console.height - LINES_AROUND) // 2))

    @property
    def _width(self) -> int:
        return max(40, self._live.console.width - 4)


def _panel(title: str, lines: list[Text]) -> Panel:
    lines = lines or [Text("nothing yet", style="dim")]
    return Panel(Group(*lines), title=title, title_align="left", border_style="dim")


def _pods(state: DemoState) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="bold")
    for name in headers(POD_COLUMNS):
        table.add_column(name)
    if state.pod:
        table.add_row(*pod_cells(state.pod, time.time()))
    return table


def _bar(progress: Progress) -> Table:
    table = Table.grid(padding=(0, 2))
    done = min(progress.passed, progress.due)
    table.add_row(ProgressBar(total=progress.due, completed=done, width=40), progress.text)
    return table
