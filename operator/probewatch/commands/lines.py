"""Lines for a terminal: whatever stands in a file or an object, a line is one and moves nothing.

Recordings and manifests come from elsewhere, and names, causes and messages in them are
what somebody wrote there. JSON escapes by itself.
"""

from collections.abc import Iterable

from probewatch.kube.sanitize import sanitize

LINE_BYTES = 4096
"""No line that we make is longer."""


def render_line(text: str) -> str:
    """Return the text as one line of printable characters."""
    return sanitize(text, limit=LINE_BYTES)


def render_lines(lines: Iterable[str]) -> str:
    """Return lines one below the other, each of them one."""
    return "\n".join(map(render_line, lines))
