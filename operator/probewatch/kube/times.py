"""Times of the API, RFC 3339, from and to epoch seconds."""

from datetime import UTC, datetime
from functools import lru_cache


@lru_cache(maxsize=4096)
def parse_time(text: str | None) -> float | None:
    """RFC 3339 into epoch seconds; absent, malformed or 1970 into None."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        seconds = moment.timestamp()
    except (ValueError, OverflowError, OSError):
        return None
    return seconds if moment.tzinfo is not None and seconds > 0 else None


@lru_cache(maxsize=8192)  # a report is written again and again with the incidents that it had
def render_time(at: float, parts: str = "microseconds") -> str:
    """Return epoch seconds as RFC 3339 in UTC; *parts* of a second only where there are some."""
    moment = datetime.fromtimestamp(at, UTC)
    precision = parts if moment.microsecond else "seconds"
    return moment.isoformat(timespec=precision).replace("+00:00", "Z")
