"""Numbers, names and colours of panels as they are drawn: near to what Grafana makes of them."""

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]

INK, FAINT, BACK, RED, GREEN = "#d8d9da", "#8e8e8e", "#181b1f", "#f2495c", "#73bf69"
YELLOW = "#f2cc0c"
COLOURS: Mapping[str, str] = {
    "red": RED,
    "orange": "#ff9830",
    "yellow": YELLOW,
    "green": GREEN,
    "blue": "#5794f2",
    "purple": "#b877d9",
    "text": INK,
}
"""Grafana's colours by their names."""

MINUTE = 60.0


def render_seconds(value: float) -> str:
    """Return a duration in the unit that suits it."""
    if value < 1:
        return f"{value * 1000:.0f} ms"
    return f"{value:.1f} s" if value < MINUTE else f"{value / MINUTE:.1f} min"


def render_plain(value: float) -> str:
    """Return a number without a unit."""
    return f"{value:.4g}"


UNITS: Mapping[str, Callable[[float], str]] = {
    "s": render_seconds,
    "percentunit": lambda value: f"{value:.0%}",
    "bytes": lambda value: f"{value / 2**20:.0f} MiB",
    "Bps": lambda value: f"{value / 1024:.1f} KiB/s",
    "dateTimeFromNow": lambda value: f"{datetime.fromtimestamp(value / 1000, UTC):%H:%M:%S}",
}


def render_value(value: float, unit: str) -> str:
    """Return a number as the panel's unit has it."""
    if math.isnan(value):
        return "–"
    return UNITS.get(unit, render_plain)(value)


def unit_of(panel: Json) -> str:
    """Return the unit of a panel's values."""
    unit: str = panel["fieldConfig"]["defaults"].get("unit", "short")
    return unit


def legend_of(pattern: str, labels: Mapping[str, str]) -> str:
    """Return what a series is called."""
    return re.sub(r"{{\s*(\w+)\s*}}", lambda found: labels.get(found[1], ""), pattern)
