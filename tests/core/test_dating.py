"""Dating: at what time, by the operator's clock, the restarts shown by a status happened."""

from dataclasses import replace

import pytest

from probewatch.core.causes import Cause
from probewatch.core.dating import date, follow_lead
from probewatch.core.model import ContainerStatus, Termination
from probewatch.core.observe import PodObserved, observe
from probewatch.core.policy import Policy
from probewatch.core.restarts import CountedRestart, Jump
from probewatch.core.spec import Container
from probewatch.core.state import LoopState
from tests.support.builders import died, pod, status

HOUR = 3600.0
NOW = 100 * HOUR

ONE = CountedRestart(container=Container(name="app"), restart_count=5, observed_at=NOW)
RUNS = status(restart_count=5, container_id="c5", running_since=NOW - HOUR)
DIED = died(container_id="c4", start=NOW - 3 * HOUR, end=NOW - 1.1 * HOUR)
WAITS = status(restart_count=5, container_id="c5", running_since=None, last=None)
OWN = died(container_id="c5", start=NOW - 2 * HOUR, end=NOW - HOUR)


def ahead(shown: ContainerStatus, seconds: float) -> ContainerStatus:
    """The same status as written by a node whose clock is ahead by so many seconds."""
    since, end, last = shown.running_since, shown.terminated, shown.last
    return replace(
        shown,
        running_since=None if since is None else since + seconds,
        terminated=end and died_ahead(end, seconds),
        last=last and died_ahead(last, seconds),
    )


def died_ahead(end: Termination, seconds: float) -> Termination:
    return replace(
        end,
        started_at=(end.started_at or 0) + seconds,
        finished_at=(end.finished_at or 0) + seconds,
    )


def known(*before: float | None, behind: float = 0.0) -> LoopState:
    """A loop state with earlier restarts at these times."""
    recent = tuple((at, Cause.ERROR) for at in before if at is not None)
    return LoopState(recent=recent, behind=behind)


def only(
    shown: ContainerStatus, restart: CountedRestart = ONE, *, relisted: bool = True
) -> float | None:
    """The time of the newest restart that a status shows."""
    [found] = date((restart,), shown, now=NOW, relisted=relisted, loop=LoopState())
    return found.happened_at


@pytest.mark.parametrize("seconds", [0.0, 900.0, -900.0, 86400.0, -86400.0])
def test_what_is_news_happened_now(seconds: float) -> None:
    """A restart delivered by a watch happened now, whatever the node's clock says."""
    assert NOW == only(ahead(replace(RUNS, last=DIED), seconds), relisted=False)


@pytest.mark.parametrize(
    ("shown", "restart", "at"),
    [
        (RUNS, ONE, NOW - HOUR),
        (replace(RUNS, last=DIED), replace(ONE, termination=DIED), NOW - HOUR),
        (replace(RUNS, running_since=1.0), replace(ONE, termination=DIED), NOW - 1.1 * HOUR),
        (replace(WAITS, terminated=OWN), ONE, NOW - 2 * HOUR),
        (replace(WAITS, last=OWN), ONE, NOW - 2 * HOUR),
        (replace(WAITS, last=DIED), ONE, NOW),
        (replace(WAITS, last=DIED), replace(ONE, termination=DIED), NOW - 1.1 * HOUR),
        (WAITS, replace(ONE, termination=died(end=None)), NOW),
        (ahead(RUNS, 86400.0), ONE, NOW),
        (ahead(replace(WAITS, last=OWN), HOUR + 900), ONE, NOW - HOUR),
    ],
    ids=[
        "the next instance runs",
        "the next instance runs, and the end of the one before is known",
        "it runs by a clock that was set back",
        "the next instance has died",
        "the next instance has died and waits",
        "what is shown is not its end",
        "only its end is known",
        "no time is known",
        "by a clock that is ahead",
        "by a clock that is ahead, what lies between is right",
    ],
)
def test_what_is_found_after_a_gap(
    shown: ContainerStatus, restart: CountedRestart, at: float
) -> None:
    """A restart found after a gap happened when the next instance started, if that is known."""
    assert at == only(shown, restart)


def unseen(size: int, *, since: float | None, latest: float | None) -> tuple[CountedRestart, ...]:
    """A jump of the restart count in which only the newest restart is known."""
    jumps = [Jump(size=size, unseen=size - 1, place=k, since=since) for k in range(1, size)]
    older = (replace(ONE, jump=jump, latest=latest) for jump in jumps)
    return (*older, replace(ONE, jump=Jump(size=size, place=size, since=since)))


def all_of(
    found: tuple[CountedRestart, ...],
    *,
    seconds: float = 0.0,
    relisted: bool = True,
    before: float | None = None,
) -> list[float | None]:
    """How many hours before the newest restart each of the restarts happened."""
    shown = ahead(RUNS, seconds)
    dated = date(found, shown, now=NOW, relisted=relisted, loop=known(before))
    newest = dated[-1].happened_at or 0.0
    return [
        each.happened_at if each.happened_at is None else (newest - each.happened_at) / HOUR
        for each in dated
    ]


def test_those_that_nobody_saw_are_spread() -> None:
    """Unseen restarts are spread from the first instance's start to the start of the last known."""
    found = unseen(4, since=NOW - 11 * HOUR, latest=NOW - 2 * HOUR)

    assert [7, 4, 1, 0] == all_of(found)
    assert [None, None, 1, 0] == all_of(unseen(4, since=None, latest=NOW - 2 * HOUR))


def test_where_the_last_instance_is_not_known_either() -> None:
    """Without a known last instance they are spread until now; without a start they get no time."""
    found = unseen(3, since=NOW - 10 * HOUR, latest=None)
    assert [10 - 1 - 10 / 3, 10 - 1 - 20 / 3, 0] == pytest.approx(all_of(found))

    assert [None, None, 0] == all_of(unseen(3, since=None, latest=None))


def test_what_was_missed_lies_after_the_last_one_known() -> None:
    """If the pod does not tell its previous start, unseen restarts follow the last known one."""
    found = unseen(3, since=None, latest=NOW - 3 * HOUR)

    assert [4, 2, 0] == all_of(found, before=NOW - 7 * HOUR)
    assert [1, 1, 0] == all_of(found, before=NOW - 2 * HOUR)


def test_what_is_found_lies_after_the_last_one_known() -> None:
    """A node clock that is behind does not date a restart before the last known one."""
    [found] = date((ONE,), ahead(RUNS, -HOUR), now=NOW, relisted=True, loop=known(NOW - 100))
    assert NOW - 100 == found.happened_at

    [found] = date((ONE,), RUNS, now=NOW, relisted=True, loop=known(NOW + 100))
    assert NOW == found.happened_at


@pytest.mark.parametrize("seconds", [900.0, -900.0, 86400.0, -86400.0])
def test_a_jump_on_a_node_of_another_time(seconds: float) -> None:
    """A jump delivered by a watch ends now; the node's clock gives only the intervals."""
    begun, latest = NOW + seconds - 9 * HOUR, NOW + seconds - 2 * HOUR
    found = unseen(3, since=begun, latest=latest)
    dated = date(found, ahead(RUNS, seconds), now=NOW, relisted=False, loop=LoopState())

    assert [NOW - 4.5 * HOUR, NOW - HOUR, NOW] == [each.happened_at for each in dated]


@pytest.mark.parametrize(("behind", "at"), [(900.0, HOUR), (1800.0, HOUR - 900), (9 * HOUR, 0)])
def test_a_clock_that_is_known_to_be_behind(behind: float, at: float) -> None:
    """A known lag of the node's clock is added to a restart's time, up to now."""
    shown = ahead(RUNS, -900.0)
    [found] = date((ONE,), shown, now=NOW, relisted=True, loop=known(behind=behind))

    assert NOW - at == found.happened_at


def test_the_first_of_a_jump_whose_end_was_seen() -> None:
    """A restart whose end was seen is dated by that end, not by the jump found later."""
    newest = replace(ONE, jump=Jump(size=2, place=2))
    for end, at in ((NOW - 9 * HOUR, NOW - 9 * HOUR), (NOW + HOUR, NOW), (None, None)):
        first = replace(ONE, jump=Jump(size=2, place=0), termination=died(end=end))
        [dated, _] = date((first, newest), RUNS, now=NOW, relisted=True, loop=LoopState())
        assert at == dated.happened_at


def test_a_status_without_any_time() -> None:
    """A restart without any known time is dated to when it was found."""
    assert NOW == only(WAITS)
    assert NOW == only(WAITS, relisted=False)


def test_an_instance_that_could_not_be_started() -> None:
    """A runtime writes 0 as the start of an instance that could not start: it ended at once."""
    failed = died(128, container_id="c5", start=0.0, end=NOW - 100)
    assert NOW - 100 == only(replace(WAITS, last=failed))

    found = unseen(3, since=NOW - 10 * HOUR, latest=0.0)
    assert [10 - 1 - 10 / 3, 10 - 1 - 20 / 3, 0] == pytest.approx(all_of(found))


@pytest.mark.parametrize("seconds", [0.0, 900.0, -900.0])
def test_what_was_before_is_no_later_than_the_start_of_what_ended(seconds: float) -> None:
    """With a watch, the previous restart is dated by the start of the instance that ended."""
    begun = NOW - 2 * HOUR
    for since, after in ((begun + seconds, begun), (0.0, None), (None, None)):
        shown = ahead(replace(RUNS, running_since=NOW), seconds)
        restart = replace(ONE, jump=Jump(since=since))
        [found] = date((restart,), shown, now=NOW, relisted=False, loop=LoopState())
        assert after == found.after

        [found] = date((restart,), shown, now=NOW, relisted=True, loop=LoopState())
        assert found.after is None


@pytest.mark.parametrize(("later", "at"), [(60.0, 0.0), (61.0, 61.0), (HOUR, HOUR)])
def test_a_jump_that_comes_late(later: float, at: float) -> None:
    """A jump that arrives late by the node's clock is dated back by that delay."""
    found, shown = unseen(3, since=NOW - 9 * HOUR, latest=None), ahead(RUNS, HOUR - later)
    *_, newest = date(found, shown, now=NOW, relisted=False, loop=LoopState(), lead=0.0)
    assert NOW - at == newest.happened_at

    [alone] = date((ONE,), shown, now=NOW, relisted=False, loop=LoopState(), lead=0.0)
    assert NOW == alone.happened_at


def test_how_far_our_clock_is_ahead() -> None:
    """The clocks' difference is read from new start times only."""
    empty, begun = pod(1), pod(2, replace(RUNS, running_since=NOW - 5))
    ready, anew = pod(3, replace(RUNS, running_since=NOW - 5)), pod(4, replace(RUNS, last=DIED))

    assert follow_lead(None, empty, empty, now=NOW) is None
    assert 5 == follow_lead(None, empty, begun, now=NOW)
    assert 5 == follow_lead(5, begun, ready, now=NOW + HOUR)
    assert HOUR == follow_lead(5, pod(3, WAITS), anew, now=NOW)


@pytest.mark.parametrize("relisted", [True, False])
def test_a_list_tells_nothing_of_the_clock(relisted: bool) -> None:  # noqa: FBT001  # a parameter
    """A list does not update the clocks' difference: its statuses may be old."""
    state = None
    for version, at, since in ((1, NOW, NOW), (2, NOW + 9 * HOUR, NOW + HOUR)):
        shown = pod(version, replace(RUNS, running_since=since))
        seen = PodObserved(pod=shown, relisted=relisted and version > 1)
        state = observe(state, seen, Policy(), at).state

    assert state is not None
    assert (0 if relisted else 8 * HOUR) == state.lead
