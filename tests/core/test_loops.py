"""Restart loops: what starts one, and how long it lasts."""

from dataclasses import replace

import pytest

from probewatch.core.causes import Cause, Confidence
from probewatch.core.dating import LATE
from probewatch.core.findings import Finding, LoopEnded, LoopStarted, Restart
from probewatch.core.loops import (
    add_restart,
    end_if_quiet,
    hold,
    loop_due,
    recall,
    settle_by,
    take_up,
)
from probewatch.core.model import PodRef, PodUid
from probewatch.core.policy import Policy
from probewatch.core.state import LoopState

POLICY = Policy()
POD = PodRef(uid=PodUid("u"), namespace="shop", name="web", node="n1")
HOUR = 3600.0
NOW = 10 * HOUR


def restart(at: float, cause: Cause = Cause.LIVENESS_PROBE, count: int = 1) -> Restart:
    """A restart that was seen as it happened."""
    return Restart(
        pod=POD,
        container="app",
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
    """Add these restarts to a loop and let time pass in between."""
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
    """What was reported about loops, in one word each."""
    return [
        ("resumed" if each.resumed else "started") if isinstance(each, LoopStarted) else "ended"
        for each in told
        if isinstance(each, LoopStarted | LoopEnded)
    ]


def test_restarts_of_a_weekend_are_no_loop() -> None:
    """Restarts found at once that happened days apart, or at unknown times, are no loop."""
    loop = LoopState()
    for at in (NOW - 50 * HOUR, NOW - 25 * HOUR, None, None, NOW):
        loop, told = add_restart(loop, restart(NOW), POLICY, at=at)
        assert () == told
    assert ((NOW, Cause.LIVENESS_PROBE),) == loop.recent


@pytest.mark.parametrize(("third", "expected"), [(899.0, ["started"]), (900.0, [])])
def test_three_restarts_within_a_quarter_of_an_hour(third: float, expected: list[str]) -> None:
    """Three restarts start a loop only within 15 minutes."""
    _, told = run(LoopState(), *(restart(NOW + at) for at in (0.0, 450.0, third)))

    assert expected == kinds(told)


def test_a_loop_names_the_restart_that_made_it() -> None:
    """Start and end of a loop carry the count and epoch of the restart that started it."""
    burst = [replace(restart(NOW + k, count=k), epoch=2) for k in range(4, 9)]
    _, [begun, over] = run(LoopState(), *burst, until=NOW + HOUR)

    assert isinstance(begun, LoopStarted)
    assert isinstance(over, LoopEnded)
    assert (6, 2) == (begun.restart_count, begun.epoch) == (over.restart_count, over.epoch)


def test_restarts_are_kept_in_order() -> None:
    """Restarts are kept by their time, also if an earlier one is found later."""
    loop, _ = add_restart(LoopState(), restart(NOW), POLICY, at=NOW)
    loop, _ = add_restart(loop, restart(NOW), POLICY, at=NOW - HOUR)

    assert [NOW - HOUR, NOW] == [at for at, _ in loop.recent]


def test_bursts_each_hour_are_one_loop_from_the_second_on() -> None:
    """The first burst ends as a loop; from the second on the gaps are known, and it is one loop."""
    burst = [restart(hour * HOUR + k * 60) for hour in range(8) for k in range(3)]
    _, told = run(LoopState(), *burst, until=8 * HOUR)

    assert ["started", "ended", "started"] == kinds(told)


def test_what_is_known_of_a_clock_outlasts_a_loop() -> None:
    """The known lag of the node's clock is kept after a loop: it dates restarts after a gap."""
    loop, _ = run(LoopState(behind=7.0), *(restart(k * 60.0) for k in range(3)), until=HOUR)

    assert (None, 7.0) == (loop.started_at, loop.behind)


def test_one_restart_after_a_loop_is_none() -> None:
    """After a loop one restart hours later is none; a second soon after starts another."""
    outage = [restart(k * 120.0) for k in range(9)]
    loop, told = run(LoopState(), *outage, restart(3 * HOUR))
    assert ["started", "ended"] == kinds(told)

    _, told = run(loop, restart(3 * HOUR + 600))
    assert ["started"] == kinds(told)


def test_gaps_before_a_loop_do_not_keep_it_going() -> None:
    """A restart hours before the loop does not lengthen the quiet time that ends it."""
    loop, told = run(LoopState(), restart(0), *(restart(5 * HOUR + k * 60) for k in range(3)))

    assert ["started"] == kinds(told)
    assert 5 * HOUR + 120 + POLICY.loop_quiet == loop_due(loop, POLICY)


def test_the_first_gap_of_a_loop_keeps_it_going() -> None:
    """The quiet time is three times the longest gap, and the first gap counts too."""
    loop, told = run(LoopState(), *(restart(at) for at in (NOW, NOW + 800, NOW + 850)))

    assert ["started"] == kinds(told)
    assert NOW + 850 + 3 * 800 == loop_due(loop, POLICY)


def test_a_loop_takes_the_cause_that_leads() -> None:
    """A loop changes its cause when another leads by two, and stays the same loop."""
    loop, told = run(LoopState(), *(restart(k * 60.0, Cause.UNOBSERVED, k) for k in range(1, 4)))
    begun = told[-1]
    loop, told = run(loop, *(restart(400 + k * 60.0, count=4 + k) for k in range(4)))
    assert ([], Cause.UNOBSERVED) == (told, loop.cause)

    loop, [changed] = run(loop, restart(700, count=8))
    assert isinstance(begun, LoopStarted)
    assert isinstance(changed, LoopStarted)
    assert ("app", Cause.LIVENESS_PROBE, True) == (
        changed.container,
        changed.cause,
        changed.resumed,
    )
    assert (begun.at, begun.restart_count) == (changed.at, changed.restart_count)


def test_a_loop_with_two_causes_keeps_its_own() -> None:
    """The longer a loop, the larger the lead of another cause that replaces its own."""
    own = [restart(k * 60.0, Cause.ERROR, k) for k in range(1, 13)]
    loop, _ = run(LoopState(), *own)
    other = [restart(800 + k * 60.0, Cause.OOM_KILLED, 13 + k) for k in range(21)]
    loop, told = run(loop, *other[:-1])
    assert ([], Cause.ERROR) == (told, loop.cause)  # 20 of the last 32: a lead of 8

    loop, told = run(loop, other[-1])
    assert (["resumed"], Cause.OOM_KILLED) == (kinds(told), loop.cause)  # 21, a lead of 10


def test_a_loop_has_the_cause_of_its_own_restarts() -> None:
    """Restarts of other causes in the hours before do not decide the loop's cause."""
    policy = replace(POLICY, slow_loop_restarts=50)
    before = [restart(k * 600.0, Cause.OOM_KILLED, k) for k in range(1, 10)]
    probe = [restart(3 * HOUR + k * 60.0, count=10 + k) for k in range(4)]
    loop, told = run(LoopState(), *before, *probe, policy=policy)

    [begun] = told
    assert isinstance(begun, LoopStarted)
    assert (3, Cause.LIVENESS_PROBE) == (begun.restarts, begun.cause)
    assert Cause.LIVENESS_PROBE is loop.cause


def test_a_loop_of_which_a_record_keeps_no_restart_goes_on() -> None:
    """Without recorded restarts, a loop's gap is estimated from its count and duration."""
    kept = LoopState(started_at=0.0, cause=Cause.ERROR, restart_count=3)
    loop = take_up(kept, count=13, latest=None, now=NOW)
    assert NOW + 3 * HOUR == loop_due(loop, POLICY)

    quick = take_up(kept, count=303, latest=None, now=NOW)
    assert NOW + POLICY.loop_quiet == loop_due(quick, POLICY)
    assert LoopState() == take_up(LoopState(), count=3, latest=None, now=NOW)


def test_a_loop_of_which_a_record_keeps_the_last_restart_goes_on() -> None:
    """With only the last restart recorded, the number of restarts gives the average gap."""
    kept = LoopState(recent=((NOW - HOUR, Cause.ERROR),), started_at=0.0, restart_count=3)
    loop = take_up(kept, count=12, latest=NOW - HOUR, now=NOW)

    assert NOW - HOUR + 3 * HOUR == loop_due(loop, POLICY)


@pytest.mark.parametrize("count", [3, 4])
def test_a_loop_of_which_a_record_knows_no_two_restarts_apart(count: int) -> None:
    """If no gap is known, all the time since the start may be one gap."""
    kept = LoopState(started_at=NOW - HOUR, cause=Cause.ERROR, restart_count=3)

    assert NOW + 3 * HOUR == loop_due(take_up(kept, count=count, latest=None, now=NOW), POLICY)


def test_bursts_of_a_record_are_one_loop_from_its_begin_on() -> None:
    """A recorded loop keeps the gap between its bursts, which keeps it going."""
    bursts = [restart(NOW + burst * 1500 + k * 60) for burst in range(2) for k in range(3)]
    seen, _ = run(LoopState(), *bursts)
    recalled = recall(replace(seen, first=0.0), POLICY, NOW + 1700)

    assert seen.first == recalled.first
    assert NOW + 1620 + 3 * 1380 == loop_due(recalled, POLICY) == loop_due(seen, POLICY)


def test_restarts_of_a_record_tell_where_its_loop_began() -> None:
    """A recorded restart from hours before is not part of the loop."""
    times = (NOW - 5 * HOUR, NOW - 300, NOW - 200, NOW - 100)
    kept = LoopState(recent=tuple((at, Cause.ERROR) for at in times), started_at=NOW - 100)

    assert NOW - 300 == recall(kept, POLICY, NOW).first


def test_restarts_of_a_record_tell_of_a_loop_that_is_over() -> None:
    """Recorded restarts tell when a loop ended, which decides whether the next makes one."""
    recent = tuple((float(at), Cause.ERROR) for at in (0, 60, 120))
    over = 120 + POLICY.loop_quiet

    assert over == recall(LoopState(recent=recent), POLICY, over).ended_at
    assert recall(LoopState(recent=recent), POLICY, over - 1).ended_at is None
    assert recall(LoopState(recent=recent[:2]), POLICY, over).ended_at is None


def test_a_clock_that_is_set_back_makes_no_loop() -> None:
    """Setting the clock back keeps the intervals between earlier restarts: no loop results."""
    loop, told = run(LoopState(), *(restart(NOW + k * 3000.0) for k in range(3)))
    loop, more = run(loop, restart(NOW))

    assert ([], []) == (told, more)
    assert [NOW - 6000, NOW - 3000, NOW, NOW] == [at for at, _ in loop.recent]


def test_a_clock_that_is_set_back_moves_all_that_is_known_of_a_loop() -> None:
    """All times of a loop move with its restarts when the clock is set back."""
    fast = [restart(NOW + k * 60.0) for k in range(3)]
    loop, _ = run(LoopState(), *fast)
    loop, _ = run(replace(loop, resumed_at=NOW + 130), restart(NOW - HOUR))
    assert (NOW - HOUR - 120, NOW - HOUR + 10) == (loop.first, loop.resumed_at)

    over, _ = run(LoopState(), *fast, until=NOW + 2 * HOUR)
    assert over.ended_at is not None
    over, told = run(over, restart(NOW - HOUR))
    assert ([], NOW - HOUR + POLICY.loop_quiet) == (told, over.ended_at)


@pytest.mark.parametrize(
    ("after", "moved"), [(None, 0.0), (NOW, 0.0), (NOW - LATE, 0.0), (NOW - LATE - 1, LATE + 1)]
)
def test_restarts_that_turn_out_to_have_been_earlier(after: float | None, moved: float) -> None:
    """All known restarts move back with a corrected one, unless it was only a late status."""
    loop, _ = run(LoopState(), restart(NOW - 3000), restart(NOW))

    assert [NOW - 3000 - moved, NOW - moved] == [at for at, _ in settle_by(loop, after).recent]


def test_the_end_of_a_loop_of_which_no_restart_is_kept() -> None:
    """The end of a loop without recorded restarts stays where it was."""
    loop, told = run(LoopState(ended_at=NOW - HOUR), restart(NOW))

    assert ([], NOW - HOUR) == (told, loop.ended_at)


def test_the_quiet_of_a_loop_that_nobody_watched_begins_anew() -> None:
    """After an unwatched time the quiet time starts again; without a loop nothing starts."""
    loop, _ = run(LoopState(), *(restart(k * 60.0) for k in range(3)))

    assert NOW + POLICY.loop_quiet == loop_due(hold(loop, NOW), POLICY)
    assert LoopState() == hold(LoopState(), NOW)
