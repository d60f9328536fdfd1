"""Durations as people write them on a command line: `90s`, `5m`, `1h30m`."""

import argparse
import re

UNITS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0}

_PART = re.compile(r"(\d+(?:\.\d+)?)([dhms])")


def parse_duration(text: str) -> float:
    """Return seconds; for use as the `type` of an argparse argument."""
    parts = _PART.findall(text)
    if not parts or "".join(map("".join, parts)) != text:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration; write 90s, 5m or 1h30m")
    seconds = sum(float(number) * UNITS[unit] for number, unit in parts)
    if seconds <= 0:
        raise argparse.ArgumentTypeError("a duration has to be above 0")
    return seconds


def render_duration(seconds: float) -> str:
    """Return a duration in its two largest units: `3h5m`, `42s`."""
    left, parts = int(seconds), []
    for unit, size in UNITS.items():
        count, left = divmod(left, int(size))
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts[:2]) or "0s"
