"""Restart loops across watch gaps, operator restarts and node clocks that are wrong."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from probewatch.core.findings import Finding, LoopEnded, LoopStarted
from probewatch.core.ledger import fold
from probewatch.core.model import Condition, ContainerStatus, PodRef, Workload
from probewatch.core.observe import PodObserved
from probewatch.core.policy import Policy
from probewatch.core.recollection import recollect
from probewatch.core.records import Record
from probewatch.core.spec import Container, ContainerKind
from probewatch.store import Store
from tests.support.builders import LIVENESS, died, pod, spec, status

MINUTE, HOUR = 60.0, 3600.0
START = 1_000_000.0
WEEK = START + 168 * HOUR
CLOCKS = (0.0, 900.0, -900.0, 7200.0, -7200.0)
"""Seconds by which the node's clock is ahead of the operator's."""

STILL = status(name="side")
WITH_SIDECAR = spec(
    Container(name="app", liveness=LIVENESS),
    Container(name="side", kind=ContainerKind.SIDECAR, liveness=LIVENESS),
)

WEB = Workload(namespace="shop", kind="Deployment", name="web")


@dataclass
class History:
    """One pod, its node, and the operator processes that observe it."""

    ahead: float = 0.0
    """Seconds by which the node's clock is ahead."""
    last_state: bool = True
    """Whether the runtime keeps the previous instance (`lastState`)."""
    record: Record = field(default_factory=lambda: Record(workload=WEB))
    told: list[tuple[float, str]] = field(default_factory=list)
    """What was reported about loops, with the time."""
    version: int = 0
    counts: list[float] = field(default_factory=list)
    """When each restart happened."""

    def __post_init__(self) -> None:
        self.start_anew()
        self.look(START)

    def start_anew(self) -> None:
        """Start another operator process, which knows what is recorded."""
        record = self.record
        self.store = Store(remember=lambda each: recollect(record, each.uid, from_zero=True))

    def restart(self, *times: float, seen: bool = True) -> None:
        """Restart the container in place at these times; *seen* delivers each as it happens."""
        for at in times:
            if seen:
                self.pass_until(at)
            self.counts.append(at)
            if seen:
                self.look(at)

    def look(self, now: float, *, relisted: bool = False) -> None:
        """Deliver the current version of the pod."""
        self.version += 1
        seen = pod(self.version, self.status())
        self.take(self.store.feed(PodObserved(pod=seen, relisted=relisted), now), now)

    def lose_node(self, now: float) -> None:
        """The node lifecycle controller marks the pod as not ready: its node is unreachable."""
        self.version += 1
        lost = pod(self.version, self.status(), ready=False, since=now)
        heard = Condition(status=True, last_transition=START)
        lost = replace(lost, conditions={**lost.conditions, "ContainersReady": heard})
        self.take(self.store.feed(PodObserved(pod=lost), now), now)

    def come_back(self, now: float) -> None:
        """Start an operator process and let it list the pod."""
        self.start_anew()
        self.look(now, relisted=True)

    def pass_until(self, until: float) -> None:
        """Let time pass for the operator."""
        while (due := self.store.next_due()) is not None and due <= until:
            self.take(self.store.tick(due), due)

    def take(self, found: Sequence[Finding], now: float) -> None:
        for each in found:
            self.record = fold(self.record, each, limit=50)
            if isinstance(each, LoopStarted):
                self.told.append((now, "goes on" if each.resumed else "begins"))
            elif isinstance(each, LoopEnded):
                self.told.append((now, "ends"))

    def status(self) -> ContainerStatus:
        starts = [START, *self.counts]
        count = len(self.counts)
        last = None
        if count and self.last_state:
            begun, end = starts[-2] + self.ahead, starts[-1] + self.ahead - 1
            last = died(1, container_id=f"c{count - 1}", start=begun, end=end)
        return status(
            restart_count=count,
            container_id=f"c{count}",
            running_since=starts[-1] + self.ahead,
            last=last,
        )

    @property
    def words(self) -> list[str]:
        """What was reported about loops, without the times."""
        return [what for _, what in self.told]


@pytest.mark.parametrize("ahead", CLOCKS)
def test_a_jump_after_days_of_health_counts_in_full(ahead: float) -> None:
    """Two restarts in one version count as two: the next one makes a loop."""
    history = History(ahead=ahead)
    history.restart(WEEK, WEEK + 10, seen=False)
    history.look(WEEK + 10)
    history.restart(WEEK + 60)
    history.pass_until(WEEK + 100)

    assert [(WEEK + 90, "begins")] == history.told


@pytest.mark.parametrize("relisted", [True, False])
def test_restarts_of_a_long_outage_are_no_loop(relisted: bool) -> None:  # noqa: FBT001  # a parameter
    """Restarts that arrive at once after a kubelet's outage, but were far apart, are no loop."""
    history = History()
    history.restart(*(WEEK + k * 40 * MINUTE for k in range(3)), seen=False)
    history.look(WEEK + 100 * MINUTE, relisted=relisted)
    history.pass_until(WEEK + 24 * HOUR)

    assert [] == history.told


@pytest.mark.parametrize("ahead", CLOCKS)
def test_what_a_watch_catches_up_on_is_no_loop(ahead: float) -> None:
    """Restarts of hours that a stalled watch delivers within seconds are no loop."""
    history = History(ahead=ahead)
    for k in range(4):
        history.restart(WEEK + k * 80 * MINUTE, seen=False)
        history.look(WEEK + 300 * MINUTE + k)
    history.pass_until(WEEK + 9 * HOUR)

    assert [] == history.told


def test_a_loop_of_a_node_that_was_lost_is_over_when_it_is_found() -> None:
    """A loop that ended while its node was unreachable is not reported."""
    history = History()
    history.lose_node(WEEK)
    history.restart(*(WEEK + k * 60 for k in range(5)), seen=False)
    history.look(WEEK + 2 * HOUR)
    history.pass_until(WEEK + 3 * HOUR)

    assert [] == history.told


@pytest.mark.parametrize("ahead", [0.0, 24 * HOUR, -24 * HOUR])
def test_a_weekend_is_no_loop_on_a_node_of_another_time(ahead: float) -> None:
    """Restarts found at once are as far apart as the node's clock says, even if it is wrong."""
    history = History(ahead=ahead)
    history.restart(*(WEEK + k * 7 * HOUR for k in range(9)), seen=False)
    history.come_back(WEEK + 60 * HOUR)
    history.pass_until(WEEK + 90 * HOUR)

    assert [] == history.told


@pytest.mark.parametrize("ahead", CLOCKS)
def test_a_new_process_goes_on_with_a_loop(ahead: float) -> None:
    """A new process resumes a loop and ends it after the usual quiet time."""
    history = History(ahead=ahead)
    history.restart(*(WEEK + k * 300 for k in range(9)))
    history.pass_until(WEEK + 2500)
    history.come_back(WEEK + 2520)
    history.restart(WEEK + 2700)
    history.pass_until(WEEK + 5 * HOUR)

    assert ["begins", "goes on", "ends"] == history.words
    assert WEEK + 2700 + Policy().loop_quiet == history.told[-1][0]


@pytest.mark.parametrize("ahead", CLOCKS)
def test_a_process_that_comes_back_to_a_loop_after_hours(ahead: float) -> None:
    """Restarts missed during downtime kept the loop going: it does not end first."""
    history = History(ahead=ahead)
    history.restart(*(WEEK + k * 20 * MINUTE for k in range(9)))
    history.pass_until(WEEK + 161 * MINUTE)
    history.restart(*(WEEK + k * 20 * MINUTE for k in range(9, 18)), seen=False)
    history.come_back(WEEK + 341 * MINUTE)
    history.restart(WEEK + 360 * MINUTE)
    history.pass_until(WEEK + 361 * MINUTE)

    assert ["begins", "goes on"] == history.words


def test_a_loop_without_last_states_goes_on() -> None:
    """If the runtime keeps no `lastState`, the loop is Unobserved and does not flap."""
    history = History(last_state=False)
    history.restart(*(WEEK + k * 300 for k in range(24)))
    history.pass_until(WEEK + 7000)
    history.come_back(WEEK + 7010)
    history.pass_until(WEEK + 7100)

    assert ["begins", "goes on"] == history.words


@pytest.mark.parametrize("is_new", [True, False])
def test_a_loop_that_was_over_when_it_was_found_is_not_reported(is_new: bool) -> None:  # noqa: FBT001  # a parameter
    """A loop that was over before it was seen is not reported, nor by one later restart."""
    history = History()
    history.restart(WEEK)
    history.restart(*(WEEK + HOUR + k * 120 for k in range(12)), seen=False)
    if is_new:
        history.come_back(WEEK + 4 * HOUR)
    else:
        history.look(WEEK + 4 * HOUR, relisted=True)
    history.restart(WEEK + 5 * HOUR)
    history.pass_until(WEEK + 6 * HOUR)

    assert [] == history.told


def test_a_loop_that_goes_on_when_it_is_found_is_reported() -> None:
    """A loop still going on when found is reported once all missed restarts are known."""
    history = History()
    history.restart(WEEK)
    history.restart(*(WEEK + k * 20 * MINUTE for k in range(1, 9)), seen=False)
    history.look(WEEK + 165 * MINUTE, relisted=True)
    history.pass_until(WEEK + 166 * MINUTE)

    assert ["begins"] == history.words


def test_one_restart_after_a_loop_is_none_for_a_new_process() -> None:
    """After a loop has ended, a new process does not take one restart hours later for a loop."""
    history = History()
    history.restart(*(WEEK + k * 120 for k in range(9)))
    history.pass_until(WEEK + 2 * HOUR)
    history.come_back(WEEK + 2 * HOUR)
    history.restart(WEEK + 3 * HOUR)
    history.pass_until(WEEK + 4 * HOUR)

    assert ["begins", "ends"] == history.words


def test_a_restart_of_hours_before_does_not_keep_a_loop_going() -> None:
    """A restart hours before the loop does not delay its end, even for a new process."""
    history = History()
    history.restart(WEEK - 5 * HOUR, *(WEEK + k * 120 for k in range(9)))
    history.pass_until(WEEK + 1000)
    history.come_back(WEEK + 1000)
    history.pass_until(WEEK + 10 * HOUR)

    assert (WEEK + 960 + Policy().loop_quiet, "ends") == history.told[-1]


@pytest.mark.parametrize("before", [29.0, 1.0])
def test_a_restart_just_before_the_end_keeps_a_loop_going(before: float) -> None:
    """A restart just before the loop's end keeps it going although its verdict comes later."""
    history = History()
    history.restart(*(WEEK + k * 60 for k in range(3)))
    over = WEEK + 120 + Policy().loop_quiet
    history.restart(over - before, over + 60)
    history.pass_until(over + 120)

    assert ["begins"] == history.words


def test_a_loop_whose_end_comes_by_a_clock_that_was_set_back() -> None:
    """The record ends a loop even if its end is dated before its beginning."""
    history = History()
    history.restart(*(WEEK + k * 60 for k in range(3)))
    history.pass_until(WEEK + 200)
    assert 1 == len(history.record.loops())
    [began] = [mark for _, _, mark in history.record.loops()]
    ended = LoopEnded(
        pod=PodRef(uid=pod(1).uid, namespace="shop", name="web"),
        container="app",
        cause=began.cause,
        started_at=began.since,
        at=began.since - HOUR,
        restart_count=began.restart_count,
        epoch=began.epoch,
    )

    assert () == fold(history.record, ended, limit=50).loops()
    other = replace(ended, restart_count=began.restart_count - 1)
    assert 1 == len(fold(history.record, other, limit=50).loops())


def test_a_loop_goes_on_when_the_kubelet_begins_to_count_anew() -> None:
    """If the kubelet's count falls and rises again, it stays one loop and ends once."""
    history = History()
    history.restart(*(WEEK + k * 120 for k in range(4)))
    history.counts.clear()
    history.look(WEEK + 480)
    history.restart(*(WEEK + 600 + k * 120 for k in range(4)))
    history.pass_until(WEEK + 1000)
    history.come_back(WEEK + 1010)
    history.pass_until(WEEK + 9 * HOUR)

    assert ["begins", "goes on", "ends"] == history.words


def test_containers_of_a_pod_loop_by_themselves() -> None:
    """A sidecar's restarts make no loop of the container beside it."""
    store = Store()
    told: list[Finding] = []
    for count in range(4):
        at = WEEK + count * 60
        beside = replace(STILL, restart_count=count, container_id=f"s{count}", running_since=at)
        app = status(restart_count=count // 2, container_id=f"c{count // 2}", running_since=at)
        seen = pod(count + 1, app, beside, spec=WITH_SIDECAR)
        told += store.feed(PodObserved(pod=seen), at)
    told += store.tick(WEEK + 300)

    assert ["side"] == [each.container for each in told if isinstance(each, LoopStarted)]


@pytest.mark.parametrize("ahead", CLOCKS)
def test_a_loop_that_ended_during_an_outage_of_the_api_server(ahead: float) -> None:
    """A loop that began and ended during an outage of the API server is not reported."""
    history = History(ahead=ahead)
    history.restart(WEEK)
    history.restart(*(WEEK + k * 60 for k in range(1, 6)), seen=False)
    history.look(WEEK + 2 * HOUR)
    history.pass_until(WEEK + 3 * HOUR)

    assert [] == history.told


@pytest.mark.parametrize("ahead", CLOCKS)
def test_a_loop_that_goes_on_after_an_outage_of_the_api_server(ahead: float) -> None:
    """A loop that goes on after an outage is reported with the first version that arrives."""
    history = History(ahead=ahead)
    history.restart(WEEK)
    history.restart(*(WEEK + k * 300 for k in range(1, 12)), seen=False)
    history.look(WEEK + 3400)
    history.pass_until(WEEK + 3500)

    assert ["begins"] == history.words


@pytest.mark.parametrize("by", [2 * HOUR, -2 * HOUR])
def test_a_loop_on_a_node_whose_clock_was_set(by: float) -> None:
    """A loop is reported although a changed node clock makes its restarts look late."""
    history = History()
    history.restart(WEEK)
    history.ahead = by
    history.restart(WEEK + 60, WEEK + 65, seen=False)
    history.look(WEEK + 65)
    history.restart(*(WEEK + k * 60 for k in range(2, 5)))
    history.pass_until(WEEK + 400)

    assert "begins" == history.words[0]
    assert "ends" not in history.words
