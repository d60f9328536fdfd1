"""Readiness of pods whose node was lost: the control plane writes Ready, and the kubelet later."""

from dataclasses import replace

import pytest

from probewatch.core.findings import ReadinessChanged
from probewatch.core.model import Condition, Pod
from probewatch.core.observe import PodObserved
from probewatch.core.spec import Container
from probewatch.store import Store
from tests.support.builders import READINESS, pod, spec, status

LOST = 100.0
"""When the control plane set Ready to False."""

GATED = spec(Container(name="app", readiness=READINESS), readiness_gates=("example.com/lb",))


def version(number: int, since: float, *, ready: bool, whole: bool = True, reason: str = "") -> Pod:
    """A version of the pod with these conditions; *whole* is ContainersReady."""
    plain = pod(number, replace(status(), ready=whole), spec=GATED)
    return replace(
        plain,
        conditions={
            "Ready": Condition(status=ready, last_transition=since, reason=reason),
            "ContainersReady": Condition(status=whole, last_transition=since),
        },
    )


def told(*versions: tuple[Pod, float]) -> list[tuple[str, str, float | None]]:
    """The readiness changes of versions that arrive at these times."""
    store = Store()
    found = [each for seen, at in versions for each in store.feed(PodObserved(pod=seen), at)]
    changes = [each for each in found if isinstance(each, ReadinessChanged)]
    return [(str(each.to), str(each.reason), each.not_ready_seconds) for each in changes]


MARKED = (version(1, 9.0, ready=True), 10.0), (version(2, LOST, ready=False), LOST)
GATE = "ReadinessGatesNotReady"


@pytest.mark.parametrize("since", [9.0, 130.0, 7200.0])
def test_a_node_that_comes_back(since: float) -> None:
    """A pod of a lost node is ready again when its kubelet says so, whatever time that writes."""
    back = version(3, since, ready=True)

    assert [
        ("NotReady", "NodeNotReady", None),
        ("Ready", "NodeNotReady", 60.0),
    ] == told(*MARKED, (back, 160.0))


@pytest.mark.parametrize(("whole", "reason"), [(False, "ContainersNotReady"), (True, GATE)])
def test_a_kubelet_that_comes_back_with_a_loss_of_its_own(whole: bool, reason: str) -> None:  # noqa: FBT001  # a parameter
    """If a kubelet that was away writes a later loss, the pod was not ready all the time."""
    own = version(3, 140.0, ready=False, whole=whole, reason=reason)
    back = version(5, 180.0, ready=True)

    assert [
        ("NotReady", "NodeNotReady", None),
        ("Ready", "NodeNotReady", 80.0),
    ] == told(*MARKED, (own, 160.0), (back, 180.0))


def test_a_loss_after_the_kubelet_has_come_back() -> None:
    """Once the kubelet is back, a newer time shows that the pod was ready in between."""
    own = version(3, 140.0, ready=False, whole=False)
    again = version(4, 200.0, ready=False, whole=False)

    assert [
        ("NotReady", "NodeNotReady", None),
        ("Ready", "Hidden", None),
        ("NotReady", "Hidden", None),
    ] == told(*MARKED, (own, 160.0), (again, 201.0))


def test_a_node_whose_clock_is_behind() -> None:
    """A change that was missed is found after its node was lost, although its clock is behind."""
    back, again = version(3, 9.0, ready=True), version(4, 50.0, ready=True)

    assert ["NotReady Hidden", "Ready Hidden"] == [
        f"{to} {reason}" for to, reason, _ in told(*MARKED, (back, 160.0), (again, 190.0))[2:]
    ]
