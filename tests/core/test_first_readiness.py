"""Readiness of a pod that is first seen while not ready: whether it had been ready before."""

from dataclasses import replace

import pytest

from probewatch.core.causes import Readiness, ReadinessReason
from probewatch.core.findings import ReadinessChanged
from probewatch.core.model import Condition, ContainerStatus, Pod
from probewatch.core.observe import PodObserved
from probewatch.store import Store
from tests.support.builders import died, pod, status

WAITING = status(ready=False, restart_count=3, container_id="C", running_since=None)
CASES: dict[str, tuple[Pod, ReadinessReason, float | None]] = {
    "its first start": (
        pod(1, status(ready=False, running_since=3.0), ready=False, since=2.0),
        ReadinessReason.STARTUP,
        97.0,
    ),
    "restarts before it ever was ready": (
        pod(1, replace(WAITING, last=died(start=40.0, end=60.0)), ready=False, since=2.0),
        ReadinessReason.STARTUP,
        10.0,
    ),
    "a start of which no time is known": (
        pod(1, replace(WAITING, last=died(128, start=0.0, end=0.0)), ready=False, since=2.0),
        ReadinessReason.STARTUP,
        10.0,
    ),
    "back-off after it was ready": (
        pod(1, replace(WAITING, last=died(start=5.0, end=60.0)), ready=False, since=60.0),
        ReadinessReason.CONTAINER_RESTART,
        10.0,
    ),
    "its readiness probe fails": (
        pod(1, status(ready=False, running_since=3.0), ready=False, since=60.0),
        ReadinessReason.UNKNOWN,
        None,
    ),
    "a later instance fails, in the sandbox in which it once was ready": (
        replace(
            pod(1, replace(WAITING, last=died(start=70.0, end=80.0)), ready=False, since=60.0),
            conditions={
                "Ready": Condition(status=False, last_transition=60.0),
                "PodReadyToStartContainers": Condition(status=True, last_transition=3.0),
            },
        ),
        ReadinessReason.CONTAINER_RESTART,
        10.0,
    ),
}


@pytest.mark.parametrize(("met", "reason", "time_to_ready"), CASES.values(), ids=CASES)
def test_a_pod_that_was_ready_before_is_not_at_its_startup(
    met: Pod, reason: ReadinessReason, time_to_ready: float | None
) -> None:
    """Unready time from before the first sight is neither lost nor reported as a start-up."""
    store = Store()
    store.feed(PodObserved(pod=met), 90)
    begun = met.statuses[0].running_since or 90.0
    back = pod(2, _ready(met.statuses[0], begun), since=100.0)
    [found] = [x for x in store.feed(PodObserved(pod=back), 100) if isinstance(x, ReadinessChanged)]

    assert (Readiness.READY, reason) == (found.to, found.reason)
    assert found.time_to_ready == time_to_ready
    since = met.conditions["Ready"].last_transition
    assert since is not None
    assert found.not_ready_seconds == 100.0 - since


def _ready(before: ContainerStatus, begun: float) -> ContainerStatus:
    return replace(before, ready=True, running_since=begun)
