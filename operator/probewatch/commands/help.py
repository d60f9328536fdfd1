"""The help of a command, as wide as the terminal that shows it.

argparse either breaks all lines anew, lists of examples too, or none, sentences neither.
"""

import argparse

EDGE = 2
"""So many columns argparse leaves free at the right, of what it breaks itself."""


class Help(argparse.RawDescriptionHelpFormatter):
    """Breaks sentences to the width; a list, of which some lines are set in, stays as it is."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        parts = (_fill(part, width + EDGE, indent) for part in text.split("\n\n"))
        return "\n\n".join(parts)


def _fill(paragraph: str, width: int, indent: str) -> str:
    lines = paragraph.splitlines()
    if any(line[:1].isspace() for line in lines):
        return "\n".join(f"{indent}{line}".rstrip() for line in lines)
    import textwrap  # noqa: PLC0415  # as argparse does: only who asks for help needs it

    return textwrap.fill(
        " ".join(lines),
        width,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
