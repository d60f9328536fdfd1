"""What two readings of the kubelet's probe counters tell about the restart between them."""

from dataclasses import replace

import pytest

from probewatch.core.counters import (
    READINGS_KEPT,
    Reading,
    rise,
    surely_before,
    with_reading,
)
from probewatch.core.restarts import CountedRestart
from probewatch.core.spec import Container, ProbeType
from tests.support.builders import LIVENESS, STARTUP, died

RESTART = CountedRestart(
    container=Container(name="app", liveness=LIVENESS),
    restart_count=4,
    termination=died(),
    observed_at=1000.0,
)
BEFORE = Reading(at=900.0, process=1.0, restart_count=3, liveness=5, startup=2)
AFTER = Reading(at=1000.0, process=1.0, restart_count=4, liveness=9, startup=2)
GRACE = 30.0
# 30 s of grace, four runs of 5 s, 30 s of slack: failures begin at most 80 s before.
LATEST_BEFORE = 920.0


@pytest.mark.parametrize(
    ("expected", "readings"),
    [
        (4, (BEFORE, AFTER)),
        (4, (replace(BEFORE, at=LATEST_BEFORE), AFTER)),
        (None, (replace(BEFORE, at=LATEST_BEFORE + 1), AFTER)),
        (None, (BEFORE, replace(AFTER, at=999.0))),
        (None, (BEFORE,)),
        (None, (AFTER,)),
        (None, ()),
        (None, (replace(BEFORE, process=2.0), AFTER)),
        (None, (replace(BEFORE, liveness=None), AFTER)),
        (None, (BEFORE, replace(AFTER, liveness=None))),
        (None, (BEFORE, replace(AFTER, liveness=4))),
        (0, (BEFORE, replace(AFTER, liveness=5))),
        (3, (replace(BEFORE, liveness=1), replace(BEFORE, liveness=6), AFTER)),
        (4, (BEFORE, AFTER, replace(AFTER, at=1100.0, liveness=99))),
    ],
    ids=[
        "rose",
        "as late as it may be",
        "too late before",
        "too early after",
        "none after",
        "none before",
        "none",
        "another process",
        "no series before",
        "no series after",
        "fell",
        "stood still",
        "the last before",
        "the first after",
    ],
)
def test_rise(expected: int | None, readings: tuple[Reading, ...]) -> None:
    """The rise is that between the last reading well before the restart and the first one after."""
    assert expected == rise(readings, RESTART, LIVENESS, GRACE)


def test_each_probe_has_its_counter() -> None:
    """Each probe is judged by its own counter; readiness has none, since it never kills."""
    assert 0 == rise((BEFORE, AFTER), RESTART, replace(STARTUP, period=5.0), GRACE)
    assert [5, None, 2] == [BEFORE.failed(kind) for kind in ProbeType]


@pytest.mark.parametrize(
    ("expected", "delay", "after", "count"),
    [
        (4, 31.0, 1000.0, 3),
        (3, 30.0, 1000.0, 3),
        (3, 30.0, 1004.0, 3),
        (2, 30.0, 1005.0, 3),
        (None, 31.0, 1000.0, 2),
    ],
    ids=["none of the next", "one of the next", "still one", "two of the next", "two restarts"],
)
def test_surely_before(expected: int | None, delay: float, after: float, count: int) -> None:
    """Failures that may be of the next instance are subtracted; two restarts yield nothing."""
    readings = (replace(BEFORE, restart_count=count), replace(AFTER, at=after))
    probe = replace(LIVENESS, initial_delay=delay)

    assert expected == surely_before(readings, RESTART, probe, GRACE)


def test_nothing_is_sure_without_a_rise() -> None:
    """Without a known rise there are no certain failures either."""
    assert None is surely_before((), RESTART, LIVENESS, GRACE)
    assert ProbeType.LIVENESS is LIVENESS.probe_type


def read_often(count: int, *, fails: bool) -> tuple[Reading, ...]:
    """Readings of ten seconds each, of a container whose probe fails before each of them or not."""
    readings: tuple[Reading, ...] = ()
    for number in range(count):
        new = replace(BEFORE, at=10.0 * number, liveness=5 + number * fails)
        readings = with_reading(readings, new)
    return readings


def test_of_equal_readings_the_first_and_the_last_are_kept() -> None:
    """However often a kubelet is read, what its counters were before is still known."""
    quiet = read_often(40, fails=False)
    assert (0.0, 390.0) == tuple(each.at for each in quiet)

    failed = replace(BEFORE, at=400.0, liveness=8)
    again = replace(failed, at=410.0)
    both = with_reading(with_reading(quiet, failed), again)
    assert (0.0, 390.0, 400.0, 410.0) == tuple(each.at for each in both)


def test_only_some_readings_are_kept() -> None:
    """Readings that all differ are bounded: the oldest go."""
    kept = read_often(READINGS_KEPT + 3, fails=True)

    assert (READINGS_KEPT, 30.0) == (len(kept), kept[0].at)


@pytest.mark.parametrize("change", [{"process": 2.0}, {"restart_count": 4}, {"startup": 3}])
def test_readings_that_differ_are_all_kept(change: dict[str, int]) -> None:
    """Another kubelet, another instance or another count is never merged."""
    readings = (BEFORE, replace(BEFORE, at=910.0))

    assert 3 == len(with_reading(readings, replace(BEFORE, at=920.0, **change)))
