"""How an instance of a container ended, in a line for people."""

from collections.abc import Iterator

from probewatch.commands.durations import render_duration
from probewatch.commands.outcome import render_time


def render_end(
    started: float | None, finished: float | None, exit_code: int | None
) -> Iterator[str]:
    """Yield the line, if anything is known: when it ended, after how long, and how.

    Where it seems to have ended before it began the node's clock was set; then nothing is
    said of how long it lived.
    """
    facts = []
    if finished is not None:
        lived = finished - started if started is not None else -1.0
        after = f" after {render_duration(lived)}" if lived >= 0 else ""
        facts.append(f"ended at {render_time(finished)}{after}")
    if exit_code is not None:
        facts.append(f"exit code {exit_code}")
    if facts:
        yield f"  {', '.join(facts)}"
