"""Validation of settings beyond their types: bounds of numbers, syntax of names."""

import math
import re
from collections.abc import Mapping

from probewatch.errors import SettingsError

ZERO_IS_FINE = frozenset({"settle_seconds", "repair_seconds", "shutdown_seconds"})
"""Numbers that may be 0; all others have to be greater."""

BOUNDS: Mapping[str, tuple[float, float]] = {
    "page_limit": (1, 10_000),
    "inactivity_seconds": (5, 3600),
    "event_workers": (1, 16),
    "report_interval_seconds": (0.1, 600),
    "report_workers": (1, 32),
    "metrics_series_limit": (1000, 10_000_000),
    "loop_restarts": (2, 32),
    "slow_loop_restarts": (2, 32),
    "flap_transitions": (2, 32),
    "history_limit": (1, 200),
}
"""Minimum and maximum, where "greater than zero" is not enough. The core keeps 32 restarts."""

_NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
"""The name of a namespace is a DNS label."""

_OBJECT = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
OBJECT_LENGTH = 253
"""The name of most objects is a DNS subdomain; source: k8s.io/apimachinery/pkg/util/validation."""

_KEY = r"(?:[-a-z0-9.]+/)?[A-Za-z0-9][-A-Za-z0-9_.]*"
_VALUE = r"[-A-Za-z0-9_.]*"
_COMPARED = rf"\s*(?:==?|!=|[<>])\s*{_VALUE}"
_LISTED = rf"\s+(?:in|notin)\s*\(\s*{_VALUE}(?:\s*,\s*{_VALUE})*\s*\)"
_DEMAND = rf"\s*(?:!\s*{_KEY}|{_KEY}(?:{_COMPARED}|{_LISTED})?)\s*"
SELECTOR = rf"{_DEMAND}(?:,{_DEMAND})*"
"""The syntax of a label selector; source: k8s.io/apimachinery/pkg/labels."""

_SELECTOR = re.compile(SELECTOR, re.ASCII)


def plain(number: float) -> str:
    """Return a number without an exponent: 2592000 rather than 2.592e+06."""
    return f"{number:.15g}"


def check_number(name: str, value: float, *, source: str) -> None:
    """Raise SettingsError, naming *source*, if a number is out of bounds for the setting *name*."""
    if name in BOUNDS:
        smallest, largest = BOUNDS[name]
        fits, wanted = smallest <= value <= largest, f"{plain(smallest)} to {plain(largest)}"
    elif name in ZERO_IS_FINE:
        fits, wanted = math.isfinite(value) and value >= 0, "0 or more"
    else:
        fits, wanted = math.isfinite(value) and value > 0, "above 0"
    if not fits:
        raise SettingsError(f"{source} is {plain(value)}; it has to be {wanted}")


def check_windows(loop: tuple[str, float], slow_loop: tuple[str, float]) -> None:
    """Raise SettingsError unless the window of a loop is shorter than that of a slow loop.

    ProbePolicies are validated in the same way: restarts are kept for the window of a slow loop
    and no longer. Both arguments are (name, seconds).
    """
    if loop[1] >= slow_loop[1]:
        words = " and ".join(f"{name} is {plain(seconds)}" for name, seconds in (loop, slow_loop))
        raise SettingsError(f"{words}; the second has to be longer")


def check_namespace(name: str) -> None:
    """Raise SettingsError if *name* is not a valid name of a namespace."""
    if not _NAMESPACE.fullmatch(name):
        raise SettingsError(f"{name!r} is not a valid name of a namespace")


def check_object_name(name: str, *, source: str) -> None:
    """Raise SettingsError, naming *source*, if no object can have this name."""
    if len(name) > OBJECT_LENGTH or not _OBJECT.fullmatch(name):
        raise SettingsError(f"{source} is {name!r}; it has to be a valid name of an object")


def check_selector(text: str) -> None:
    """Raise SettingsError for an invalid label selector: the API server would reject each list."""
    if text and not _SELECTOR.fullmatch(text):
        raise SettingsError(f"{text!r} is not a label selector like app=cart or 'app in (a, b)'")
