"""Policy: the thresholds for findings, as one value."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The thresholds that apply to one pod; durations in seconds.

    These are the operator's defaults; a `ProbePolicy` overrides single fields for the pods it
    selects.
    """

    loop_restarts: int = 3
    """Restarts of one container within `loop_window` that make a loop."""
    loop_window: float = 900.0
    """Long enough for the third restart of a liveness loop with default probe and grace period."""
    loop_quiet: float = 1800.0
    """A loop ends after this time without a restart. It is several times the longest back-off
    (300 s), and longer than the gap between two kills of a slow loop with regular gaps."""
    slow_loop_restarts: int = 5
    """Restarts within `slow_loop_window` that make a slow loop."""
    slow_loop_window: float = 21600.0
    flap_transitions: int = 6
    """Losses of readiness within `flap_window`, without a restart, that make flapping."""
    flap_window: float = 900.0
    flap_quiet: float = 1800.0
    """Twice `flap_window`: at five losses in 15 minutes on average, so long a pause is rare."""
    settle: float = 30.0
    """How long an unclear restart waits for late evidence before its verdict is published."""
    repair: float = 3600.0
    """How long a published verdict can still be improved by later evidence."""
    events: bool = True
    """Whether Kubernetes Events are posted for these pods."""
    history_limit: int = 50
    """Incidents kept in the workload's ProbeReport (at most 200)."""
