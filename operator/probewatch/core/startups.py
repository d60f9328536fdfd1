"""Startups: how much of the time that a startup probe leaves a container was needed.

No clock of a node has the moment at which the probe succeeded: `started` has no time. So both
ends are times of arrival here, of the version that shows the instance first and of the one
that shows it started. Where the pod is Ready with that, the node's own time until then bounds
it, in case a version was late. Of an instance whose begin was not seen nothing is told.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from probewatch.core.advice import start_budget
from probewatch.core.model import ContainerStatus, Pod, PodRef
from probewatch.core.spec import Probe

NARROW_SHARE = 0.8
"""Of the startup budget: with a slower node or a larger cache it is not enough."""

Starting = tuple[tuple[str, str, float], ...]
"""Instances whose startup probe did not succeed yet: container, id, when it was seen first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartupSucceeded:
    """The startup probe of a container succeeded."""

    pod: PodRef
    container: str
    after: float
    """Seconds after the start of the container, as far as it was seen."""
    narrow: bool
    """Whether it surely took more than `NARROW_SHARE` of the budget."""


def follow_startups(
    starting: Starting, before: Pod, pod: Pod, *, ref: PodRef, now: float
) -> tuple[Starting, tuple[StartupSucceeded, ...]]:
    """What goes on starting, and what was started since the version before."""
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
    """Whether a start that was seen to succeed *after* so many seconds needed nearly all it has.

    It may have been ready since the run before; before the first run nobody asked.
    """
    budget, run = start_budget(probe), probe.period + probe.timeout
    if after <= probe.initial_delay + run:
        return False
    return after >= budget or after - run > NARROW_SHARE * budget


def _probed(pod: Pod) -> Iterator[tuple[Probe, ContainerStatus]]:
    """The containers that run and have a startup probe."""
    probes = {each.name: each.startup for each in pod.spec.containers if each.startup is not None}
    for status in pod.statuses if probes else ():
        probe = probes.get(status.name)
        if probe is not None and status.running_since is not None:
            yield probe, status


def _first_seen(
    starting: Starting, before: Pod, status: ContainerStatus, now: float
) -> float | None:
    """When an instance that starts was seen first; None of one that had started, or was there."""
    for name, container_id, seen in starting:
        if (name, container_id) == (status.name, status.container_id):
            return seen
    known = before.status(status.name)
    if known is not None and known.running_since is not None:
        return now if known.container_id != status.container_id else None
    return now


def _is_taken_over(before: Pod, status: ContainerStatus) -> bool:
    """Whether that it has started may be said of the instance that it replaced in place.

    Kubelets 1.35 and 1.36 do so up to the first tick of its probe (kubernetes issue 141155).
    """
    known = before.status(status.name)
    if known is None or known.running_since is None or known.container_id == status.container_id:
        return False
    return bool(known.started)


def _bounded(after: float, pod: Pod, status: ContainerStatus) -> float:
    """Not longer than it took to be Ready, where it is: by the node's clock alone."""
    ready = pod.conditions.get("Ready")
    if ready is not None and ready.status and ready.last_transition and status.running_since:
        after = min(after, ready.last_transition - status.running_since)
    return max(0.0, after)


def _longest(probe: Probe) -> float:
    """After so many seconds it would have been killed: who sees it start then, sees it late."""
    runs = probe.failure_threshold * probe.interval
    return probe.initial_delay + probe.period + runs + probe.timeout
