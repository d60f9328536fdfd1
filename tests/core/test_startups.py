"""How much of its startup budget a container needed, and when that is unknown."""

from dataclasses import replace

import pytest

from probewatch.core.findings import Finding
from probewatch.core.model import Condition, ContainerStatus, Pod
from probewatch.core.observe import PodObserved, observe
from probewatch.core.policy import Policy
from probewatch.core.spec import Container
from probewatch.core.startups import StartupSucceeded, is_narrow
from probewatch.core.state import PodState
from tests.support.builders import LIVENESS, READINESS, STARTUP, pod, spec, status

SLOW = replace(STARTUP, period=5.0, failure_threshold=12)
"""Its startup probe allows 55 seconds for certain."""
APP = Container(name="app", startup=SLOW, readiness=READINESS)
PLAIN = Container(name="plain", liveness=LIVENESS)

WAITING = status(ready=False, started=False, running_since=None, container_id="")
STARTS = status(ready=False, started=False, running_since=1.0, container_id="A")
STARTED = replace(STARTS, started=True)


def version(
    number: int, *statuses: ContainerStatus, ready_at: float | None = None, app: Container = APP
) -> Pod:
    """A version of the pod; *ready_at* is its Ready time by the node's clock."""
    ready = Condition(status=ready_at is not None, last_transition=ready_at or 0.5)
    return pod(number, *statuses, spec=spec(app, PLAIN), conditions={"Ready": ready})


def play(*versions: tuple[float, Pod]) -> tuple[Finding, ...]:
    """The startup findings of versions of a pod that arrive at these times."""
    state: PodState | None = None
    found: tuple[Finding, ...] = ()
    for now, each in versions:
        step = observe(state, PodObserved(pod=each), Policy(), now)
        state, found = step.state, (*found, *step.findings)
    return tuple(each for each in found if isinstance(each, StartupSucceeded))


def only(*versions: tuple[float, Pod]) -> StartupSucceeded:
    (found,) = play(*versions)
    assert isinstance(found, StartupSucceeded)
    return found


@pytest.mark.parametrize(
    ("after", "narrow"), [(5.0, False), (49.0, False), (51.0, True), (55.0, True), (59.0, True)]
)
def test_a_startup_is_timed_from_its_first_sight(after: float, *, narrow: bool) -> None:
    """A start lasts from the first version of the instance to the one that shows it started."""
    found = only(
        (0.0, version(1, WAITING)),
        (2.0, version(2, STARTS)),
        (2.0 + after, version(3, STARTED)),
        (150.0, version(4, replace(STARTED, ready=True), ready_at=148.0)),
    )

    assert ("app", after, narrow) == (found.container, found.after, found.narrow)


@pytest.mark.parametrize(
    ("met", "later"), [(WAITING, STARTS), (STARTED, STARTED)], ids=["still at it", "there before"]
)
def test_each_container_is_timed_by_itself(met: ContainerStatus, later: ContainerStatus) -> None:
    """A container that is still starting, or runs already, does not affect another one."""
    two = spec(APP, replace(APP, name="next"))
    waits, starts = replace(WAITING, name="next"), replace(STARTS, name="next")
    found = only(
        (0.0, replace(version(1, met, waits), spec=two)),
        (2.0, replace(version(2, later, starts), spec=two)),
        (9.0, replace(version(3, later, replace(starts, started=True)), spec=two)),
    )

    assert ("web", "next", 7.0) == (found.pod.name, found.container, found.after)


def test_a_startup_is_reported_once() -> None:
    """Further versions of a started container report nothing."""
    ready = replace(STARTED, ready=True)

    assert 1 == len(
        play(
            (0.0, version(1, WAITING)),
            (2.0, version(2, STARTS)),
            (3.0, version(3, STARTS, status(name="plain"))),
            (9.0, version(4, STARTED)),
            (10.0, version(5, ready, ready_at=10.0)),
            (11.0, version(6, ready, status(name="plain"), ready_at=10.0)),
        )
    )


def test_every_instance_starts_anew() -> None:
    """After a kill during its start, a container is timed from the new start."""
    found = only(
        (0.0, version(1, WAITING)),
        (2.0, version(2, STARTS)),
        (62.0, version(3, replace(STARTS, container_id="B", running_since=61.0))),
        (70.0, version(4, replace(STARTED, container_id="B", running_since=61.0))),
    )

    assert (8.0, False) == (found.after, found.narrow)


def test_a_quick_start_may_never_be_seen_starting() -> None:
    """An instance first seen as started took 0 s."""
    found = only((0.0, version(1, WAITING)), (4.0, version(2, STARTED)))

    assert (0.0, False) == (found.after, found.narrow)


def test_what_the_instance_before_had_said_is_not_taken_for_a_start() -> None:
    """In 1.35 and 1.36 an instance that replaces another in place first shows `started: true`."""
    again = replace(STARTED, container_id="B", running_since=101.0, restart_count=1)
    first, found = play(
        (0.0, version(1, WAITING)),
        (2.0, version(2, STARTS)),
        (9.0, version(3, STARTED)),
        (102.0, version(4, again)),
        (106.0, version(5, replace(again, started=False))),
        (142.0, version(6, again)),
    )

    assert isinstance(first, StartupSucceeded)
    assert isinstance(found, StartupSucceeded)
    assert (7.0, 40.0) == (first.after, found.after)


OTHER = replace(STARTED, container_id="B", running_since=101.0, restart_count=1)
"""The next instance, replaced in place, still showing `started` of the one before."""


@pytest.mark.parametrize(
    ("versions", "told"),
    [
        pytest.param(
            [(103.0, True, None), (106.0, False, None), (142.0, True, None)],
            [40.0],
            id="another container changed before the first run",
        ),
        pytest.param(
            [(103.0, True, None), (107.0, True, 106.0)], [5.0], id="ready by the first run"
        ),
        pytest.param(
            [(103.0, True, None), (130.0, True, 129.0)], [], id="ready after the first run"
        ),
        pytest.param([(103.0, True, 50.0), (140.0, True, 50.0)], [], id="ready since long before"),
        pytest.param([(103.0, True, None), (140.0, True, None)], [], id="no word of the start"),
    ],
)
def test_a_start_after_a_replacement_is_told_if_it_was_seen(
    versions: list[tuple[float, bool, float | None]], told: list[float]
) -> None:
    """An inherited `started` lasts until the first probe run, in any number of versions."""
    later = (
        (
            now,
            version(
                5 + number,
                replace(OTHER, started=started),
                status(name="plain", restart_count=number),
                ready_at=ready_at,
            ),
        )
        for number, (now, started, ready_at) in enumerate(versions)
    )
    _, *found = play(
        (0.0, version(1, WAITING)),
        (2.0, version(2, STARTS)),
        (9.0, version(3, STARTED)),
        (102.0, version(4, OTHER)),
        *later,
    )

    assert told == [each.after for each in found if isinstance(each, StartupSucceeded)]


def test_a_start_that_was_under_way_is_not_reported() -> None:
    """A start that was under way at first sight is not timed."""
    assert () == play((0.0, version(1, STARTS)), (50.0, version(2, STARTED)))


def test_a_late_version_does_not_make_a_start_long() -> None:
    """After a gap in the watch, the node's Ready time limits the duration."""
    found = only(
        (0.0, version(1, WAITING)),
        (2.0, version(2, STARTS)),
        (57.0, version(3, replace(STARTED, ready=True), ready_at=7.0)),
    )

    assert (6.0, False) == (found.after, found.narrow)


# A period until the first run, twelve more, and a timeout.
@pytest.mark.parametrize(("after", "told"), [(66.0, [66.0]), (67.0, []), (300.0, [])])
def test_what_would_have_been_killed_was_seen_late(after: float, told: list[float]) -> None:
    """A start longer than its probe allows was seen late, and is not reported."""
    found = play(
        (0.0, version(1, WAITING)), (2.0, version(2, STARTS)), (2.0 + after, version(3, STARTED))
    )

    assert told == [each.after for each in found if isinstance(each, StartupSucceeded)]


def test_a_pod_that_was_met_before_anything_of_it_was_there() -> None:
    """A container without a status at first sight is timed from its first status."""
    nothing = replace(version(1), statuses=())
    found = only((0.0, nothing), (2.0, version(2, STARTS)), (9.0, version(3, STARTED)))

    assert 7.0 == found.after
    assert 0.0 == only((0.0, nothing), (2.0, version(2, STARTED))).after


def test_ready_since_nobody_knows_when() -> None:
    """Without a Ready time, times of arrival are used."""
    ready = version(3, STARTED, ready_at=1.0)
    timeless = replace(ready, conditions={"Ready": Condition(status=True)})
    found = only((0.0, version(1, WAITING)), (2.0, version(2, STARTS)), (9.0, timeless))

    assert 7.0 == found.after


def test_clocks_that_disagree_give_no_negative_time() -> None:
    """A Ready time before the start gives 0 s, not a negative duration."""
    found = only(
        (0.0, version(1, WAITING)),
        (2.0, version(2, STARTS)),
        (9.0, version(3, replace(STARTED, ready=True), ready_at=0.5)),
    )

    assert 0.0 == found.after


def test_without_a_startup_probe_nothing_is_reported() -> None:
    """Without a startup probe no start is reported: `started` is true as soon as it runs."""
    app = replace(APP, startup=None)

    assert () == play(
        (0.0, version(1, WAITING, app=app)),
        (2.0, version(2, STARTS, app=app)),
        (50.0, version(3, STARTED, app=app)),
    )


@pytest.mark.parametrize(
    ("changes", "after", "narrow"),
    [
        pytest.param({"period": 1.0, "failure_threshold": 21}, 11.0, False, id="11 of 20"),
        pytest.param({"period": 5.0, "failure_threshold": 61}, 125.0, False, id="125 of 300"),
        pytest.param({"failure_threshold": 61}, 310.0, False, id="310 of 600"),
        pytest.param({"failure_threshold": 91}, 890.0, True, id="890 of 900"),
        pytest.param({"failure_threshold": 1}, 10.5, False, id="one run, which is the first"),
        pytest.param({"failure_threshold": 2}, 11.0, False, id="of two runs the first, at most"),
        pytest.param({"failure_threshold": 2}, 12.0, True, id="of two runs the second"),
        pytest.param({"failure_threshold": 3}, 20.0, True, id="of three runs the last"),
        pytest.param({"initial_delay": 60.0}, 71.0, False, id="the first run after the delay"),
        pytest.param({"failure_threshold": 31}, 251.0, False, id="ready after 240 of 300 at least"),
        pytest.param({"failure_threshold": 31}, 251.5, True, id="ready after more than 240 of 300"),
    ],
)
def test_narrow_is_what_surely_was(
    changes: dict[str, float], after: float, *, narrow: bool
) -> None:
    """A start is narrow only if it is so even when the last run came a whole period late."""
    probe = replace(STARTUP, **changes)  # type: ignore[arg-type]  # names are checked by replace

    assert narrow is is_narrow(probe, after)
