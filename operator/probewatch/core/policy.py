"""Policy: the thresholds by which findings are made, as one value."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What one pod is judged by; durations in seconds.

    The operator's defaults; a `ProbePolicy` overrides single fields for the
    pods it selects.
    """

    loop_restarts: int = 3
    """So many restarts of one container within `loop_window` are a loop."""
    loop_window: float = 900.0
    """Long enough for the third restart of a liveness loop with the default probe and grace."""
    loop_quiet: float = 1800.0
    """A loop ends after so long without a restart: three times the longest back-off (300 s), and
    longer than two kills of a slow loop are apart as long as intervals are regular."""
    slow_loop_restarts: int = 5
    """So many restarts within `slow_loop_window` are a slow loop: one each half hour."""
    slow_loop_window: float = 21600.0
    flap_transitions: int = 6
    """So many losses of readiness within `flap_window`, without a restart, are flapping."""
    flap_window: float = 900.0
    flap_quiet: float = 900.0
    settle: float = 30.0
    """How long an unclear restart waits for late evidence before its verdict is published."""
    repair: float = 3600.0
    """How long a settled verdict below `High` can still be improved by a later count."""
    events: bool = True
    """Whether Kubernetes Events are posted for these pods."""
    history_limit: int = 50
    """Incidents kept in the workload's ProbeReport (at most 200)."""
