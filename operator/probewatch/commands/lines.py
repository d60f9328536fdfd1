"""Text made safe for a terminal: one line stays one line, without control characters.

Names, causes and messages in recordings and manifests were written by others and may hold
line breaks or escape sequences. JSON output does not need this: JSON escapes by itself.
"""

from collections.abc import Iterable

from probewatch.kube.sanitize import sanitize

LINE_BYTES = 4096
"""The longest line; text that is longer is cut off."""


def render_line(text: str) -> str:
    """Return the text as one line of printable characters."""
    return sanitize(text, limit=LINE_BYTES)


def render_lines(lines: Iterable[str]) -> str:
    """Return the lines joined by line breaks, each made safe by `render_line`."""
    return "\n".join(map(render_line, lines))
