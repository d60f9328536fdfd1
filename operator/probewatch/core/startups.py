"""Startups: how much of its startup budget a container needed.

The API has no time at which a startup probe succeeded: `started` is only a flag. So the duration
is measured by times of arrival, from the version that shows the instance first to the one that
shows it started. If the pod becomes Ready with that version, the node's own times are an upper
bound, in case a version was late. Instances that were not seen starting are left out.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from probewatch.core.model import ContainerStatus, Pod, PodRef
from probewatch.core.spec import Probe

NARROW_SHARE = 0.8
"""Share of the startup budget above which a start is narrow: a slower node would exceed it."""

Starting = tuple[tuple[str, str, float, bool], ...]
"""Instances whose startup probe has not succeeded yet: container, container ID, when it was first
seen, and whether `started` may still be that of the instance before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartupSucceeded:
    """The startup probe of a container succeeded."""

    pod: PodRef
    container: str
    after: float
    """Seconds after the start of the container, as observed."""
    narrow: bool
    """Whether the start surely took more than `NARROW_SHARE` of the budget."""


def follow_startups(
    starting: Starting, before: Pod, pod: Pod, *, ref: PodRef, now: float
) -> tuple[Starting, tuple[StartupSucceeded, ...]]:
    """The instances that are still starting, and those that started since the version before."""
    waiting, found = [], []
    for probe, status in _probed(pod):
        known = _find(starting, before, status, now)
        if known is None:
            continue
        seen, taken_over = known
        taken_over = taken_over and bool(status.started)
        after = _measure(pod, probe, status, seen_for=now - seen, taken_over=taken_over)
        if after is not None:
            narrow = is_narrow(probe, after)
            started = StartupSucceeded(pod=ref, container=status.name, after=after, narrow=narrow)
            found.append(started)
        elif not status.started or (taken_over and now - seen <= probe.first_run_within):
            waiting.append((status.name, status.container_id, seen, taken_over))
    return tuple(waiting), tuple(found)


def is_narrow(probe: Probe, after: float) -> bool:
    """Whether a start that took *after* seconds needed nearly the whole budget.

    The container may have been up since the run before, or since before the first run.
    """
    budget, run = probe.start_budget, probe.period + probe.timeout
    if after <= probe.initial_delay + run:
        return False
    return after >= budget or after - run > NARROW_SHARE * budget


def _probed(pod: Pod) -> Iterator[tuple[Probe, ContainerStatus]]:
    """The running containers that have a startup probe."""
    probes = {each.name: each.startup for each in pod.spec.containers if each.startup is not None}
    for status in pod.statuses if probes else ():
        probe = probes.get(status.name)
        if probe is not None and status.running_since is not None:
            yield probe, status


def _find(
    starting: Starting, before: Pod, status: ContainerStatus, now: float
) -> tuple[float, bool] | None:
    """When a starting instance was first seen, and whether `started` may be taken over.

    None if its start was not observed. Kubelets 1.35 and 1.36 show `started` of an instance that
    was replaced in place until the first probe run of the next one (kubernetes issue 141155). If
    that succeeds, no version shows when it did.
    """
    for name, container_id, seen, taken_over in starting:
        if (name, container_id) == (status.name, status.container_id):
            return seen, taken_over
    known = before.status(status.name)
    if known is None or known.running_since is None:
        return now, False
    return (now, bool(known.started)) if known.container_id != status.container_id else None


def _measure(
    pod: Pod, probe: Probe, status: ContainerStatus, *, seen_for: float, taken_over: bool
) -> float | None:
    """Seconds that the start took; None if no version shows that, or not yet."""
    ready = _until_ready(pod, status)
    if not status.started:
        return None
    if taken_over:
        # All that is known is that it started before the pod became Ready.
        return ready if ready is not None and 0 < ready <= probe.first_run_within else None
    after = seen_for if ready is None else max(0.0, min(seen_for, ready))
    return after if after <= _longest(probe) else None


def _until_ready(pod: Pod, status: ContainerStatus) -> float | None:
    """Seconds from the start to Ready by the node's clock; None if it is not Ready."""
    ready, born = pod.conditions.get("Ready"), status.running_since
    if ready is None or not ready.status or not ready.last_transition or not born:
        return None
    return ready.last_transition - born


def _longest(probe: Probe) -> float:
    """Seconds after which it would have been killed: a longer duration was observed too late."""
    runs = probe.failure_threshold * probe.interval
    return probe.initial_delay + probe.period + runs + probe.timeout
