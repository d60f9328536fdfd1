"""The operators of CEL: they combine the compiled functions of their operands into one."""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from probewatch.playground.objects.cel_functions import (
    EvaluationError,
    Value,
    check_bool,
    select,
)

Scope = Mapping[str, Value]
Evaluate = Callable[[Scope], Value]
Operation = Callable[[Value, Value], Value]

RELATIONS: Mapping[str, Operation] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "in": lambda item, many: item in many,
}


def _divide(left: Value, right: Value) -> Value:
    """Integers are divided towards zero, as in Go; Python would round down."""
    if isinstance(left, float):
        return left / right
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) is (right < 0) else -quotient


def _remainder(left: Value, right: Value) -> Value:
    """It has the sign of the dividend, as in Go; Python takes that of the divisor."""
    rest = abs(left) % abs(right)
    return -rest if left < 0 else rest


SUMS: Mapping[str, Operation] = {"+": operator.add, "-": operator.sub}
PRODUCTS: Mapping[str, Operation] = {
    "*": operator.mul,
    "/": _divide,
    "%": _remainder,
}
LEVELS: Sequence[Mapping[str, Operation]] = (RELATIONS, SUMS, PRODUCTS)
"""Binary operators by precedence, the lowest first."""


def apply(function: Operation, left: Evaluate, right: Evaluate) -> Evaluate:
    """Return a binary operator applied to two operands."""

    def run(scope: Scope) -> Value:
        try:
            return function(left(scope), right(scope))
        except (TypeError, ZeroDivisionError) as error:
            raise EvaluationError(str(error)) from error

    return run


def logic(left: Evaluate, right: Evaluate, *, decides: bool) -> Evaluate:
    """Return `||` or `&&`: if one operand decides the result, an error of the other is ignored."""

    def run(scope: Scope) -> bool:
        try:
            if check_bool(left(scope)) is decides:
                return decides
        except EvaluationError:
            if check_bool(right(scope)) is decides:
                return decides
            raise
        return check_bool(right(scope))

    return run


@dataclass(frozen=True, slots=True)
class Selection:
    """The selection of a field, which `has` only looks for."""

    target: Evaluate
    name: str

    def __call__(self, scope: Scope) -> Value:
        """Return the field."""
        return select(self.target(scope), self.name)

    def is_present(self, scope: Scope) -> bool:
        """Whether the field is there; if the object itself is missing, that is an error.

        Source: google/cel-spec doc/langdef.md (Field Selection).
        """
        value = self.target(scope)
        if not isinstance(value, Mapping):
            raise EvaluationError("no such overload: has")
        return self.name in value


def index(target: Evaluate, key: Evaluate) -> Evaluate:
    """Return the indexing of a list or a map."""

    def run(scope: Scope) -> Value:
        try:
            return target(scope)[key(scope)]
        except (KeyError, IndexError, TypeError) as error:
            raise EvaluationError(f"no such key: {error}") from error

    return run
