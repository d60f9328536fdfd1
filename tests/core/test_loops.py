"""Loops: when restarts happened, what makes a loop, and for how long it is one."""

from dataclasses import replace

import pytest

from probewatch.core.causes import Cause, Confidence
from probewatch.core.findings import Finding, LoopEnded, LoopStarted, Restart
from probewatch.core.loops import add_restart, end_if_quiet, loop_due, take_up, time_of
from probewatch.core.model import PodRef, PodUid
from probewatch.core.policy import Policy
from probewatch.core.restarts import CountedRestart, Jump, Path
from probewatch.core.spec import Container, ContainerKind
from probewatch.core.state import LoopState
from tests.builders import died

POLICY = Policy()
POD = PodRef(uid=PodUid("u"), namespace="shop", name="web", node="n1")
HOUR = 3600.0
NOW = 10 * HOUR


def restart(at: float, cause: Cause = Cause.LIVENESS_PROBE, count: int = 1) -> Restart:
    """A restart that was seen as it happened."""
    return Restart(
        pod=POD,
        container="app",
        container_kind=ContainerKind.REGULAR,
        restart_count=count,
        epoch=0,
        cause=cause,
        confidence=Confidence.HIGH,
        rule="any",
        observed_at=at,
    )


def run(
    loop: LoopState, *restarts: Restart, until: float | None = None, policy: Policy = POLICY
) -> tuple[LoopState, list[Finding]]:
    """Take these restarts, and let time pass in between."""
    told: list[Finding] = []
    for each in restarts:
        loop, ended = end_if_quiet(loop, "app", ref=POD, policy=policy, now=each.observed_at)
        loop, found = add_restart(loop, each, policy, at=each.observed_at)
        told += (*ended, *found)
    if until is not None:
        loop, ended = end_if_quiet(loop, "app", ref=POD, policy=policy, now=until)
        told += ended
    return loop, told


def kinds(told: list[Finding]) -> list[str]:
    """What was told, in short."""
    return [
        ("resumed" if each.resumed else "started") if isinstance(each, LoopStarted) else "ended"
        for each in told
        if isinstance(each, LoopStarted | LoopEnded)
    ]


def counted(**more: object) -> CountedRestart:
    """A restart that was found after a gap."""
    plain = CountedRestart(
        container=Container(name="app"), restart_count=5, observed_at=NOW, path=Path.UNSEEN
    )
    return replace(plain, **more)  # type: ignore[arg-type]  # names are checked by replace


MISSED = Jump(size=4, unseen=3, place=2, since=NOW - 4 * HOUR)


@pytest.mark.parametrize(
    ("found", "at"),
    [
        (counted(path=Path.IN_PLACE, termination=died(end=NOW - HOUR)), NOW),
        (counted(path=Path.TERMINATED_SEEN, termination=died(end=NOW - HOUR)), NOW),
        (counted(termination=died(end=NOW - HOUR)), NOW - HOUR),
        (counted(termination=died(end=NOW + HOUR)), NOW),
        (counted(termination=died(end=None)), NOW),
        (counted(), NOW),
        (counted(jump=MISSED, latest=NOW - HOUR), NOW - 2.5 * HOUR),
        (counted(jump=replace(MISSED, since=None), latest=NOW - HOUR), None),
        (counted(jump=MISSED), NOW - 2 * HOUR),
        (counted(jump=replace(MISSED, since=NOW + HOUR), latest=NOW + 2 * HOUR), NOW),
    ],
    ids=[
        "seen in place",
        "seen dead",
        "found, with the time of its end",
        "found, by a clock that is ahead",
        "found, without a time",
        "the only one that was missed",
        "the second of three that were missed",
        "not known since when",
        "not known until when",
        "missed, by a clock that is ahead",
    ],
)
def test_when_a_restart_happened(found: CountedRestart, at: float | None) -> None:
    """What was seen happened then; what was found after a gap happened in it, if anything tells."""
    assert at == time_of(found, LoopState())


def test_what_was_missed_lies_after_the_last_one_known() -> None:
    """Where the pod does not tell since when, the restart before does."""
    loop = LoopState(recent=((NOW - 5 * HOUR, Cause.ERROR),))
    found = counted(jump=replace(MISSED, since=None), latest=NOW - HOUR)

    assert NOW - 3 * HOUR == time_of(found, loop)


def test_restarts_of_a_weekend_are_no_loop() -> None:
    """Three restarts that are found at once, and happened days apart or nobody knows when."""
    loop = LoopState()
    for at in (NOW - 50 * HOUR, NOW - 25 * HOUR, None, None, NOW):
        loop, told = add_restart(loop, restart(NOW), POLICY, at=at)
        assert () == told
    assert ((NOW, Cause.LIVENESS_PROBE),) == loop.recent


def test_restarts_are_kept_in_order() -> None:
    """One that is found later may have happened before."""
    loop, _ = add_restart(LoopState(), restart(NOW), POLICY, at=NOW)
    loop, _ = add_restart(loop, restart(NOW), POLICY, at=NOW - HOUR)

    assert [NOW - HOUR, NOW] == [at for at, _ in loop.recent]


def test_bursts_each_hour_are_one_loop_from_the_second_on() -> None:
    """The first ends by quiet; from then on the gaps between them are known."""
    burst = [restart(hour * HOUR + k * 60) for hour in range(8) for k in range(3)]
    _, told = run(LoopState(), *burst, until=8 * HOUR)

    assert ["started", "ended", "started"] == kinds(told)


def test_one_restart_after_a_loop_is_none() -> None:
    """An outage is over, and hours later a container restarts once; a second time is another."""
    outage = [restart(k * 120.0) for k in range(9)]
    loop, told = run(LoopState(), *outage, restart(3 * HOUR))
    assert ["started", "ended"] == kinds(told)

    _, told = run(loop, restart(3 * HOUR + 600))
    assert ["started"] == kinds(told)


def test_gaps_before_a_loop_do_not_keep_it_going() -> None:
    """One restart hours before is none of the loop's: it ends as quickly as it should."""
    loop, told = run(LoopState(), restart(0), *(restart(5 * HOUR + k * 60) for k in range(3)))

    assert ["started"] == kinds(told)
    assert 5 * HOUR + 120 + POLICY.loop_quiet == loop_due(loop, POLICY)


def test_a_loop_takes_the_cause_that_leads() -> None:
    """Once by two, so that it does not go to and fro; it stays the same loop."""
    loop, told = run(LoopState(), *(restart(k * 60.0, Cause.UNOBSERVED, k) for k in range(1, 4)))
    begun = told[-1]
    loop, told = run(loop, *(restart(400 + k * 60.0, count=4 + k) for k in range(4)))
    assert ([], Cause.UNOBSERVED) == (told, loop.cause)

    loop, [changed] = run(loop, restart(700, count=8))
    assert isinstance(begun, LoopStarted)
    assert isinstance(changed, LoopStarted)
    assert (Cause.LIVENESS_PROBE, True) == (changed.cause, changed.resumed)
    assert (begun.at, begun.restart_count) == (changed.at, changed.restart_count)


def test_a_loop_has_the_cause_of_its_own_restarts() -> None:
    """However many of another kind there were in the hours before."""
    policy = replace(POLICY, slow_loop_restarts=50)
    before = [restart(k * 600.0, Cause.OOM_KILLED, k) for k in range(1, 10)]
    probe = [restart(3 * HOUR + k * 60.0, count=10 + k) for k in range(4)]
    loop, told = run(LoopState(), *before, *probe, policy=policy)

    [begun] = told
    assert isinstance(begun, LoopStarted)
    assert (3, Cause.LIVENESS_PROBE) == (begun.restarts, begun.cause)
    assert Cause.LIVENESS_PROBE is loop.cause


def test_a_loop_of_which_a_record_keeps_no_restart_goes_on() -> None:
    """Ten restarts in ten hours until the record was kept: three of their gaps have to be quiet."""
    kept = LoopState(started_at=0.0, cause=Cause.ERROR, restart_count=3)
    loop = take_up(kept, count=13, now=NOW)
    assert NOW + 3 * HOUR == loop_due(loop, POLICY)

    quick = take_up(kept, count=303, now=NOW)
    assert NOW + POLICY.loop_quiet == loop_due(quick, POLICY)
    assert LoopState() == take_up(LoopState(), count=3, now=NOW)
