"""Replicas that lead in turn show the same series without an apparent rise."""

from dataclasses import replace

import pytest

from probewatch.core.causes import Cause, Pattern, Readiness
from probewatch.core.findings import RestartCorrected
from probewatch.metrics.labels import OVERFLOW_CONTAINER
from probewatch.metrics.presence import BRIEFLY_KEPT_SECONDS
from probewatch.metrics.series import Table
from probewatch.metrics.tables import Tables
from probewatch.metrics.totals import RestartTotal
from tests.metrics.scene import FAILED, UNANSWERED, WEB, Scene, gone, ready, restart, tracked

EVERYTHING = (
    tracked(),
    restart(pattern=Pattern.WORKLOAD_WIDE),
    restart(pattern=Pattern.NODE_WIDE),
    RestartCorrected(was=restart(Cause.UNKNOWN), now=restart()),
    UNANSWERED,
    FAILED,
    ready(Readiness.NOT_READY),
    ready(Readiness.READY, not_ready_seconds=42.5, time_to_ready=3.0),
)


OWN = ("restart_verdicts", "findings", "series", "internal_errors", "api_", "watch_", "event")
"""Metrics about the process itself, which no other replica shows."""


def counters(scene: Scene) -> dict[str, float]:
    """All counters of workloads and nodes, with their values."""
    shown = (line.rpartition(" ") for line in scene.scrape().splitlines())
    return {
        name: float(value)
        for name, _, value in shown
        if "{" in name
        and name.partition("{")[0].endswith(("_total", "_bucket", "_sum", "_count"))
        and not name.removeprefix("probewatch_").startswith((*OWN, "process"))
    }


def scene_in_its_first_term() -> Scene:
    scene = Scene()
    scene.counters.begin_term(1, ())
    scene.publish(*EVERYTHING)
    return scene


def test_a_new_term_begins_at_0_what_no_record_holds() -> None:
    """In a new term all counters without a record start at 0."""
    scene = scene_in_its_first_term()
    before = counters(scene)

    scene.counters.begin_term(2, ())

    after = counters(scene)
    assert before.keys() == after.keys()
    rest = {name: value for name, value in after.items() if "container_restarts" not in name}
    assert {0.0} == set(rest.values())
    assert any(before[name] for name in rest)


def restarts(count: int) -> RestartTotal:
    return RestartTotal(workload=WEB, container="app", cause=Cause.LIVENESS_PROBE, count=count)


@pytest.mark.parametrize(
    ("shown", "held", "before", "saved"),
    [(5, 5, 2, 5), (2, 5, 2, 0), (3, 3, 7, 3), (0, 0, 7, 0)],
    ids=["another counted more", "not saved yet", "it was another workload", "nothing is held"],
)
def test_a_new_term_goes_on_with_restarts(shown: int, held: int, before: int, saved: int) -> None:
    """Restarts continue between what was shown and what the records hold."""
    scene = Scene()
    scene.counters.begin_term(1, ())
    scene.counters.restore([restarts(before)])

    assert scene.counters.begin_term(2, [restarts(held)])
    scene.counters.restore([restarts(saved)])

    assert f'cause="LivenessProbe"}} {shown}' in scene.show("container_restarts_total")


def test_a_workload_that_is_made_anew_begins_with_its_own_restarts() -> None:
    """A recreated workload starts with its own restarts; others are unaffected."""
    scene = Scene()
    other = replace(WEB, name="other")
    scene.counters.restore([restarts(7), replace(restarts(7), workload=other)])
    scene.counters.restore([replace(restarts(4), cause=Cause.ERROR)])

    scene.counters.begin_anew(WEB, [restarts(2)])

    rows = scene.show("container_restarts_total").splitlines()
    assert [2, 0, 7] == [int(row.rpartition(" ")[2]) for row in rows]


def test_what_is_counted_in_a_new_term_is_shown() -> None:
    """Series stay visible at 0, so that the first rise of the new term is seen."""
    scene = scene_in_its_first_term()

    scene.counters.begin_term(2, ())
    scene.publish(restart(pattern=Pattern.WORKLOAD_WIDE), ready(Readiness.READY, time_to_ready=7.0))

    assert (
        'pattern_restarts_total{app,pattern="WorkloadWide",cause="LivenessProbe"} 1'
        in scene.show("pattern_restarts_total")
    )
    assert "time_to_ready_seconds_sum{web} 7.0" == scene.show("time_to_ready_seconds_sum")


def test_a_term_that_goes_on_changes_nothing() -> None:
    """Reading records again in the same term changes no counter."""
    scene = scene_in_its_first_term()
    before = counters(scene)

    assert not scene.counters.begin_term(1, ())

    assert before == counters(scene)


def test_the_sum_of_what_has_no_room_begins_at_0_in_a_new_term() -> None:
    """The overflow series, which no record has, starts at 0."""
    scene = Scene(limit=1)
    scene.counters.begin_term(1, ())
    scene.publish(tracked(), restart())
    assert 'workload="_overflow"' in scene.show("container_restarts_total")

    scene.counters.begin_term(2, ())

    assert 0 == sum(sum(values) for _, values in scene.counters.tables.restarts.rows.values())


@pytest.mark.parametrize("name", ["restarts", "failures"])
def test_subject_in_the_sum_gets_series_of_its_own_in_a_new_term(name: str) -> None:
    """What had no room is counted by itself in a new term, if there is room now, and not before."""
    tables = Tables(limit=3)
    table: Table = getattr(tables, name)
    for subject in ("early", "late"):
        table.begin(subject, ("x", "y"))
    table.drop("early")
    table.add("late", "x")
    assert (0, 1) == (table.value("late", "x"), table.value(OVERFLOW_CONTAINER, "x"))

    tables.start_over()
    table.add("late", "x")

    assert (1, 0) == (table.value("late", "x"), table.value(OVERFLOW_CONTAINER, "x"))


def test_distributions_of_the_term_before_do_not_keep_a_workload() -> None:
    """Histograms of the previous term do not prolong a workload's series."""
    scene = Scene()
    scene.counters.begin_term(1, ())
    scene.publish(tracked(), ready(Readiness.READY, time_to_ready=7.0), gone())

    scene.counters.begin_term(2, ())
    scene.time.seconds += BRIEFLY_KEPT_SECONDS + 61

    assert "" == scene.show("time_to_ready_seconds_sum", "readiness_transitions_total")
