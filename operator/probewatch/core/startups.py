"""Startups: how much of its startup budget a container needed.

The API has no time at which a startup probe succeeded: `started` is only a flag. So the duration
is measured by times of arrival, from the version that shows the instance first to the one that
shows it started. If the pod becomes Ready with that version, the node's own times are an upper
bound, in case a version was late. Instances that were not seen starting are left out.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from probewatch.core.advice import start_budget
from probewatch.core.model import ContainerStatus, Pod, PodRef
from probewatch.core.spec import Probe

NARROW_SHARE = 0.8
"""Share of the startup budget above which a start is narrow: a slower node would exceed it."""

Starting = tuple[tuple[str, str, float], ...]
"""Instances whose startup probe has not succeeded yet: container, container ID, first seen."""


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
        seen = _first_seen(starting, before, status, now)
        if seen is None:
            continue
        if not status.started or _is_taken_over(before, status):
            waiting.append((status.name, status.container_id, seen))
            continue
        after = _bounded(now - seen, pod, status)
        if after <= _longest(probe):
            found.append(
                StartupSucceeded(
                    pod=ref, container=status.name, after=after, narrow=is_narrow(probe, after)
                )
            )
    return tuple(waiting), tuple(found)


def is_narrow(probe: Probe, after: float) -> bool:
    """Whether a start that took *after* seconds needed nearly the whole budget.

    The container may have been up since the run before, or since before the first run.
    """
    budget, run = start_budget(probe), probe.period + probe.timeout
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


def _first_seen(
    starting: Starting, before: Pod, status: ContainerStatus, now: float
) -> float | None:
    """When a starting instance was first seen; None if its start was not observed."""
    for name, container_id, seen in starting:
        if (name, container_id) == (status.name, status.container_id):
            return seen
    known = before.status(status.name)
    if known is not None and known.running_since is not None:
        return now if known.container_id != status.container_id else None
    return now


def _is_taken_over(before: Pod, status: ContainerStatus) -> bool:
    """Whether `started` may be that of the previous instance, which was replaced in place.

    Kubelets 1.35 and 1.36 show that until the first probe run (kubernetes issue 141155).
    """
    known = before.status(status.name)
    if known is None or known.running_since is None or known.container_id == status.container_id:
        return False
    return bool(known.started)


def _bounded(after: float, pod: Pod, status: ContainerStatus) -> float:
    """The duration, limited to the time until Ready by the node's clock if the pod is Ready."""
    ready = pod.conditions.get("Ready")
    if ready is not None and ready.status and ready.last_transition and status.running_since:
        after = min(after, ready.last_transition - status.running_since)
    return max(0.0, after)


def _longest(probe: Probe) -> float:
    """Seconds after which it would have been killed: a longer duration was observed too late."""
    runs = probe.failure_threshold * probe.interval
    return probe.initial_delay + probe.period + runs + probe.timeout
