"""The past of a container: earlier restarts that help to attribute the next one."""

from collections.abc import Sequence
from dataclasses import dataclass

from probewatch.core.causes import Cause, Confidence
from probewatch.core.values import quickly_made

SURE = frozenset({Confidence.HIGH, Confidence.CONFIRMED})

OPEN = frozenset({Cause.UNKNOWN, Cause.UNOBSERVED})

PAST_KEPT = 16
"""Earlier restarts that are kept of a container."""

HABIT = 2
"""This many similar terminations show a habit of the container, even if no verdict was sure."""


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What is kept about an earlier restart of the same container."""

    cause: Cause
    confidence: Confidence
    exit_code: int | None
    """None if it is not known, or the end was not seen."""
    lifetime: float | None
    died_at: float | None = None
    restart_count: int = 0
    own_end: bool | None = False
    """Whether the container was shown as terminated before the kubelet acted; None if that is not
    known, as of a restart that was read from a record."""
    on_windows: bool = False
    """Whether its exit code, or that of an even earlier restart, is one that only Windows has."""


def showed_windows(past: Sequence[Past]) -> bool:
    """Whether an exit code has shown that the container runs on Windows."""
    return bool(past and past[-1].on_windows)
