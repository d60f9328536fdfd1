"""Totals: what counters go on from after a start.

A record that wants counters to go on has to hold what they *showed*: a cause that was
corrected later stays counted under the first one, or its counter would fall, which
Prometheus takes for a start from 0. `Counters.totals_of` gives exactly that.
"""

from dataclasses import dataclass

from probewatch.core.causes import Cause, Readiness, ReadinessReason
from probewatch.core.model import Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartTotal:
    """Restarts of a workload's container that were published with this cause."""

    workload: Workload
    container: str
    cause: Cause
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TransitionTotal:
    """Changes of readiness of a workload's pods."""

    workload: Workload
    to: Readiness
    reason: ReadinessReason
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NotReadyTotal:
    """Time for which a workload's pods were not ready."""

    workload: Workload
    seconds: float


Total = RestartTotal | TransitionTotal | NotReadyTotal
