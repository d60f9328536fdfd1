"""Parses the text of an environment variable or flag into a value of the setting's type."""

from collections.abc import Callable, Mapping
from enum import StrEnum

from probewatch.errors import SettingsError

_YES = frozenset({"1", "true", "yes", "on"})
_NO = frozenset({"0", "false", "no", "off"})


def parse(text: str, wanted: object, *, source: str) -> object:
    """Return *text* as a value of the type *wanted*.

    Raises SettingsError, which names the *source* and the allowed values.
    """
    try:
        if isinstance(wanted, type) and issubclass(wanted, StrEnum):
            return _parse_choice(text.strip(), wanted)
        return _PARSERS[wanted](text.strip())
    except ValueError as error:
        raise SettingsError(f"{source} is {text!r}; it has to be {error}") from error


def _parse_choice(text: str, choices: type[StrEnum]) -> StrEnum:
    try:
        return choices(text.lower())
    except ValueError as error:
        raise ValueError("one of " + ", ".join(choices)) from error


def _parse_bool(text: str) -> bool:
    if text.lower() in _YES:
        return True
    if text.lower() in _NO:
        return False
    raise ValueError("true or false")


def _parse_int(text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise ValueError("a whole number") from error


def _parse_float(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise ValueError("a number without a unit") from error


def _parse_names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))


_PARSERS: Mapping[object, Callable[[str], object]] = {
    str: str,
    bool: _parse_bool,
    int: _parse_int,
    float: _parse_float,
    tuple[str, ...]: _parse_names,
}
