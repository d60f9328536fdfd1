"""The lexer of CEL: splits an expression into tokens."""

import re
from typing import NamedTuple


class CompilationError(ValueError):
    """The expression is not CEL, or uses a part of it that is not supported here."""


class Token(NamedTuple):
    """A token of an expression; `kind` is number, string, name or sign."""

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
_WORDS = (
    "true false null in as break const continue else for function if import let loop package "
    "namespace return var void while"
)
_RESERVED = frozenset(_WORDS.split())
"""A property with such a name is selected as `__name__`."""
_SIGNS = {"underscores": "__", "dot": ".", "dash": "-", "slash": "/"}
_ESCAPED = re.compile(r"__(underscores|dot|dash|slash)__")
_ESCAPE = re.compile(r"\\(.)")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


def tokenize(text: str) -> list[Token]:
    """Return the tokens of an expression; raises CompilationError."""
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
    """Return the value of a string literal."""
    if text.startswith("r"):
        return text[2:-1]
    return _ESCAPE.sub(lambda match: _ESCAPES.get(match[1], match[1]), text[1:-1])


def property_name(text: str) -> str:
    """Return the name of the property that is selected as *text*; raises CompilationError.

    A property with a reserved name has to be selected as older API servers want it: Kubernetes
    1.31.14 refuses the name itself, 1.36.2 takes both.
    Source: apiserver/pkg/cel/escaping.go (Escape).
    """
    if text in _RESERVED:
        raise CompilationError(f"undefined field {text!r}: a reserved name, selected as __{text}__")
    inner = text.removeprefix("__").removesuffix("__")
    if text == f"__{inner}__" and inner in _RESERVED:
        return inner
    return _ESCAPED.sub(lambda match: _SIGNS[match[1]], text)
