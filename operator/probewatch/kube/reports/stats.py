"""What became of the writes of reports; read by the metrics."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True, kw_only=True)
class ReportStats:
    """Counts writes by what became of them."""

    written: Counter[str] = field(default_factory=Counter)
    """By verb."""
    conflicts: int = 0
    """With another writer."""
    dropped: Counter[str] = field(default_factory=Counter)
    """Writes that were given up, by cause: Unanswered if they may have been committed, …"""
