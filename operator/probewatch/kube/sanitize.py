"""Makes untrusted text safe to print, to log and to store.

Names in pods and the output of probes are chosen by whoever may create pods. Unsanitized, they
could move a terminal's cursor, forge a log line, hide text behind a change of writing direction,
or make an object too long for the API server, which counts bytes and not characters.
"""

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
"""Replaces a lone surrogate, which cannot be encoded."""

ELLIPSIS = "…"

_INPUT_PER_OUTPUT = 8
"""Characters read per byte of output, so that a long text of control characters costs little."""


def sanitize(text: str, *, limit: int) -> str:
    """Return *text* as one line of printable characters, at most *limit* bytes of UTF-8.

    White space of any kind becomes a space; control, escape, invisible and direction-changing
    characters are removed; a text that is cut off ends with an ellipsis. Idempotent.
    """
    if len(text) <= limit and text.isascii() and text.isprintable():
        return text  # as names in the API are
    head = text[: limit * _INPUT_PER_OUTPUT]
    cut_off = len(head) < len(text)
    if not (head.isascii() and head.isprintable()):
        head = "".join(map(_safe, head))
    return truncate(head + ELLIPSIS if cut_off else head, limit=limit)


def truncate(text: str, *, limit: int) -> str:
    """Return *text* with at most *limit* bytes of UTF-8, cut between two characters."""
    raw = text.encode()
    if len(raw) <= limit:
        return text
    mark = ELLIPSIS if limit >= len(ELLIPSIS.encode()) else ""
    return raw[: limit - len(mark.encode())].decode(errors="ignore") + mark


def _safe(character: str) -> str:
    if character.isprintable():
        return character
    if character.isspace():
        return " "
    return REPLACEMENT if "\ud800" <= character <= "\udfff" else ""
