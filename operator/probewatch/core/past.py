"""The past of a container: earlier restarts, as far as they teach something of the next one."""

from dataclasses import dataclass

from probewatch.core.causes import Cause, Confidence
from probewatch.core.values import quickly_made

SURE = frozenset({Confidence.HIGH, Confidence.CONFIRMED})

OPEN = frozenset({Cause.UNKNOWN, Cause.UNOBSERVED})

HABIT = 2
"""So many ends alike make a habit, where none of them is sure."""


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """An earlier restart of the same container, as far as it teaches something."""

    cause: Cause
    confidence: Confidence
    exit_code: int
    lifetime: float | None
    died_at: float | None = None
    restart_count: int = 0
    own_end: bool = False
    """Whether it was seen dead before the kubelet acted."""
