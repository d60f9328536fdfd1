"""The functions, methods and macros of CEL that rules of custom resources use."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

Value = Any
Test = Callable[[Value], Value]

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(h|ms|us|ns|m|s)")
UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}


class EvaluationError(ValueError):
    """The expression has no value: a field is missing, or has the wrong type."""


def check_bool(value: Value) -> bool:
    """Return *value*; raises EvaluationError unless it is true or false."""
    if not isinstance(value, bool):
        raise EvaluationError("no such overload: a condition must be true or false")
    return value


def select(value: Value, name: str) -> Value:
    """Return a field of an object; raises EvaluationError if it is missing."""
    if not isinstance(value, Mapping) or name not in value:
        raise EvaluationError(f"no such key: {name}")
    return value[name]


def _size(value: Value) -> int:
    if not isinstance(value, str | list | Mapping):
        raise EvaluationError("no such overload: size")
    return len(value)


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def _duration(text: Value) -> float:
    """Return the seconds of a Go duration such as `1h30m`."""
    parts = _DURATION.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise EvaluationError(f"{text!r} is no duration")
    return float(sum(float(number) * UNITS[unit] for number, unit in parts))


def _timestamp(text: Value) -> float:
    try:
        return datetime.fromisoformat(text).timestamp()
    except (TypeError, ValueError) as error:
        raise EvaluationError(f"{text!r} is no time") from error


def _number(kind: type[int | float]) -> Test:
    def convert(value: Value) -> Value:
        try:
            return kind(value)
        except (TypeError, ValueError) as error:
            raise EvaluationError(str(error)) from error

    return convert


FUNCTIONS: Mapping[str, Callable[..., Value]] = {
    "double": _number(float),
    "duration": _duration,
    "int": _number(int),
    "size": _size,
    "string": _text,
    "timestamp": _timestamp,
}
METHODS: Mapping[str, Callable[..., Value]] = {
    "contains": lambda text, part: part in text,
    "endsWith": lambda text, part: text.endswith(part),
    "lowerAscii": lambda text: text.lower(),
    "matches": lambda text, pattern: re.search(pattern, text) is not None,
    "size": _size,
    "split": lambda text, by: text.split(by),
    "startsWith": lambda text, part: text.startswith(part),
    "trim": lambda text: text.strip(),
}


def _all(many: Value, test: Test) -> bool:
    return _decide(many, test, decides=False)


def _exists(many: Value, test: Test) -> bool:
    return _decide(many, test, decides=True)


def _decide(many: Value, test: Test, *, decides: bool) -> bool:
    """Test the items until one decides the result; an error counts only if none does."""
    problem: EvaluationError | None = None
    for item in many:
        try:
            if check_bool(test(item)) is decides:
                return decides
        except EvaluationError as error:
            problem = error
    if problem is not None:
        raise problem
    return not decides


MACROS: Mapping[str, Callable[[Value, Test], Value]] = {
    "all": _all,
    "exists": _exists,
    "exists_one": lambda many, test: sum(check_bool(test(item)) for item in many) == 1,
    "filter": lambda many, test: [item for item in many if check_bool(test(item))],
    "map": lambda many, test: [test(item) for item in many],
}
