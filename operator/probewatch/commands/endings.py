"""How a container instance ended, as one line of text."""

from collections.abc import Iterator

from probewatch.commands.durations import render_duration
from probewatch.commands.outcome import render_time
from probewatch.core.exits import lifetime_of, render_exit


def render_end(
    started: float | None, finished: float | None, exit_code: int | None
) -> Iterator[str]:
    """Yield one line with end time, lifetime and exit code; none if nothing is known."""
    facts = []
    if finished is not None:
        lived = lifetime_of(started, finished)
        after = "" if lived is None else f" after {render_duration(lived)}"
        facts.append(f"ended at {render_time(finished)}{after}")
    if exit_code is not None:
        facts.append(render_exit(exit_code))
    if facts:
        yield f"  {', '.join(facts)}"
