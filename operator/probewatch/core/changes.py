"""Changes: what differs between two successive instances of a container.

A new image, new resources or a new sandbox are shown in an earlier version of the pod than the
restart that they cause. So each watermark keeps the image, resources and sandbox of its instance.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from probewatch.core.exits import NO_EXIT
from probewatch.core.facts import CLOCK_SLACK
from probewatch.core.model import ContainerStatus, Pod, Termination
from probewatch.core.restarts import Change, Watermark, is_lost, newest_end
from probewatch.core.spec import ContainerKind
from probewatch.core.values import quickly_made, replace
from probewatch.core.watermarks import (
    RESTARTING_ALL,
    is_counted,
    is_declared,
    is_removed_with_all,
)

READY_SLACK = 30.0
"""Seconds by which a sandbox may be shown as ready too late: the kubelet notes the time when it
writes the status, after the first container was started."""

AT_ONCE = 1.0
"""Seconds between the ends of containers that ended at once; their times are known to a second."""


def with_environment(mark: Watermark, pod: Pod) -> Watermark:
    """The watermark with image, resources and sandbox of its instance, as long as it runs.

    Its sandbox was ready before it: kubelets from 1.36 on show the next sandbox as ready while the
    status still has the instances that they have just stopped for it.
    Source: kubelet/kubelet.go (OnPodSandboxReady); seen on 1.36.2.
    """
    if not mark.running and mark.image is not None:
        return mark
    image, resources = mark.image, mark.resources
    spec = pod.spec.container(mark.name) if image is None else None
    if spec is not None:
        image = spec.image  # this instance keeps it until it is replaced
        resources = (resources if _is_resize_pending(pod) else "") or spec.resources
    pod_ip = "" if pod.spec.host_network else pod.pod_ip
    since = ready_sandbox(pod) if mark.sandbox_since is None else mark.sandbox_since
    environment = (image, resources, pod_ip, since)
    if environment == (mark.image, mark.resources, mark.pod_ip, mark.sandbox_since):
        return mark
    return replace(mark, image=image, resources=resources, pod_ip=pod_ip, sandbox_since=since)


def adopt_later(mark: Watermark, before: Pod, pod: Pod) -> Watermark:
    """The watermark with what was changed after the end of its instance had been shown.

    A change of image or resources while a container waits in back-off did not end it. A change
    that the spec of *before* held already may have.
    """
    if mark.death is None:
        return mark
    old, new = before.spec.container(mark.name), pod.spec.container(mark.name)
    if old is None or new is None or old == new:
        return mark
    image = new.image if mark.image == old.image else mark.image
    resources = new.resources if mark.resources == old.resources else mark.resources
    return replace(mark, image=image, resources=resources)


def _is_resize_pending(pod: Pod) -> bool:
    """Whether the resources in the spec are not applied yet: a new instance gets the old ones."""
    pending = pod.conditions.get("PodResizePending")
    return pending is not None and pending.status is True


def ready_sandbox(pod: Pod) -> float | None:
    """When the pod's current sandbox became ready, if known."""
    ready = pod.conditions.get("PodReadyToStartContainers")
    return ready.last_transition if ready is not None and ready.status else None


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class PodChange:
    """What two versions of a pod show about its containers as a whole.

    Computed once for all containers: a pod may have a thousand that restart together.
    """

    restarting_all: bool
    """The kubelet was restarting all of them because of a restart rule."""
    lost: bool
    """The runtime lost at least one of them."""
    oldest: float | None
    """When the oldest instance that runs was started, if one runs."""
    ran_on: bool
    """At least one instance kept running."""
    moved_on: bool
    """At least one of those is shown in a sandbox that is newer than the instance."""


def compare_containers(before: Pod, pod: Pod, marks: Mapping[str, Watermark]) -> PodChange:
    """Compare all containers of two versions of a pod; *marks* are the watermarks by name."""
    ran_on = [
        other
        for status in pod.statuses
        if status.running_since is not None
        and (other := marks.get(status.name)) is not None
        and other.running
        and status.container_id == other.instance_id
    ]
    return PodChange(
        restarting_all=_is_restarting_all(before) or _is_restarting_all(pod),
        lost=any(_was_lost(marks.get(status.name), status) for status in pod.statuses)
        or _were_lost_together(pod, marks),
        oldest=min((s.running_since for s in pod.statuses if s.running_since), default=None),
        ran_on=bool(ran_on),
        moved_on=any(_is_new_sandbox(other, pod) for other in ran_on),
    )


def change_of(pod_change: PodChange, pod: Pod, mark: Watermark, status: ContainerStatus) -> Change:
    """What differs between the instance of this watermark and the next one."""
    image, resources = _asked_for(pod, mark)
    since = ready_sandbox(pod)
    return Change(
        unknown=mark.image is None,
        image=mark.image != image,
        resources=mark.resources != resources and not _is_resize_pending(pod),
        sandbox=_is_new_sandbox(mark, pod)
        and not _is_of_old_sandbox(status, since)
        and not _has_outlived(mark, status, since),
        same_sandbox=since is not None and since == mark.sandbox_since,
        sandbox_since=since,
        restarting_all=pod_change.restarting_all,
        with_all=is_removed_with_all(mark.death, status),
        lost=pod_change.lost,
        oldest=pod_change.oldest,
    )


def _asked_for(pod: Pod, mark: Watermark) -> tuple[str | None, str]:
    """Image and resources of the spec, or those of the instance if either is not known."""
    spec = pod.spec.container(mark.name)
    if mark.image is None or spec is None:
        return mark.image, mark.resources
    return spec.image, spec.resources


def _is_new_sandbox(mark: Watermark, pod: Pod) -> bool:
    since = ready_sandbox(pod)
    if since is not None and mark.sandbox_since is not None:
        return since > mark.sandbox_since
    return bool(mark.pod_ip and pod.pod_ip) and mark.pod_ip != pod.pod_ip


def _is_of_old_sandbox(status: ContainerStatus, since: float | None) -> bool:
    """Whether the next instance has ended already, and ran before the new sandbox was ready."""
    death = newest_end(status)
    if since is None or death is None or death.container_id != status.container_id:
        return False
    return death.started_at is not None and death.started_at + READY_SLACK < since


def _has_outlived(mark: Watermark, status: ContainerStatus, since: float | None) -> bool:
    """Whether the instance ended after this sandbox had become ready, which thus is its own.

    The condition is also set anew when the runtime could not be asked for a while.
    """
    death = mark.death or newest_end(status)
    if since is None or death is None or death.finished_at is None:
        return False
    return death.container_id == mark.instance_id and death.finished_at > since + CLOCK_SLACK


def _is_restarting_all(pod: Pod) -> bool:
    condition = pod.conditions.get("AllContainersRestarting")
    said = condition is not None and condition.status is True
    return said or any(_is_victim(status) for status in pod.statuses)


def _is_victim(status: ContainerStatus) -> bool:
    """Whether a container was ended to restart all, and is not running again yet."""
    death = newest_end(status) if status.running_since is None else None
    return death is not None and death.reason == RESTARTING_ALL


def _was_lost(mark: Watermark | None, status: ContainerStatus) -> bool:
    """Whether the runtime has just lost the container."""
    death = newest_end(status)
    return death is not None and is_lost(death) and _is_new(mark, status, death)


def _is_new(mark: Watermark | None, status: ContainerStatus, death: Termination) -> bool:
    """Whether no restart was counted for this end yet, or no instance was started after it."""
    return mark is None or is_declared(status) or not is_counted(mark, death)


def _were_lost_together(pod: Pod, marks: Mapping[str, Watermark]) -> bool:
    """Whether all containers of a pod with several have just ended at once, and nobody saw how.

    Docker and CRI-O report the exit code 255 if they find containers dead after a boot.
    """
    ends: list[tuple[ContainerStatus, Termination, float]] = []
    for status in pod.statuses:
        container = pod.spec.container(status.name)
        if container is not None and container.kind is ContainerKind.INIT:
            continue
        end = newest_end(status)
        if end is None or end.exit_code not in NO_EXIT or end.finished_at is None:
            return False
        ends.append((status, end, end.finished_at))
    times = [at for _, _, at in ends]
    if len(ends) < 2 or max(times) - min(times) > AT_ONCE:  # noqa: PLR2004  # several
        return False
    return any(_is_new(marks.get(status.name), status, end) for status, end, _ in ends)


def all_restarted(pod_change: PodChange, pod: Pod, mark: Watermark) -> bool:
    """Whether no other container kept running: none can do so in a new sandbox."""
    return not (pod_change.moved_on if _is_new_sandbox(mark, pod) else pod_change.ran_on)
