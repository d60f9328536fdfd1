"""The words of CEL."""

import re
from typing import NamedTuple


class CompilationError(ValueError):
    """The expression is not CEL, or uses what is not understood here."""


class Token(NamedTuple):
    """A word of an expression."""

    kind: str
    text: str


_TOKENS = re.compile(
    r"""\s*(?:
        (?P<number>\d+\.\d+(?:e[+-]?\d+)?|\d+)u?
      | (?P<string>r?"(?:\\.|[^"\\])*"|r?'(?:\\.|[^'\\])*')
      | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<sign>&&|\|\||==|!=|<=|>=|[-+*/%<>!?:.,()\[\]{}])
    )""",
    re.VERBOSE,
)
_ESCAPE = re.compile(r"\\(.)")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


def split(text: str) -> list[Token]:
    """Return the words of an expression.

    Raises: CompilationError.
    """
    tokens, place, text = [], 0, text.strip()
    while place < len(text):
        match = _TOKENS.match(text, place)
        if match is None:
            raise CompilationError(f"{text[place : place + 10]!r} is not understood")
        kind = match.lastgroup or ""
        tokens.append(Token(kind, match[kind]))
        place = match.end()
    return tokens


def unquote(text: str) -> str:
    """Return what a quoted text stands for."""
    if text.startswith("r"):
        return text[2:-1]
    return _ESCAPE.sub(lambda match: _ESCAPES.get(match[1], match[1]), text[1:-1])
