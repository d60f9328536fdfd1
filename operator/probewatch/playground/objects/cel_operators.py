"""The operators of CEL: they combine the compiled functions of their operands into one."""

import operator
from collections.abc import Callable, Mapping, Sequence

from probewatch.playground.objects.cel_functions import EvaluationError, Value, check_bool

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
SUMS: Mapping[str, Operation] = {"+": operator.add, "-": operator.sub}
PRODUCTS: Mapping[str, Operation] = {
    "*": operator.mul,
    "/": lambda a, b: a // b if isinstance(a, int) else a / b,
    "%": operator.mod,
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


def index(target: Evaluate, key: Evaluate) -> Evaluate:
    """Return the indexing of a list or a map."""

    def run(scope: Scope) -> Value:
        try:
            return target(scope)[key(scope)]
        except (KeyError, IndexError, TypeError) as error:
            raise EvaluationError(f"no such key: {error}") from error

    return run
