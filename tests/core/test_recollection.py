"""Recollection: with which watermarks and loops a process continues that begins with a record."""

from dataclasses import replace

import pytest

from probewatch.core.causes import Cause
from probewatch.core.incidents import keep_restart
from probewatch.core.model import PodUid, Workload
from probewatch.core.past import PAST_KEPT
from probewatch.core.recollection import LATE_SECONDS, recollect
from probewatch.core.record_sizes import Marks
from probewatch.core.records import Incident, LoopMark, Mark, PodMarks, Record
from probewatch.core.remembered import RememberedContainer
from tests.support.builders import restart

UID = PodUid("u1")
MARK = Mark(count=3, epoch=2, resource_version=50, termination="c2")

Times = tuple[float, float | None]
"""When a restart was observed, by our clock, and when its instance ended, by the node's."""


def incident(count: int, times: Times, uid: str = UID, node: str = "n1") -> Incident:
    """The incident of one restart."""
    pod = replace(restart().pod, uid=PodUid(uid), node=node)
    observed, end = times
    return keep_restart(restart(count, pod=pod, observed_at=observed, finished_at=end), ())


def recalled(*incidents: Incident) -> RememberedContainer:
    """What is remembered of the container `app`, which restarted three times."""
    record = Record(
        workload=Workload(namespace="shop", kind="Deployment", name="web"),
        pods=Marks({UID: PodMarks(containers={"app": MARK})}),
        incidents=incidents,
    )
    return recollect(record, UID, from_zero=False).containers["app"]


def test_a_watermark_is_remembered_as_it_was_recorded() -> None:
    """With another epoch or version, restarts would be counted twice, or not at all."""
    found = recalled(incident(3, (120.0, 100.0)))

    assert (3, 2, 50, "c2") == (
        found.count,
        found.epoch,
        found.resource_version,
        found.termination,
    )


@pytest.mark.parametrize(("counts", "tells_latest"), [((2, 3), True), ((1, 2), False), ((), False)])
def test_it_is_known_whether_the_latest_restart_is_among_the_incidents(
    counts: tuple[int, ...], *, tells_latest: bool
) -> None:
    """A record keeps a limited number of incidents, and an outage may have hidden some."""
    assert tells_latest is recalled(*(incident(n, (n * 50.0, None)) for n in counts)).tells_latest


@pytest.mark.parametrize(
    ("delays", "behind"),
    [
        ((20.0, 30.0), 0.0),
        ((LATE_SECONDS, LATE_SECONDS + 50), 0.0),
        ((LATE_SECONDS + 1, LATE_SECONDS + 50), LATE_SECONDS + 1),
        ((-30.0, 20.0), -30.0),
        ((0.5, 0.5), 0.0),
        ((None, None), 0.0),
        ((None, -30.0), -30.0),
    ],
)
def test_the_clock_of_a_node_is_compared_by_its_shortest_delay(
    delays: tuple[float | None, ...], behind: float
) -> None:
    """A delay that may come from observing is none of the clock, and one pod tells of others."""
    times: list[Times] = [(5000.0, None if each is None else 5000.0 - each) for each in delays]
    other, own = times

    assert behind == recalled(incident(1, other, uid="u2"), incident(3, own)).loop.behind


def test_only_the_node_on_which_the_pod_runs_is_compared() -> None:
    """Each node has a clock of its own, and the pod had no node at first."""
    found = recalled(
        incident(1, (5000.0, 9000.0), uid="u2", node="n2"),
        incident(1, (5000.0, 9500.0), node=""),
        incident(2, (5000.0, 9700.0), node=""),
        incident(3, (5000.0, 5030.0)),
    )

    assert -30.0 == found.loop.behind


@pytest.mark.parametrize(
    ("times", "seen_count", "expected"),
    [
        ((5000.0, 4980.0), 3, [5000.0]),
        ((5000.0, 5000.0 - LATE_SECONDS), 3, [5000.0]),
        ((5000.0, None), 3, [5000.0]),
        ((5000.0, None), 4, []),
    ],
    ids=["observed", "hardly late", "no end is known", "one of a jump"],
)
def test_a_restart_is_dated_by_its_observation_unless_that_came_too_late(
    times: Times, seen_count: int, expected: list[float]
) -> None:
    """Loops are found by these times; of one that nobody saw, none is known."""
    found = recalled(replace(incident(3, times), seen_count=seen_count))

    assert expected == [at for at, _ in found.loop.recent]


def test_a_restart_that_was_observed_late_is_dated_by_the_clock_of_its_node() -> None:
    """Seconds are added by which that clock is behind, as other restarts show."""
    found = recalled(incident(2, (1000.0, 1030.0)), incident(3, (9000.0, 2030.0)))

    assert [1000.0, 2000.0] == [at for at, _ in found.loop.recent]


def test_earlier_restarts_are_remembered_with_their_verdicts() -> None:
    """The next verdict compares with them; whether they were shown as terminated is unknown."""
    own, killed = incident(1, (60.0, 50.0)), incident(2, (120.0, 100.0))
    own = replace(own, cause=Cause.ERROR, exit_code=3, started_at=20.0)
    killed = replace(killed, cause=Cause.LIVENESS_PROBE, exit_code=137, started_at=60.0)
    other = incident(1, (70.0, 60.0), uid="u2")

    first, second = recalled(own, other, killed).past

    assert (Cause.ERROR, own.confidence, 3, 30.0, 50.0, 1, None) == (
        first.cause,
        first.confidence,
        first.exit_code,
        first.lifetime,
        first.died_at,
        first.restart_count,
        first.own_end,
    )
    assert (Cause.LIVENESS_PROBE, 40.0, 2, False) == (
        second.cause,
        second.lifetime,
        second.restart_count,
        second.own_end,
    )


def test_as_many_earlier_restarts_are_remembered_as_a_process_keeps() -> None:
    """A record keeps more incidents of one container than are compared."""
    found = recalled(*(incident(n, (n * 50.0, None)) for n in range(1, PAST_KEPT + 3)))

    assert list(range(3, PAST_KEPT + 3)) == [each.restart_count for each in found.past]


def test_windows_is_remembered_once_an_exit_code_has_shown_it() -> None:
    """Later exit codes may be those of any system."""
    codes = (1, -1073741510, 1)
    known = (replace(incident(n, (n * 50.0, None)), exit_code=c) for n, c in enumerate(codes, 1))

    assert [False, True, True] == [each.on_windows for each in recalled(*known).past]


def test_a_recorded_loop_goes_on_as_it_was() -> None:
    """Its count and epoch tell whether later restarts belong to it."""
    loop = LoopMark(pod="web", cause=Cause.ERROR, since=70.0, restart_count=3, epoch=2)
    record = Record(
        workload=Workload(namespace="shop", kind="Deployment", name="web"),
        pods=Marks({UID: PodMarks(containers={"app": replace(MARK, loop=loop)})}),
    )
    found = recollect(record, UID, from_zero=False).containers["app"].loop

    assert (70.0, Cause.ERROR, 3, 2) == (
        found.started_at,
        found.cause,
        found.restart_count,
        found.epoch,
    )
