"""How near to a reboot an end has to be, and in which order, to be explained by it."""

import pytest

from probewatch.core.attribution import attribute
from probewatch.core.causes import Cause, Confidence
from probewatch.core.evidence import EvidenceKind as K
from probewatch.core.model import Termination
from probewatch.core.restarts import VANISHED, Jump, Path
from probewatch.core.spec import Container, ContainerKind, ProbeType
from probewatch.core.surroundings import NODE_START, NODE_STOP
from probewatch.core.watermarks import HELD_BACK
from tests.support.builders import died, facts, failed, mark, spec

END = 1000.0


def cause_of(
    reboot: float,
    *,
    code: int = 143,
    born: float | None = None,
    end: float = END,
    kind: K = K.NODE_REBOOTED,
) -> Cause:
    """The cause of an end at END with the node's word at *reboot*, and the next start at *born*."""
    given = facts(died(code, end=end), pod_others=(mark(kind, reboot),), next_start=born)
    return attribute(given)[1].cause


@pytest.mark.parametrize("code", [0, 143, 137, 255])
@pytest.mark.parametrize("reboot", [END + NODE_STOP, END - NODE_START, END + 5])
def test_ended_with_the_node(code: int, reboot: float) -> None:
    """By a signal, with 0, or as runtimes say of what nobody saw: just before it, or just after."""
    assert Cause.NODE_REBOOT is cause_of(reboot, code=code)


@pytest.mark.parametrize("reboot", [END + NODE_STOP + 1, END - NODE_START - 1])
def test_ended_too_long_before_or_after(reboot: float) -> None:
    """Nodes take some minutes to stop, and less than one until the kubelet says that it is back."""
    assert Cause.NODE_REBOOT is not cause_of(reboot)


def test_ended_by_its_own_fault() -> None:
    """Nothing that goes down makes an application exit with 1."""
    assert Cause.NODE_REBOOT is not cause_of(END + 5, code=1)


@pytest.mark.parametrize(
    ("born", "expected"),
    [
        (None, True),
        (END + 100 - NODE_START, True),
        (END + 100 - NODE_START - 1, False),
        (END + 200, True),
    ],
)
def test_was_running_again_before_the_node_was_back(born: float | None, *, expected: bool) -> None:
    """What had been started again by then had not ended with the node."""
    assert expected is (cause_of(END + 100, born=born) is Cause.NODE_REBOOT)


@pytest.mark.parametrize(("begun", "expected"), [(999.0, True), (1000.0, False), (1001.0, False)])
def test_began_after_the_node_was_back(begun: float, *, expected: bool) -> None:
    """A reboot does not end what is started after it, however soon that ends."""
    end, reboot = END + 20, mark(K.NODE_REBOOTED, END)
    given = facts(died(143, begun, end), pod_others=(reboot,), next_start=end + 5)

    assert expected is (attribute(given)[1].cause is Cause.NODE_REBOOT)


def test_ended_for_memory_before_the_node_went_down() -> None:
    """The runtime's word on memory is no sign of a node that stops its containers."""
    dead = died(137, end=END, reason="OOMKilled")
    given = facts(dead, pod_others=(mark(K.NODE_REBOOTED, END + 5),), path=Path.TERMINATED_SEEN)

    assert Cause.OOM_KILLED is attribute(given)[1].cause


def test_held_back_before_the_node_went_down() -> None:
    """A kubelet that puts the next start off without showing an end has made that end."""
    given = facts(
        died(143, end=END),
        pod_others=(mark(K.NODE_REBOOTED, END + 100),),
        path=Path.IN_PLACE,
        waiting_reason=HELD_BACK,
    )

    assert Cause.LIVENESS_PROBE is attribute(given)[1].cause


@pytest.mark.parametrize(
    ("path", "waiting", "expected"),
    [
        (Path.IN_PLACE, "", Cause.NODE_REBOOT),
        (Path.UNSEEN, "", Cause.NODE_REBOOT),
        (Path.TERMINATED_SEEN, "ContainerCreating", Cause.NODE_REBOOT),
        (Path.UNSEEN, HELD_BACK, Cause.UNKNOWN),
        (Path.TERMINATED_SEEN, HELD_BACK, Cause.SIGNAL),
    ],
)
def test_only_what_was_held_back_had_ended_before(
    path: Path, waiting: str, expected: Cause
) -> None:
    """The next status may come when the node is back, and may then look like a kill."""
    reboot = mark(K.NODE_REBOOTED, END + 100)
    given = facts(died(143, end=END), pod_others=(reboot,), path=path, waiting_reason=waiting)

    assert expected is attribute(given)[1].cause


@pytest.mark.parametrize(
    ("back", "sure"),
    [
        (NODE_START, Confidence.HIGH),
        (NODE_START + 1, Confidence.MEDIUM),
        (-NODE_START, Confidence.HIGH),
    ],
)
def test_shown_dead_when_the_node_came_back(back: float, sure: Confidence) -> None:
    """The runtime finds it dead then; long before, a kubelet showed it that was still there."""
    given = facts(
        died(255, end=END),
        pod_others=(mark(K.NODE_REBOOTED, END + back),),
        path=Path.TERMINATED_SEEN,
    )

    assert (Cause.NODE_REBOOT, sure) == (attribute(given)[1].cause, attribute(given)[1].confidence)


@pytest.mark.parametrize("dead", [None, died(143, end=END)])
def test_a_kill_that_was_counted(dead: Termination | None) -> None:
    """The kubelet began to count when its node was back, so a kill in its count came later."""
    given = facts(
        dead,
        pod_others=(mark(K.NODE_REBOOTED, END - 20),),
        latest=END,
        repaired=K.KILL_LIVENESS,
    )

    assert Cause.LIVENESS_PROBE is attribute(given)[1].cause


def test_only_a_reboot_counts() -> None:
    """Another word on the pod at that time is none on the node."""
    assert Cause.NODE_REBOOT is not cause_of(END + 5, kind=K.OTHER)


def test_an_end_without_a_time() -> None:
    """It cannot be said to be near anything."""
    given = facts(died(143, None, None), pod_others=(mark(K.NODE_REBOOTED, 5.0),))

    assert Cause.NODE_REBOOT is not attribute(given)[1].cause


def test_a_probe_that_had_failed_often_enough() -> None:
    """Its kill is as good an explanation."""
    given = facts(
        died(143, end=END),
        failures=(failed(ProbeType.LIVENESS, END - 1, 3),),
        pod_others=(mark(K.NODE_REBOOTED, END + 5),),
    )

    assert Cause.NODE_REBOOT is not attribute(given)[1].cause


@pytest.mark.parametrize(
    ("reboot", "sure"),
    [(END - 600, True), (END + 600, True), (END + 601, False), (END - 601, False)],
)
def test_a_container_that_vanished_near_a_reboot(reboot: float, *, sure: bool) -> None:
    """Nobody knows when it ended, so when the next one began tells how near that is."""
    given = facts(
        died(137, None, None, reason=VANISHED),
        pod_others=(mark(K.NODE_REBOOTED, reboot),),
        next_start=END,
    )
    expected = ("node-reboot", "Confirmed") if sure else ("lost", "Medium")
    rule, verdict = attribute(given)

    assert expected == (rule.name, verdict.confidence)


@pytest.mark.parametrize(("reboot", "expected"), [(END - 1, False), (END, True), (END + 1, True)])
def test_an_init_container_that_was_done_after_the_node_was_back(
    reboot: float, *, expected: bool
) -> None:
    """What it was run again for came after it had done its work."""
    given = facts(
        died(0, END - 100, END),
        pod=spec(Container(name="app", kind=ContainerKind.INIT)),
        pod_others=(mark(K.NODE_REBOOTED, reboot),),
        next_start=END + 50,
        jump=Jump(since=END - 100),
    )

    assert expected is (attribute(given)[1].cause is Cause.NODE_REBOOT)


@pytest.mark.parametrize(
    ("reboot", "expected"),
    [(-600.0, True), (-601.0, False), (0.0, True), (30.0, True), (31.0, False)],
)
def test_an_init_container_that_ran_before_the_node_was_back(
    reboot: float, *, expected: bool
) -> None:
    """A reboot makes it run again; one that comes after it ran has nothing to do with it."""
    again = END + 700
    given = facts(
        died(0, end=END),
        pod=spec(Container(name="app", kind=ContainerKind.INIT)),
        pod_others=(mark(K.NODE_REBOOTED, again + reboot),),
        next_start=again,
    )

    assert expected is (attribute(given)[1].cause is Cause.NODE_REBOOT)
