"""Losses of readiness of which the version was not seen, or which only conditions explain."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from probewatch.core.book import Book, Mark
from probewatch.core.evidence import EvidenceKind
from probewatch.core.failed_readiness import KubeletEvents
from probewatch.core.losses import NOTICED, loss_reason
from probewatch.core.model import Condition, ContainerStatus
from probewatch.core.spec import Container, ContainerKind, ProbeType, RestartPolicy
from tests.support.builders import LIVENESS, READINESS, STARTUP, died, mark, pod, spec, status

LOST = 100.0
"""When the pod lost its readiness."""

APP = Container(name="app", readiness=READINESS, liveness=LIVENESS)
SIDE = Container(name="side", readiness=READINESS)
ALONE, BOTH = spec(APP), spec(APP, SIDE)
NEW = status(restart_count=1, container_id="B", running_since=140.0)
OTHER = status(name="side", container_id="S")
FAILED = mark(EvidenceKind.PROBE_FAILED, LOST, probe_type=ProbeType.READINESS)
HEARD = mark(EvidenceKind.STARTED, 1.0)


def unready(each: ContainerStatus, **changes: object) -> ContainerStatus:
    return replace(each, ready=False, **changes)  # type: ignore[arg-type]  # names are checked by replace


def reason_of(
    *statuses: ContainerStatus,
    before: Sequence[ContainerStatus] = (status(), OTHER),
    marks: Sequence[tuple[str, Mark]] = (),
    started: float | None = None,
    **changes: object,
) -> tuple[str, str]:
    """Why the pod is not ready since `LOST`, and the container, from the two versions."""
    shape = ALONE if len(statuses) == 1 else BOTH
    changes = {"spec": shape, **changes}
    lost = pod(2, *statuses, ready=False, since=LOST, **changes)
    events = KubeletEvents(
        book_of=lambda name: Book(failures=tuple(each for about, each in marks if about == name)),
        kubelet_started=started,
    )
    reason, container = loss_reason(pod(1, *before[: len(statuses)], spec=shape), lost, events)
    return str(reason), container


def ended(at: float | None) -> ContainerStatus:
    """The container in its next instance, after the one before ended at this time."""
    return replace(NEW, last=died(137, start=1.0, end=at))


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (LOST - 30, "ContainerRestart"),
        (LOST, "ContainerRestart"),
        (LOST + 1, "ReadinessProbe"),
        (LOST + 30, "ReadinessProbe"),
        (None, "ContainerRestart"),
    ],
)
def test_a_container_that_ended_after_the_loss(end: float | None, expected: str) -> None:
    """A container that ended only after readiness was lost is not the reason for the loss."""
    assert (expected, "app") == reason_of(unready(ended(end)))


def test_another_instance_that_ended_after_the_loss() -> None:
    """An end of an instance that was not seen before says nothing about when readiness was lost."""
    last = died(1, start=120.0, end=130.0, container_id="unseen")

    assert ("ContainerRestart", "app") == reason_of(unready(NEW, restart_count=2, last=last))


def test_a_container_that_ended_for_good_after_the_loss() -> None:
    """A container that failed its probe and then completed did not lose readiness by completing."""
    over = unready(status(), running_since=None, terminated=died(0, start=1.0, end=LOST + 20))
    once = spec(APP, restart_policy=RestartPolicy.NEVER)

    assert ("ReadinessProbe", "app") == reason_of(over, marks=[("app", FAILED)], spec=once)
    early = replace(over, terminated=died(0, start=1.0, end=LOST))
    assert ("Completed", "app") == reason_of(early, marks=[("app", FAILED)], spec=once)


def test_no_probe_failed_before_it_ended() -> None:
    """Without a readiness probe, or a failure of it in the Events, the reason is not known."""
    later = unready(ended(LOST + 30))

    assert ("Unknown", "") == reason_of(later, spec=spec(Container(name="app", liveness=LIVENESS)))
    assert ("Unknown", "") == reason_of(later, marks=[("app", HEARD)])
    assert ("KubeletRestart", "app") == reason_of(later, started=LOST - 2)


def test_of_several_containers_the_one_that_failed_is_named() -> None:
    """If several may have lost readiness, the one with failures in its Events is named, or none."""
    both = (unready(ended(LOST + 30)), unready(OTHER))

    assert ("ReadinessProbe", "side") == reason_of(*both, marks=[("side", FAILED)])
    assert ("ReadinessProbe", "app") == reason_of(*both, marks=[("app", FAILED)])
    assert ("Unknown", "") == reason_of(*both)
    while_running = (unready(status()), unready(OTHER))
    assert ("ReadinessProbe", "side") == reason_of(*while_running, marks=[("side", FAILED)])


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (LOST + 1, ("Unknown", "")),
        (LOST, ("ContainerRestart", "app")),
        (LOST - NOTICED, ("ContainerRestart", "app")),
        (LOST - NOTICED - 1, ("Unknown", "")),
        (None, ("Unknown", "")),
    ],
)
def test_a_container_that_is_ready_again(end: float | None, expected: tuple[str, str]) -> None:
    """A container that ended when readiness was lost is the reason, though another is not ready."""
    assert expected == reason_of(ended(end), unready(OTHER))
    quiet = [("side", HEARD)]
    assert ("ReadinessProbe", "side") == reason_of(status(), unready(OTHER), marks=quiet)


def test_events_of_another_container_show_that_events_arrive() -> None:
    """If Events of the pod arrive and none tells of a failed probe, no probe is blamed."""
    both = (unready(status()), unready(OTHER))

    assert "KubeletRestart" == reason_of(*both, marks=[("app", HEARD)])[0]
    assert "ReadinessProbe" == reason_of(*both)[0]


@pytest.mark.parametrize("started", [True, False])
def test_started_falls_before_ready(*, started: bool) -> None:
    """A running container that is not started is not probed: the kubelet has restarted."""
    slow = spec(Container(name="app", startup=STARTUP, readiness=READINESS))
    lost = unready(status(), started=False)

    was = (replace(status(), started=started),)
    assert ("KubeletRestart", "app") == reason_of(lost, before=was, spec=slow)


STOPPED = {"Ready": Condition(status=False, reason="PodFailed", last_transition=LOST)}
DEAD = unready(status(), running_since=None, terminated=died(1, end=LOST))


@pytest.mark.parametrize(
    ("shown", "policy", "expected"),
    [
        (status(), RestartPolicy.NEVER, "Terminating"),
        (unready(status()), RestartPolicy.ALWAYS, "Terminating"),
        (DEAD, RestartPolicy.ALWAYS, "Terminating"),
        (DEAD, RestartPolicy.NEVER, "Completed"),
    ],
)
def test_a_pod_that_the_kubelet_stops(
    shown: ContainerStatus, policy: RestartPolicy, expected: str
) -> None:
    """A pod that fails while a container runs, or would be restarted, is being stopped."""
    whole = spec(APP, restart_policy=policy)

    assert expected == reason_of(shown, spec=whole, conditions=STOPPED)[0]


def test_a_failed_pod_whose_sidecar_still_runs() -> None:
    """A sidecar that still runs does not turn the end of a failed pod into a stop."""
    proxy = replace(SIDE, kind=ContainerKind.SIDECAR, restart_policy=RestartPolicy.ALWAYS)
    once = spec(APP, proxy, restart_policy=RestartPolicy.NEVER)

    assert ("Completed", "app") == reason_of(DEAD, OTHER, spec=once, conditions=STOPPED)


@pytest.mark.parametrize(
    ("since", "gates", "expected"),
    [
        (LOST - 1, (), "ReadinessProbe"),
        (LOST, (), "ReadinessProbe"),
        (None, (), "ReadinessProbe"),
        (LOST + 1, (), "NodeNotReady"),
        (LOST + 1, ("example.com/lb",), "Unknown"),
    ],
)
def test_containers_that_were_ready_longer(
    since: float | None, gates: tuple[str, ...], expected: str
) -> None:
    """If ContainersReady was lost after Ready, containers were not the reason: the node was."""
    conditions = {
        "Ready": Condition(status=False, last_transition=LOST),
        "ContainersReady": Condition(status=False, last_transition=since),
    }
    shape = replace(ALONE, readiness_gates=gates)

    assert expected == reason_of(unready(status()), spec=shape, conditions=conditions)[0]
