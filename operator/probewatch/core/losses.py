"""Losses of readiness: why a pod was ready in one version and is not in the next.

The two versions decide as far as they can: a container that ended, a gate, a lost node. For a
container that kept running, it is either its readiness probe or a restart of the kubelet. The
latter shows in `started` of a container with a startup probe; otherwise Events decide.
"""

from collections.abc import Sequence
from enum import Enum, auto

from probewatch.core.causes import ReadinessReason
from probewatch.core.failed_readiness import (
    KubeletEvents,
    find_failed,
    is_unprobed,
    readiness_of,
)
from probewatch.core.model import ContainerStatus, Pod
from probewatch.core.restart_policy import OVER, will_restart
from probewatch.core.spec import ContainerKind

NOTICED = 3.0
"""Seconds within which the kubelet notices the end of a container: it lists them each second."""


class _Fate(Enum):
    """What happened between two versions to a container of a pod that lost its readiness."""

    REPLACED = auto()
    """It ended, which made the pod lose its readiness."""
    OVER = auto()
    """It ended for good."""
    RAN_ON = auto()
    """It runs, but is not ready any more."""
    ENDED_LATER = auto()
    """It ended after the loss, which thus had another reason."""
    BACK = auto()
    """It ended at another time, or at one that is not known, and is ready again."""


def loss_reason(before: Pod, pod: Pod, events: KubeletEvents) -> tuple[ReadinessReason, str]:
    """Why readiness was lost between two versions of a pod, and the container that lost it."""
    if pod.deletion_at is not None:
        return ReadinessReason.TERMINATING, ""
    if pod.phase in OVER:
        # A pod with a reason did not complete: it was evicted, preempted or stopped with its node.
        return ReadinessReason.TERMINATING if pod.reason else ReadinessReason.COMPLETED, ""
    if _is_being_stopped(pod):
        return ReadinessReason.TERMINATING, ""
    if is_node_lost(pod):
        return ReadinessReason.NODE_NOT_READY, ""
    if _has_ready_containers(pod):
        return ReadinessReason.READINESS_GATE, ""
    if _had_ready_containers(pod):
        gated = bool(pod.spec.readiness_gates)
        return ReadinessReason.UNKNOWN if gated else ReadinessReason.NODE_NOT_READY, ""
    return _container_reason(before, pod, events)


def is_node_lost(pod: Pod) -> bool:
    """Whether the control plane set Ready to False, and the kubelet has not written since.

    It changes nothing but the status of Ready, by its own clock (MarkPodsNotReady in Kubernetes'
    pkg/controller/util/node): ContainersReady stays True, which the kubelet only combines with
    Ready=False if a readiness gate is not met.
    """
    ready = pod.conditions.get("Ready")
    if ready is None or ready.status or not _has_ready_containers(pod):
        return False
    return not (ready.reason == "ReadinessGatesNotReady" and pod.spec.readiness_gates)


def _has_ready_containers(pod: Pod) -> bool:
    containers_ready = pod.conditions.get("ContainersReady")
    return containers_ready is not None and bool(containers_ready.status)


def _had_ready_containers(pod: Pod) -> bool:
    """Whether the containers, which are not ready, still were when the pod lost its readiness.

    A loss that the kubelet writes because of containers gets the time of ContainersReady, or a
    second more: that condition is written first (updateStatusInternal in pkg/kubelet/status).
    """
    containers_ready = pod.conditions.get("ContainersReady")
    lost = pod.conditions["Ready"].last_transition
    if containers_ready is None or containers_ready.last_transition is None or lost is None:
        return False
    return lost < containers_ready.last_transition


def _is_being_stopped(pod: Pod) -> bool:
    """Whether the kubelet stops the pod as a whole: evicted, or `activeDeadlineSeconds` are over.

    It writes the phase `Failed` only once all containers have stopped, but the reason `PodFailed`
    of Ready before (mergePodStatus in Kubernetes' pkg/kubelet/status). A pod whose containers have
    all ended for good has failed by itself.
    """
    if pod.conditions["Ready"].reason != "PodFailed":
        return False
    regular = {each.name for each in pod.spec.containers if each.kind is ContainerKind.REGULAR}
    return any(status.name in regular and not _is_over(pod, status) for status in pod.statuses)


def _container_reason(before: Pod, pod: Pod, events: KubeletEvents) -> tuple[ReadinessReason, str]:
    fates: dict[_Fate, list[ContainerStatus]] = {fate: [] for fate in _Fate}
    for status in pod.statuses:
        old = before.status(status.name)
        fate = None if old is None else _fate_of(old, status, pod)
        if fate is not None:
            fates[fate].append(status)
    if fates[_Fate.REPLACED]:
        return ReadinessReason.CONTAINER_RESTART, fates[_Fate.REPLACED][0].name
    # A failure takes precedence over a completed container, whatever their order.
    if fates[_Fate.OVER]:
        return ReadinessReason.COMPLETED, fates[_Fate.OVER][0].name
    if fates[_Fate.ENDED_LATER] or fates[_Fate.BACK]:
        unready = (*fates[_Fate.RAN_ON], *fates[_Fate.ENDED_LATER])
        alone = len(unready) == 1 and not fates[_Fate.BACK]
        return _unseen_reason(pod, unready, events, alone=alone)
    return _running_reason(pod, fates[_Fate.RAN_ON], events)


def _fate_of(old: ContainerStatus, status: ContainerStatus, pod: Pod) -> _Fate | None:
    """What happened to a container between the two versions; None if it cannot matter."""
    lost, end = pod.conditions["Ready"].last_transition, _end_of(old, status)
    after = None if lost is None or end is None else end - lost
    if status.ready:
        if status.container_id == old.container_id:
            return None
        at_once = after is not None and -NOTICED <= after <= 0
        return _Fate.REPLACED if at_once else _Fate.BACK
    if not old.ready:
        return _Fate.REPLACED if status.container_id != old.container_id else None
    if after is not None and after > 0:
        return _Fate.ENDED_LATER
    if _is_over(pod, status):
        return _Fate.OVER
    return _Fate.REPLACED if _is_replaced(old, status) else _Fate.RAN_ON


def _end_of(old: ContainerStatus, status: ContainerStatus) -> float | None:
    """When the instance seen before ended; None if it still runs, or that is not known."""
    ends = (end for end in (status.terminated, status.last) if end is not None)
    end = next((each for each in ends if each.container_id == old.container_id != ""), None)
    return None if end is None else end.finished_at


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


def _unseen_reason(
    pod: Pod, unready: Sequence[ContainerStatus], events: KubeletEvents, *, alone: bool
) -> tuple[ReadinessReason, str]:
    """Why readiness was lost, if versions after the loss were not seen.

    Each of these containers may have been ready until later. Unless there is just one, and no
    other that restarted and is ready again, only Events of failures tell which it was.
    """
    if is_unprobed(pod, unready, events):
        return ReadinessReason.KUBELET_RESTART, unready[0].name if unready else ""
    probed = [status for status in unready if readiness_of(pod, status) is not None]
    failed = find_failed(pod, probed, events.book_of, proven=not alone)
    if failed is None:
        return ReadinessReason.UNKNOWN, ""
    return ReadinessReason.READINESS_PROBE, failed.name


def _running_reason(
    pod: Pod, lost: Sequence[ContainerStatus], events: KubeletEvents
) -> tuple[ReadinessReason, str]:
    """Why containers that kept running are no longer ready, and the first of them."""
    if not lost:
        return ReadinessReason.UNKNOWN, ""
    for status in lost:
        # No readiness probe runs before the container has started. `started` may have fallen
        # in a version before: the kubelet writes it by itself (SetContainerStartup).
        unstarted = status.started is False
        if unstarted and _has_just_begun(pod, status):
            return ReadinessReason.CONTAINER_RESTART, status.name
        if unstarted or readiness_of(pod, status) is None:
            return ReadinessReason.KUBELET_RESTART, status.name
    if is_unprobed(pod, lost, events):
        return ReadinessReason.KUBELET_RESTART, lost[0].name
    failed = find_failed(pod, lost, events.book_of)
    if failed is None and _is_one_of(pod, lost):
        failed = lost[0]
    if failed is not None:
        return ReadinessReason.READINESS_PROBE, failed.name
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


def _is_one_of(pod: Pod, lost: Sequence[ContainerStatus]) -> bool:
    """Whether another container with a readiness probe is still ready.

    After a restart of the kubelet none would be.
    """
    names = {status.name for status in lost}
    return any(
        status.ready and status.name not in names and readiness_of(pod, status) is not None
        for status in pod.statuses
    )
