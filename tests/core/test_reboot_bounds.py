"""How near to a reboot, and in which order, an end has to be to be caused by it."""

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
    """The cause of an end at *end*, with a reboot Event at *reboot* and a next start at *born*."""
    given = facts(died(code, end=end), pod_others=(mark(kind, reboot),), next_start=born)
    return attribute(given)[1].cause


@pytest.mark.parametrize("code", [0, 143, 137, 255])
@pytest.mark.parametrize("reboot", [END + NODE_STOP, END - NODE_START, END + 5])
def test_ended_with_the_node(code: int, reboot: float) -> None:
    """An end by a signal, with 0 or with 255 shortly before or after the Event is the reboot's."""
    assert Cause.NODE_REBOOT is cause_of(reboot, code=code)


@pytest.mark.parametrize("reboot", [END + NODE_STOP + 1, END - NODE_START - 1])
def test_ended_too_long_before_or_after(reboot: float) -> None:
    """Nodes take minutes to stop and less than one to boot; other ends are not theirs."""
    assert Cause.NODE_REBOOT is not cause_of(reboot)


def test_ended_by_its_own_fault() -> None:
    """Exit code 1 is not caused by a reboot."""
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
    """A container whose next instance ran before the node was back had not ended with it."""
    assert expected is (cause_of(END + 100, born=born) is Cause.NODE_REBOOT)


@pytest.mark.parametrize(("begun", "expected"), [(999.0, True), (1000.0, False), (1001.0, False)])
def test_began_after_the_node_was_back(begun: float, *, expected: bool) -> None:
    """A reboot does not end an instance that started after it."""
    end, reboot = END + 20, mark(K.NODE_REBOOTED, END)
    given = facts(died(143, begun, end), pod_others=(reboot,), next_start=end + 5)

    assert expected is (attribute(given)[1].cause is Cause.NODE_REBOOT)


def test_ended_for_memory_before_the_node_went_down() -> None:
    """OOMKilled is the cause even if the node goes down right after."""
    dead = died(137, end=END, reason="OOMKilled")
    given = facts(dead, pod_others=(mark(K.NODE_REBOOTED, END + 5),), path=Path.TERMINATED_SEEN)

    assert Cause.OOM_KILLED is attribute(given)[1].cause


def test_held_back_before_the_node_went_down() -> None:
    """A kubelet that shows back-off without a termination had killed the container itself."""
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
    """Only back-off proves an end before the reboot; other next statuses may come after it."""
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
    """High if shown as terminated when the node is back; if long before, a kubelet still ran."""
    given = facts(
        died(255, end=END),
        pod_others=(mark(K.NODE_REBOOTED, END + back),),
        path=Path.TERMINATED_SEEN,
    )

    assert (Cause.NODE_REBOOT, sure) == (attribute(given)[1].cause, attribute(given)[1].confidence)


@pytest.mark.parametrize("dead", [None, died(143, end=END)])
def test_a_kill_that_was_counted(dead: Termination | None) -> None:
    """The kubelet counts Events from its start, so a counted kill is later than the reboot."""
    given = facts(
        dead,
        pod_others=(mark(K.NODE_REBOOTED, END - 20),),
        latest=END,
        repaired=K.KILL_LIVENESS,
    )

    assert Cause.LIVENESS_PROBE is attribute(given)[1].cause


def test_only_a_reboot_counts() -> None:
    """Another Event on the pod at that time does not mean a reboot."""
    assert Cause.NODE_REBOOT is not cause_of(END + 5, kind=K.OTHER)


def test_an_end_without_a_time() -> None:
    """An end without a time is not near any reboot."""
    given = facts(died(143, None, None), pod_others=(mark(K.NODE_REBOOTED, 5.0),))

    assert Cause.NODE_REBOOT is not attribute(given)[1].cause


def test_a_probe_that_had_failed_often_enough() -> None:
    """Probe failures up to the threshold explain the end as well, so no reboot is claimed."""
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
    """A vanished container has no end time; the next start decides how near the reboot was."""
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
    """An init container that completed after the reboot was not run again because of it."""
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
    """A reboot explains that an init container runs again only if it comes before the new run."""
    again = END + 700
    given = facts(
        died(0, end=END),
        pod=spec(Container(name="app", kind=ContainerKind.INIT)),
        pod_others=(mark(K.NODE_REBOOTED, again + reboot),),
        next_start=again,
    )

    assert expected is (attribute(given)[1].cause is Cause.NODE_REBOOT)
