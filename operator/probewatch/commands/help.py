"""The help of a command, wrapped to the width of the terminal.

argparse's own formatters either wrap everything, lists of examples too, or nothing at all.
"""

import argparse

MARGIN = 2
"""Columns that argparse leaves free at the right edge of text that it wraps itself."""


class Help(argparse.RawDescriptionHelpFormatter):
    """Wraps prose; a paragraph with indented lines is a list, and stays as it is."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        parts = (_fill(part, width + MARGIN, indent) for part in text.split("\n\n"))
        return "\n\n".join(parts)


def _fill(paragraph: str, width: int, indent: str) -> str:
    lines = paragraph.splitlines()
    if any(line[:1].isspace() for line in lines):
        return "\n".join(f"{indent}{line}".rstrip() for line in lines)
    import textwrap  # noqa: PLC0415  # only help needs it; argparse does the same

    return textwrap.fill(
        " ".join(lines),
        width,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
