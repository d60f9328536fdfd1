"""Lateness: whether a status arrives so late that states before it may never have been written.

The kubelet writes only the newest status of a pod. While the API server is down, or the node
cannot reach it, the states in between are lost. So their order says nothing then: a controller
that exits because it lost its lease is never shown as terminated.
Source: kubelet/status/status_manager.go (syncBatch).
"""

from probewatch.core.model import ContainerStatus, Pod
from probewatch.core.restarts import Watermark
from probewatch.core.watermarks import HELD_BACK

LATE_STATUS = 15.0
"""Seconds by which a status may arrive later than usual: the kubelet notices a start within
seconds, and repeats a failed write after ten."""


def is_late(
    pod: Pod, mark: Watermark, status: ContainerStatus, *, now: float, lead: float | None
) -> bool:
    """Whether the status of a new instance, or of a back-off, arrives late.

    *lead* is the delay of earlier versions, as `dating.follow_lead` returns it. A status is late
    for other reasons after a postStart hook, and seems to be if the node's clock was set back.
    """
    since = _since(status)
    if lead is None or since is None or now - since <= lead + LATE_STATUS:
        return False
    set_back = mark.running_since is not None and since < mark.running_since
    return not set_back and not any(each.has_post_start for each in pod.spec.containers)


def _since(status: ContainerStatus) -> float | None:
    """When the kubelet acted last: it started the container, or found it too early for that.

    An image pull in between may take any time.
    """
    if status.waiting_reason == HELD_BACK and status.last is not None:
        return status.last.finished_at
    return status.running_since
