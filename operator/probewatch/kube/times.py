"""Times of the API, RFC 3339, as epoch seconds."""

from datetime import datetime
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
