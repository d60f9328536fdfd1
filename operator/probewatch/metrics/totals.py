"""Totals: the values that counters are restored from after a start.

A record has to hold what the counters *showed*: a restart whose cause was corrected later
stays counted under the first cause. Otherwise a counter would fall, which Prometheus takes
for a reset. `Counters.totals_of` returns what they show.
"""

from dataclasses import dataclass

from probewatch.core.causes import Cause, Readiness, ReadinessReason
from probewatch.core.model import Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartTotal:
    """Restarts of a workload's container, by the cause first published."""

    workload: Workload
    container: str
    cause: Cause
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TransitionTotal:
    """Readiness changes of a workload's pods."""

    workload: Workload
    to: Readiness
    reason: ReadinessReason
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NotReadyTotal:
    """Total time for which a workload's pods were not ready."""

    workload: Workload
    seconds: float


Total = RestartTotal | TransitionTotal | NotReadyTotal
