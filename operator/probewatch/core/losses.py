"""Losses of readiness: why a pod was ready in one version and is not in the next.

A restarted kubelet considers every container as not ready until its readiness probe succeeds (up
to 1.34 always, since then only with the feature gate ChangeContainerStatusOnKubeletRestart). Its
`Starting` Event on the node tells. Without that Event, a restart of the kubelet shows in `started`
of a container with a startup probe. For other containers it only shows in *missing* Events: the
readiness probe was not reported to fail as often as a loss takes.
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
"""Returns the evidence book of the container of this name."""

FIRST_SYNC = 60.0
"""Seconds within which a kubelet that was started writes the status of all its pods."""

QUIET = 9
"""With fewer Events of a pod than this within `SPAM_SPAN`, none was dropped by the kubelet's spam
filter (burst of 25) and none combined (from the 10th on)."""

SPAM_SPAN = 7500.0
"""Seconds in which the spam filter is refilled from empty: 25 tokens, one in 300 s."""

SLACK = 2.0

LATE = 5.0
"""Seconds by which an Event may arrive after the status that it explains: the watches of pods and
Events are not ordered with each other."""


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class KubeletEvents:
    """The kubelet's Events that matter here: per container, and its own last start."""

    book_of: BookOf = lambda _name: Book()
    kubelet_started: float | None = None
    """Time of its latest `Starting` Event."""

    def has_just_started(self, at: float) -> bool:
        """Whether at the time *at* (node clock) it had just started, and knew no probe results."""
        started = self.kubelet_started
        return started is not None and -SLACK <= at - started <= FIRST_SYNC


def loss_reason(before: Pod, pod: Pod, events: KubeletEvents) -> tuple[ReadinessReason, str]:
    """Why readiness was lost between two versions of a pod, and the container that lost it."""
    if pod.deletion_at is not None:
        return ReadinessReason.TERMINATING, ""
    if pod.phase in OVER:
        # A pod with a reason did not complete: it was evicted, preempted or stopped with its node.
        return ReadinessReason.TERMINATING if pod.reason else ReadinessReason.COMPLETED, ""
    containers_ready = pod.conditions.get("ContainersReady")
    if containers_ready is not None and containers_ready.status:
        gated = pod.conditions["Ready"].reason == "ReadinessGatesNotReady"
        if gated and pod.spec.readiness_gates:
            return ReadinessReason.READINESS_GATE, ""
        return ReadinessReason.NODE_NOT_READY, ""
    return _container_reason(before, pod, events)


def _container_reason(before: Pod, pod: Pod, events: KubeletEvents) -> tuple[ReadinessReason, str]:
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
    # A failure takes precedence over a completed container, whatever their order.
    if over:
        return ReadinessReason.COMPLETED, over[0].name
    return _running_reason(before, pod, ran_on, events)


def _is_over(pod: Pod, status: ContainerStatus) -> bool:
    """Whether a container has terminated and will not be started again."""
    container, death = pod.spec.container(status.name), status.terminated
    if container is None or death is None:
        return False
    return not will_restart(container, pod.spec, death.exit_code)


def has_done_its_part(pod: Pod) -> bool:
    """Whether all containers that are not ready have succeeded and will not be started again.

    Such a pod is rightly not ready, however long its other containers go on.
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
    before: Pod, pod: Pod, lost: Sequence[ContainerStatus], events: KubeletEvents
) -> tuple[ReadinessReason, str]:
    """Why containers that kept running are no longer ready, and the first of them."""
    if not lost:
        return ReadinessReason.UNKNOWN, ""
    for status in lost:
        old = before.status(status.name)
        unstarted = old is not None and bool(old.started) and status.started is False
        if unstarted and _has_just_begun(pod, status):
            return ReadinessReason.CONTAINER_RESTART, status.name
        if unstarted or _readiness_of(pod, status) is None:
            return ReadinessReason.KUBELET_RESTART, status.name
    if _is_unprobed(pod, lost, events):
        return ReadinessReason.KUBELET_RESTART, lost[0].name
    may_have_failed = any(_may_have_failed(pod, status, events.book_of) for status in lost)
    if may_have_failed or _is_one_of(pod, lost):
        return ReadinessReason.READINESS_PROBE, lost[0].name
    alone = len(lost) == 1
    return ReadinessReason.UNKNOWN if alone else ReadinessReason.KUBELET_RESTART, lost[0].name


def _has_just_begun(pod: Pod, status: ContainerStatus) -> bool:
    """Whether the instance is so new that its startup probe has not run before.

    Until that first run, kubelets 1.35 and 1.36 show `started` of the previous instance if that
    was replaced in place (kubernetes issue 141155).
    """
    container, at = pod.spec.container(status.name), pod.conditions["Ready"].last_transition
    probe = container.startup if container is not None else None
    if probe is None or at is None or status.running_since is None or not status.restart_count:
        return False
    return at - status.running_since <= probe.first_run_within


def _is_unprobed(pod: Pod, lost: Sequence[ContainerStatus], events: KubeletEvents) -> bool:
    """Whether a kubelet that has just started has reported no readiness failure since then."""
    at, started = pod.conditions["Ready"].last_transition, events.kubelet_started
    if at is None or started is None or not events.has_just_started(at):
        return False
    marks = (mark for status in lost for mark in events.book_of(status.name).failures)
    return not any(_is_failure(mark) and mark.at >= started for mark in marks)


def _readiness_of(pod: Pod, status: ContainerStatus) -> Probe | None:
    container = pod.spec.container(status.name)
    return container.readiness if container is not None else None


def _is_one_of(pod: Pod, lost: Sequence[ContainerStatus]) -> bool:
    """Whether another container with a readiness probe is still ready.

    After a restart of the kubelet none would be.
    """
    names = {status.name for status in lost}
    return any(
        status.ready and status.name not in names and _readiness_of(pod, status) is not None
        for status in pod.statuses
    )


def _may_have_failed(pod: Pod, status: ContainerStatus, book_of: BookOf) -> bool:
    """Whether the readiness probe failed, or may have failed without an Event that reached us.

    It surely did not fail if Events of the container do reach us, so few that the kubelet dropped
    none, and no failure is among them. The earlier failures up to the threshold must have come
    long enough before the last one to have arrived by now.
    """
    probe, ready = _readiness_of(pod, status), pod.conditions["Ready"]
    if probe is None or ready.last_transition is None:
        return True
    if (probe.failure_threshold - 1) * probe.interval <= LATE:
        return True
    at, marks = ready.last_transition, _marks_of(book_of(status.name))
    begin = at - probe.failure_threshold * probe.interval - probe.timeout - SLACK
    if any(_is_failure(mark) and begin <= mark.at <= at + SLACK for mark in marks):
        return True
    others = (_marks_of(book_of(each.name)) for each in pod.spec.containers)
    lately = sum(mark.at > at - SPAM_SPAN for each in others for mark in each)
    return not marks or lately >= QUIET


def _marks_of(book: Book) -> tuple[Mark, ...]:
    return (*book.kills, *book.failures, *book.starts, *book.others)


def _is_failure(mark: Mark) -> bool:
    return mark.kind is EvidenceKind.PROBE_FAILED and mark.probe_type == ProbeType.READINESS
