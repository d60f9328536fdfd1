"""The part of CEL that rules of custom resources need: compiles an expression to a function.

Supported are literals, lists, selection, indexing, `has`, `size`, arithmetic, comparison,
`in`, logic, the ternary, the macros `all`, `exists`, `exists_one`, `filter` and `map`, and
simple functions of strings. Anything else is an error when the expression is compiled.
"""

from collections.abc import Mapping, Sequence

from probewatch.playground.objects.cel_functions import (
    FUNCTIONS,
    MACROS,
    METHODS,
    Value,
    check_bool,
    select,
)
from probewatch.playground.objects.cel_operators import (
    LEVELS,
    Evaluate,
    Scope,
    Selection,
    apply,
    index,
    logic,
)
from probewatch.playground.objects.cel_tokens import (
    CompilationError,
    Token,
    property_name,
    tokenize,
    unquote,
)

LITERALS: Mapping[str, Value] = {"true": True, "false": False, "null": None}


def compile_rule(text: str) -> Evaluate:
    """Return the compiled expression: a function of the values of its variables.

    Raises CompilationError; the function raises EvaluationError.
    """
    parser = _Parser(tokenize(text))
    found = parser.expression()
    if parser.peek():
        raise CompilationError(f"unexpected {parser.peek()!r} in {text!r}")
    return found


class _Parser:
    """Parses the tokens of an expression, by recursive descent."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._place = 0

    def peek(self) -> str:
        """Return the text of the next token; empty at the end."""
        here = self._tokens[self._place : self._place + 1]
        return here[0].text if here else ""

    def _next(self) -> Token:
        if self._place >= len(self._tokens):
            raise CompilationError("the expression ends too early")
        self._place += 1
        return self._tokens[self._place - 1]

    def _take(self, text: str) -> bool:
        if self.peek() != text or self._tokens[self._place].kind == "string":
            return False
        self._place += 1
        return True

    def _need(self, text: str) -> None:
        if not self._take(text):
            raise CompilationError(f"expected {text!r} instead of {self.peek()!r}")

    # --- by precedence, the lowest first ------------------------------------------

    def expression(self) -> Evaluate:
        """Parse a whole expression."""
        condition = self._any()
        if not self._take("?"):
            return condition
        first = self._any()
        self._need(":")
        second = self.expression()
        return lambda scope: (first if check_bool(condition(scope)) else second)(scope)

    def _any(self) -> Evaluate:
        found = self._all()
        while self._take("||"):
            found = logic(found, self._all(), decides=True)
        return found

    def _all(self) -> Evaluate:
        found = self._binary(0)
        while self._take("&&"):
            found = logic(found, self._binary(0), decides=False)
        return found

    def _binary(self, level: int) -> Evaluate:
        if level == len(LEVELS):
            return self._unary()
        found = self._binary(level + 1)
        while self.peek() in LEVELS[level]:
            sign = self._next().text
            found = apply(LEVELS[level][sign], found, self._binary(level + 1))
        return found

    def _unary(self) -> Evaluate:
        if self._take("!"):
            inner = self._unary()
            return lambda scope: not check_bool(inner(scope))
        if self._take("-"):
            inner = self._unary()
            return lambda scope: -inner(scope)
        return self._member()

    def _member(self) -> Evaluate:
        found = self._primary()
        while True:
            if self._take("."):
                found = self._selection(found, self._next_name())
            elif self._take("["):
                found = index(found, self.expression())
                self._need("]")
            else:
                return found

    def _next_name(self) -> str:
        kind, text = self._next()
        if kind != "name":
            raise CompilationError(f"expected a name instead of {text!r}")
        return text

    def _selection(self, target: Evaluate, name: str) -> Evaluate:
        if not self._take("("):
            return Selection(target, property_name(name))
        if name in MACROS:
            return self._macro(target, name)
        if name not in METHODS:
            raise CompilationError(f"the function {name!r} is not known here")
        arguments, method = self._arguments(")"), METHODS[name]
        return lambda scope: method(target(scope), *(item(scope) for item in arguments))

    def _macro(self, target: Evaluate, name: str) -> Evaluate:
        variable = self._next_name()
        self._need(",")
        body, macro = self.expression(), MACROS[name]
        self._need(")")

        def run(scope: Scope) -> Value:
            return macro(target(scope), lambda item: body({**scope, variable: item}))

        return run

    def _arguments(self, end: str) -> list[Evaluate]:
        found: list[Evaluate] = []
        while not self._take(end):
            if found:
                self._need(",")
            found.append(self.expression())
        return found

    def _primary(self) -> Evaluate:
        kind, text = self._next()
        if kind == "number":
            number = float(text) if "." in text else int(text)
            return lambda _scope: number
        if kind == "string":
            value = unquote(text)
            return lambda _scope: value
        if kind == "name":
            return self._named(text)
        if text == "(":
            found = self.expression()
            self._need(")")
            return found
        if text == "[":
            items = self._arguments("]")
            return lambda scope: [item(scope) for item in items]
        raise CompilationError(f"unexpected {text!r}")

    def _named(self, name: str) -> Evaluate:
        if name in LITERALS:
            return lambda _scope: LITERALS[name]
        if not self._take("("):
            return lambda scope: select(scope, name)
        if name == "has":
            return self._has()
        if name not in FUNCTIONS:
            raise CompilationError(f"the function {name!r} is not known here")
        arguments, function = self._arguments(")"), FUNCTIONS[name]
        return lambda scope: function(*(item(scope) for item in arguments))

    def _has(self) -> Evaluate:
        inner = self.expression()
        self._need(")")
        if not isinstance(inner, Selection):
            raise CompilationError("invalid argument to has() macro")
        return inner.is_present
