"""Converts between RFC 3339 times of the API and epoch seconds."""

from datetime import UTC, datetime
from functools import lru_cache


@lru_cache(maxsize=4096)
def parse_time(text: str | None) -> float | None:
    """Return RFC 3339 as epoch seconds; None if it is absent, malformed or the zero of 1970."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        seconds = moment.timestamp()
    except (ValueError, OverflowError, OSError):
        return None
    return seconds if moment.tzinfo is not None and seconds > 0 else None


@lru_cache(maxsize=8192)  # a report is written again and again with the same incidents
def render_time(at: float, parts: str = "microseconds") -> str:
    """Return epoch seconds as RFC 3339 in UTC, with *parts* of a second only if it has any."""
    moment = datetime.fromtimestamp(at, UTC)
    precision = parts if moment.microsecond else "seconds"
    return moment.isoformat(timespec=precision).replace("+00:00", "Z")


def render_micro_time(at: float) -> str:
    """Return a MicroTime, which requires all six decimals."""
    moment = datetime.fromtimestamp(at, UTC)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
