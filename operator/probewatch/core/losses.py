"""Losses: why a pod was ready in one version and is not in the next.

A kubelet that is restarted takes every container for not ready until its probe was answered (up
to 1.34 always, since then only with the feature gate ChangeContainerStatusOnKubeletRestart).
It says so of its node. Where that is not heard, it shows in `started` of a container with a startup
probe; of the others only in what the kubelet does *not* say: that the readiness probe failed, as
often as it has to.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from probewatch.core.book import Book, Mark
from probewatch.core.causes import ReadinessReason
from probewatch.core.evidence import EvidenceKind
from probewatch.core.model import ContainerStatus, Pod
from probewatch.core.restart_policy import OVER, will_restart
from probewatch.core.spec import Probe, ProbeType
from probewatch.core.values import quickly_made

BookOf = Callable[[str], Book]
"""What the kubelet said of the container of this name."""

FIRST_SYNC = 60.0
"""Within so many seconds a kubelet that was started has written the status of its pods."""

FIRST_TICK = 10.0
"""A container that was started is in the status within so many seconds, and can then be asked."""

QUIET = 9
"""Of a pod with fewer Events in `SPAM_SPAN` the kubelet's filter (25 at once) drops none, and they
are not yet combined (from the 10th on)."""

SPAM_SPAN = 7500.0
"""In so many seconds the filter is as good as new."""

SLACK = 2.0

LATE = 5.0
"""So long after the status that follows from it an Event may come: two watches know no order."""


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What the kubelet said."""

    book_of: BookOf = lambda _name: Book()
    kubelet_started: float | None = None
    """When it said for the last time that it starts."""

    def has_just_started(self, at: float) -> bool:
        """Whether it had started so shortly before *at* (node clock) that it knew of no probe."""
        started = self.kubelet_started
        return started is not None and -SLACK <= at - started <= FIRST_SYNC


def loss_reason(before: Pod, pod: Pod, said: Said) -> tuple[ReadinessReason, str]:
    """Why readiness was lost between two versions, and by which container."""
    if pod.deletion_at is not None:
        return ReadinessReason.TERMINATING, ""
    if pod.phase in OVER:
        # One with a reason did not come to its end: evicted, preempted, stopped with its node.
        return ReadinessReason.TERMINATING if pod.reason else ReadinessReason.COMPLETED, ""
    containers_ready = pod.conditions.get("ContainersReady")
    if containers_ready is not None and containers_ready.status:
        gated = pod.conditions["Ready"].reason == "ReadinessGatesNotReady"
        if gated and pod.spec.readiness_gates:
            return ReadinessReason.READINESS_GATE, ""
        return ReadinessReason.NODE_NOT_READY, ""
    return _container_reason(before, pod, said)


def _container_reason(before: Pod, pod: Pod, said: Said) -> tuple[ReadinessReason, str]:
    ran_on: list[ContainerStatus] = []
    over: list[ContainerStatus] = []
    for status in pod.statuses:
        old = before.status(status.name)
        if status.ready or old is None:
            continue
        if old.ready and _is_over(pod, status):
            over.append(status)
        elif _is_replaced(old, status):
            if old.ready or status.container_id != old.container_id:
                return ReadinessReason.CONTAINER_RESTART, status.name
        elif old.ready:
            ran_on.append(status)
    # What has to be seen to comes before what has ended by right, in whatever order they are.
    if over:
        return ReadinessReason.COMPLETED, over[0].name
    return _running_reason(before, pod, ran_on, said)


def _is_over(pod: Pod, status: ContainerStatus) -> bool:
    """Whether a container has ended that is not started again, while others go on."""
    container, death = pod.spec.container(status.name), status.terminated
    if container is None or death is None:
        return False
    return not will_restart(container, pod.spec, death.exit_code)


def has_done_its_part(pod: Pod) -> bool:
    """Whether whatever is not ready of a pod has succeeded, while other containers go on.

    Such a pod is not ready by right, however long that takes.
    """
    unready = [status for status in pod.statuses if not status.ready]
    return bool(unready) and all(
        _is_over(pod, status) and status.terminated is not None and status.terminated.exit_code == 0
        for status in unready
    )


def _is_replaced(old: ContainerStatus, status: ContainerStatus) -> bool:
    return (
        status.container_id != old.container_id
        or status.running_since is None
        or status.restart_count > old.restart_count
    )


def _running_reason(
    before: Pod, pod: Pod, lost: Sequence[ContainerStatus], said: Said
) -> tuple[ReadinessReason, str]:
    """Why containers that ran on are not ready any more."""
    if not lost:
        return ReadinessReason.UNKNOWN, ""
    for status in lost:
        old = before.status(status.name)
        unstarted = old is not None and bool(old.started) and status.started is False
        if unstarted and _has_just_begun(pod, status):
            return ReadinessReason.CONTAINER_RESTART, status.name
        if unstarted or _readiness_of(pod, status) is None:
            return ReadinessReason.KUBELET_RESTART, status.name
    if _is_unprobed(pod, lost, said):
        return ReadinessReason.KUBELET_RESTART, lost[0].name
    if any(_may_have_failed(pod, status, said.book_of) for status in lost) or _is_one_of(pod, lost):
        return ReadinessReason.READINESS_PROBE, lost[0].name
    alone = len(lost) == 1
    return ReadinessReason.UNKNOWN if alone else ReadinessReason.KUBELET_RESTART, lost[0].name


def _has_just_begun(pod: Pod, status: ContainerStatus) -> bool:
    """Whether it is an instance whose startup probe has not been looked at before.

    Up to its first tick kubelets 1.35 and 1.36 take over from the instance before, which was
    replaced in place, that it has started (kubernetes issue 141155).
    """
    container, at = pod.spec.container(status.name), pod.conditions["Ready"].last_transition
    probe = container.startup if container is not None else None
    if probe is None or at is None or status.running_since is None or not status.restart_count:
        return False
    return at - status.running_since <= probe.interval + FIRST_TICK


def _is_unprobed(pod: Pod, lost: Sequence[ContainerStatus], said: Said) -> bool:
    """Whether a kubelet that has just started said of none that its probe failed since."""
    at, started = pod.conditions["Ready"].last_transition, said.kubelet_started
    if at is None or started is None or not said.has_just_started(at):
        return False
    marks = (mark for status in lost for mark in said.book_of(status.name).failures)
    return not any(_is_failure(mark) and mark.at >= started for mark in marks)


def _readiness_of(pod: Pod, status: ContainerStatus) -> Probe | None:
    container = pod.spec.container(status.name)
    return container.readiness if container is not None else None


def _is_one_of(pod: Pod, lost: Sequence[ContainerStatus]) -> bool:
    """Whether another container is still ready by its probe, as none is for a new kubelet."""
    names = {status.name for status in lost}
    return any(
        status.ready and status.name not in names and _readiness_of(pod, status) is not None
        for status in pod.statuses
    )


def _may_have_failed(pod: Pod, status: ContainerStatus, book_of: BookOf) -> bool:
    """Whether the readiness probe failed, or may have without our hearing of it.

    It surely did not where Events of the pod are heard, few enough that none is dropped, and none
    of the failures among them that must have come so long before the last one that they are heard.
    """
    probe, ready = _readiness_of(pod, status), pod.conditions["Ready"]
    if probe is None or ready.last_transition is None:
        return True
    if (probe.failure_threshold - 1) * probe.interval <= LATE:
        return True
    at, said = ready.last_transition, _said(book_of(status.name))
    begin = at - probe.failure_threshold * probe.interval - probe.timeout - SLACK
    if any(_is_failure(mark) and begin <= mark.at <= at + SLACK for mark in said):
        return True
    others = (_said(book_of(each.name)) for each in pod.spec.containers)
    lately = sum(mark.at > at - SPAM_SPAN for marks in others for mark in marks)
    return not said or lately >= QUIET


def _said(book: Book) -> tuple[Mark, ...]:
    return (*book.kills, *book.failures, *book.starts, *book.others)


def _is_failure(mark: Mark) -> bool:
    return mark.kind is EvidenceKind.PROBE_FAILED and mark.probe_type == ProbeType.READINESS
