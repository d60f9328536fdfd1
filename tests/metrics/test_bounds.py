"""Series end when they are no longer needed, and their number is limited."""

from dataclasses import replace

import pytest

from probewatch.core.causes import Cause, Pattern, Readiness
from probewatch.core.findings import LoopStarted
from probewatch.core.model import PodRef, PodUid, Workload
from probewatch.core.spec import PodSpec
from probewatch.metrics.cluster_families import RESTART_LOOP, RESTARTS, TIME_TO_READY
from probewatch.metrics.labels import OVERFLOW_CONTAINER
from probewatch.metrics.presence import BRIEFLY_KEPT_SECONDS, KEPT_SECONDS
from probewatch.metrics.series import Histogram, Table
from probewatch.metrics.totals import RestartTotal
from tests.metrics.scene import (
    ADVICE,
    APP,
    FLAPPING,
    LOOP,
    POD,
    WEB,
    Scene,
    gone,
    ready,
    restart,
    tracked,
)

JOB = Workload(namespace="shop", kind="Job", name="web")
DAY = 86_400.0
LATE_POD = replace(POD, uid=PodUid("u2"), name="late-1")
ALONE = Workload(namespace="shop", kind="Pod", name="web")


def number_of_series(scene: Scene) -> int:
    return sum(table.series for table in scene.counters.tables.every())


def after(scene: Scene, seconds: float) -> str:
    scene.time.seconds += seconds
    return scene.show("container_restarts_total")


def test_counters_stay_while_there_are_pods() -> None:
    """While a workload has pods, its counters are kept."""
    scene = Scene()
    scene.publish(tracked(), restart())

    assert 'cause="LivenessProbe"} 1' in after(scene, 100 * KEPT_SECONDS)


def test_workload_without_pods_is_let_go_of_as_a_whole() -> None:
    """A day after its last pod all series of a workload end at once, and none falls before."""
    scene = Scene()
    scene.publish(tracked(), restart(), gone())

    assert 'cause="LivenessProbe"} 1' in after(scene, KEPT_SECONDS - 1)
    assert "" == after(scene, 61)
    assert 0 == number_of_series(scene)


def test_workload_stays_until_the_last_of_pods_that_came_together() -> None:
    """Pods tracked in one finding are counted one by one, and so are their nodes."""
    scene = Scene()
    others = [replace(POD, uid=PodUid(f"u{n}"), name=f"web-{n}", node=f"n{n}") for n in (2, 3)]
    scene.publish(replace(tracked(), siblings=tuple(others)), restart(), gone(), gone(others[0]))
    both = [scene.counters.workload_of(pod.uid) for pod in (POD, *others)]
    assert [None, None, 'namespace="shop",workload="web",workload_type="deployment"'] == both

    assert 'cause="LivenessProbe"} 1' in after(scene, 2 * KEPT_SECONDS)
    assert 'node="n3"' in scene.show("node_wide_restarts_total")
    scene.publish(gone(others[1]))
    assert "" == after(scene, KEPT_SECONDS + 61)
    assert 0 == number_of_series(scene)


def test_workload_that_gets_a_pod_in_time_goes_on() -> None:
    """A CronJob's next pod within a day continues the counters."""
    scene = Scene()
    scene.publish(tracked(), restart(), gone())
    scene.time.seconds += KEPT_SECONDS - 60

    scene.publish(tracked(), restart())

    assert 'cause="LivenessProbe"} 2' in after(scene, KEPT_SECONDS)


@pytest.mark.parametrize("workload", [JOB, ALONE], ids=lambda workload: str(workload.kind))
def test_what_never_comes_back_goes_soon(workload: Workload) -> None:
    """Series of Jobs and single pods end soon, as their names never return."""
    scene = Scene()
    scene.publish(tracked(), restart(), gone(), workload=workload)

    assert 'cause="LivenessProbe"} 1' in after(scene, BRIEFLY_KEPT_SECONDS - 1)
    assert "" == after(scene, 61)


def test_nothing_counted_goes_soon() -> None:
    """Series that are 0 end soon, as they would return as 0."""
    scene = Scene()
    scene.publish(tracked(), gone())

    assert "" == after(scene, BRIEFLY_KEPT_SECONDS)
    assert 0 == number_of_series(scene)


def test_what_is_gone_is_looked_for_once_a_minute() -> None:
    """Thousands of pods may end at once, and each end is an occasion to look."""
    scene = Scene()
    scene.publish(tracked(), gone())
    shown = [after(scene, seconds) for seconds in (BRIEFLY_KEPT_SECONDS - 1, 1, 58, 1)]

    assert [True, True, True, False] == [text != "" for text in shown]


def test_churn_leaves_nothing_behind() -> None:
    """Thousands of short-lived pods leave no series behind."""
    scene = Scene()
    for number in range(2_000):
        pod = PodRef(uid=PodUid(f"u{number}"), namespace="shop", name=f"job-{number}", node="n1")
        owner = replace(ALONE, name=pod.name)
        scene.publish(tracked(pod=pod), ready(Readiness.NOT_READY, pod=pod), workload=owner)
        scene.publish(gone(pod), workload=owner)
        scene.time.seconds += 60.0

    assert number_of_series(scene) < 500
    scene.time.seconds += BRIEFLY_KEPT_SECONDS + 60
    scene.scrape()
    assert 0 == number_of_series(scene)


def test_restored_workload_without_pods_is_kept_for_its_time() -> None:
    """Totals restored from a record are shown at once, and end like all others."""
    before = Scene()
    before.publish(tracked(), restart())
    scene = Scene()
    scene.counters.restore(before.counters.totals_of(WEB))

    assert 'cause="LivenessProbe"} 1' in after(scene, KEPT_SECONDS - 1)
    assert "" == after(scene, 61)


def test_beyond_the_limit_things_are_counted_together() -> None:
    """Restarts beyond the limit of series are counted in one overflow series."""
    scene = Scene(limit=7)
    scene.publish(tracked())
    for number in (2, 3):
        pod = replace(POD, uid=PodUid(f"u{number}"))
        late = replace(WEB, name=f"late-{number}")
        scene.publish(tracked(pod=pod), restart(Cause.ERROR, pod=pod), workload=late)

    shown = scene.show("container_restarts_total", "series_dropped_total")

    assert (
        'container_restarts_total{namespace="",workload="_overflow",workload_type="",'
        'container="",cause="Error"} 2' in shown
    )
    assert "late-" not in shown
    assert 'series_dropped_total{family="probewatch_container_restarts_total"} 0.0' not in shown


def test_what_was_counted_together_is_not_counted_again_from_a_record() -> None:
    """A restart in the overflow series is not counted again from the record."""
    scene = Scene(limit=7)
    late = replace(WEB, name="late")
    scene.publish(tracked())
    scene.publish(tracked(pod=LATE_POD), workload=late)
    assert f'{OVERFLOW_CONTAINER},cause="Error"}} 0' in after(scene, 0)
    for count in (1, 2, 3):
        scene.publish(restart(Cause.ERROR, pod=LATE_POD), workload=late)
        scene.counters.restore(
            [RestartTotal(workload=late, container="app", cause=Cause.ERROR, count=count)]
        )

    assert f'{OVERFLOW_CONTAINER},cause="Error"}} 3' in after(scene, 0)
    assert 3 == sum(sum(values) for _, values in scene.counters.tables.restarts.rows.values())


def test_room_that_comes_later_brings_no_old_restarts() -> None:
    """Later room does not move overflowed restarts to a new series, which would seem to rise."""
    scene = Scene(limit=7)
    late = replace(WEB, name="late")
    scene.publish(tracked())
    scene.publish(tracked(pod=LATE_POD), restart(Cause.ERROR, pod=LATE_POD), workload=late)
    scene.publish(gone())
    assert 'workload="web"' not in after(scene, BRIEFLY_KEPT_SECONDS + 61)

    changed = PodSpec(containers=(replace(APP, readiness=None),))
    scene.publish(tracked(pod=replace(LATE_POD, uid=PodUid("u3")), spec=changed), workload=late)
    scene.publish(restart(Cause.ERROR, pod=LATE_POD), workload=late)
    scene.counters.restore(
        [RestartTotal(workload=late, container="app", cause=Cause.ERROR, count=2)]
    )

    assert f'{OVERFLOW_CONTAINER},cause="Error"}} 2' in after(scene, 0)
    assert "late" not in after(scene, 0)


def test_gauges_beyond_the_limit_are_only_counted() -> None:
    """Gauges beyond the limit are dropped and counted, since they cannot be summed."""
    table = Table(RESTART_LOOP, limit=1)
    table.put("a", ("",), (1,))
    table.put("b", ("",), (1,))
    table.set("c", "", 1)
    table.add("d", "")

    assert ({"a": (("",), (1,))}, 1, 3) == (table.rows, table.series, table.dropped)


def test_gauge_that_takes_the_place_of_another_takes_its_room() -> None:
    """A container whose loops change their cause has one series at a time, and counts as one."""
    table = Table(RESTART_LOOP, limit=1)
    for tail in ("x", "y", "x"):
        table.put("a", (tail,), (1,))

    assert ({"a": (("x",), (1,))}, 1, 0) == (table.rows, table.series, table.dropped)


def test_room_that_was_left_is_used_again() -> None:
    """A series that ends makes room for another."""
    table = Table(RESTARTS, limit=2)
    table.begin("a", ("x", "y"))
    table.drop("a")
    table.begin("b", ("x", "y"))

    assert (2, 0) == (table.series, table.dropped)


def test_subject_that_was_dropped_may_begin_anew() -> None:
    """A subject that found no room gets series of its own if it returns when there is room."""
    table = Table(RESTARTS, limit=2, overflow="sum")
    table.begin("a", ("x", "y"))
    table.begin("b", ("x", "y"))
    for subject in ("a", "b", "sum"):
        table.drop(subject)

    table.add("b", "x")

    assert {"b": (("x",), (1,))} == table.rows
    assert (1, 2) == (table.series, table.dropped)


def test_distributions_have_a_limit_too() -> None:
    """A histogram counts all of its lines against the limit; one that has begun goes on."""
    table = Histogram(TIME_TO_READY, bounds=(1.0, 2.0), limit=10)
    for subject in ("a", "b", "c", "a"):
        table.observe(subject, 1.5)

    assert {"a": ((0, 2, 0), 3.0), "b": ((0, 1, 0), 1.5)} == table.rows
    assert (10, 1) == (table.series, table.dropped)


def test_same_zeros_are_one_object() -> None:
    """Rows of zeros share one object."""
    table = Table(RESTARTS, limit=10)
    table.begin("a", ("x", "y"))
    table.begin("b", ("x", "y"))

    assert table.rows["a"] is table.rows["b"]


def test_finding_about_a_pod_that_is_gone_brings_nothing_back() -> None:
    """A late finding is counted for its workload, but does not count as a pod of it."""
    scene = Scene()
    scene.publish(tracked(), gone(), restart())

    assert 'cause="LivenessProbe"} 1' in after(scene, KEPT_SECONDS - 1)
    assert "" == after(scene, 61)


def test_a_restart_that_is_told_after_its_pod_went_leaves_no_series_of_the_pod() -> None:
    """Findings about a deleted pod create no series of that pod."""
    scene = Scene()
    scene.publish(tracked(), gone(), restart(), restart(baseline=True), LOOP, FLAPPING, ADVICE)

    assert 'cause="LivenessProbe"} 1' in scene.show("container_restarts_total")
    assert 0 == sum(table.series for table in scene.counters.tables.of_pods())
    assert 0 == sum(table.series for table in scene.counters.tables.states())


def test_a_node_whose_restart_is_told_late_ends_like_the_others() -> None:
    """A late finding about a deleted node creates a series that ends as usual."""
    scene = Scene()
    scene.publish(tracked(), gone())
    assert "" == after(scene, 2 * KEPT_SECONDS)

    scene.publish(restart(pattern=Pattern.NODE_WIDE))

    assert 'node_wide_restarts_total{node="n1"} 1' == scene.show("node_wide_restarts_total")
    assert "" == after(scene, KEPT_SECONDS + 61)
    assert 0 == number_of_series(scene)


def test_node_without_pods_ends() -> None:
    """Series of a node end some time after its last pod."""
    scene = Scene()
    loop = LoopStarted(
        pod=POD, container="app", cause=Cause.ERROR, restarts=3, window=900.0, at=1.0
    )
    moved = replace(POD, node="n2")
    scene.publish(tracked(), loop, replace(loop, pod=moved))

    assert 'node="n1"' in scene.show("node_wide_restarts_total")
    scene.time.seconds += BRIEFLY_KEPT_SECONDS + 1
    assert 'node_wide_restarts_total{node="n2"} 0' == scene.show("node_wide_restarts_total")


def test_node_with_restarts_is_kept_for_a_day() -> None:
    """What was counted on a node stays for a day after its last pod, as for workloads."""
    scene = Scene()
    scene.publish(tracked(), restart(pattern=Pattern.NODE_WIDE), gone())

    scene.time.seconds += DAY - 61
    assert 'node_wide_restarts_total{node="n1"} 1' == scene.show("node_wide_restarts_total")
    scene.time.seconds += 122
    assert "" == scene.show("node_wide_restarts_total")


def test_older_finding_without_a_node_keeps_the_node_of_its_pod() -> None:
    """A finding from before the pod was scheduled does not take the pod off its node."""
    scene = Scene()
    scene.publish(tracked(), ready(Readiness.READY, pod=replace(POD, node="")))

    scene.time.seconds += BRIEFLY_KEPT_SECONDS + 61
    assert 'node_wide_restarts_total{node="n1"} 0' == scene.show("node_wide_restarts_total")


def test_end_of_a_pod_brings_no_workload_back() -> None:
    """The last finding of a pod whose workload has no series starts none."""
    total = RestartTotal(workload=WEB, container="app", cause=Cause.ERROR, count=7)
    scene = Scene(recall=lambda _: (total,))

    scene.publish(gone())

    assert "" == scene.show("container_restarts_total")
