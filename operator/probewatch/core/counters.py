"""Counters: what the kubelet's own metric `prober_probe_total` says about a restart.

Optional, and read on demand. The kubelet counts every run of a probe before it acts on the
result, and no spam filter applies to counters. So a counter of failures that did not rise from
well before a death until after it **rules the probe out**; one that rose by the threshold points
to the probe.

Two readings are not compared if the kubelet was restarted in between: it counts from 0 again.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from probewatch.core.restarts import CountedRestart
from probewatch.core.spec import Probe, ProbeType
from probewatch.core.values import replace

READINGS_KEPT = 8
"""Readings of a container that are kept, of those that differ."""
SLACK = 30.0
"""Seconds that a scrape, a status update and its watch event may take to arrive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The counters of failed runs of one container's probes at one moment."""

    at: float
    """Time of arrival (our clock)."""
    process: float
    """`process_start_time_seconds` of the kubelet, to notice that it was restarted."""
    restart_count: int = 0
    """The container's `restartCount` as known at that time."""
    liveness: int | None = None
    startup: int | None = None

    def failed(self, probe_type: ProbeType) -> int | None:
        """How many runs failed; None if the kubelet has no such series."""
        return {ProbeType.LIVENESS: self.liveness, ProbeType.STARTUP: self.startup}.get(probe_type)


def with_reading(readings: tuple[Reading, ...], new: Reading) -> tuple[Reading, ...]:
    """Return the readings with one more.

    Of equal ones only the first and the last are kept: a kubelet on whose node many restarts are
    uncertain is read every few seconds, and what its counters were minutes ago is needed, too.
    """
    equal = [each for each in readings[-2:] if replace(each, at=new.at) == new]
    kept = readings[:-1] if len(equal) == 2 else readings  # noqa: PLR2004  # the first and the last
    return (*kept, new)[-READINGS_KEPT:]


def rise(
    readings: Iterable[Reading], restart: CountedRestart, probe: Probe, grace: float
) -> int | None:
    """By how much the counter of failures rose around a restart; None if that is not known."""
    pair = _around(readings, restart, probe, grace)
    if pair is None or pair[0].process != pair[1].process:
        return None
    before, after = (reading.failed(probe.probe_type) for reading in pair)
    if before is None or after is None or after < before:
        return None
    return after - before


def surely_before(
    readings: Iterable[Reading], restart: CountedRestart, probe: Probe, grace: float
) -> int | None:
    """How many of these failures surely belong to the instance that ended; None if not known.

    The others may be failures of the next instance.
    """
    readings = tuple(readings)
    risen, pair = rise(readings, restart, probe, grace), _around(readings, restart, probe, grace)
    if risen is None or pair is None or pair[0].restart_count != restart.restart_count - 1:
        return None
    lived = pair[1].at - restart.observed_at + SLACK - probe.initial_delay
    return risen - (int(lived / probe.period) + 1 if lived >= 0 else 0)


def _around(
    readings: Iterable[Reading], restart: CountedRestart, probe: Probe, grace: float
) -> tuple[Reading, Reading] | None:
    """The last reading from before the probe began to fail, and the first after the restart."""
    failing = grace + (probe.failure_threshold + 1) * probe.interval + SLACK
    before = [each for each in readings if each.at <= restart.observed_at - failing]
    after = [each for each in readings if each.at >= restart.observed_at]
    return (before[-1], after[0]) if before and after else None
