"""Totals: the values that counters are restored from after a start.

A record has to hold what the counters *showed*: a restart whose cause was corrected later
stays counted under the first cause. Otherwise a counter would fall, which Prometheus takes
for a reset. `Counters.totals_of` returns what they show.
"""

from dataclasses import dataclass

from probewatch.core.causes import Cause
from probewatch.core.model import Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartTotal:
    """Restarts of a workload's container, by the cause first published."""

    workload: Workload
    container: str
    cause: Cause
    count: int
