"""Series of the pods and workloads that are followed: they appear, move and end with them."""

from dataclasses import replace

from probewatch.core.causes import Cause, Readiness
from probewatch.core.model import PodUid, Workload
from probewatch.core.spec import Container, PodSpec
from tests.metrics.scene import (
    ADVICE,
    APP,
    FLAPPING,
    LIVENESS,
    LOOP,
    LOOP_END,
    OTHER_POD,
    POD,
    SPEC,
    STARTUP,
    Scene,
    gone,
    lines,
    ready,
    restart,
    scene_with,
    tracked,
)


def test_series_of_a_pod_end_with_it() -> None:
    """A deleted pod leaves only counters."""
    scene = scene_with(LOOP, FLAPPING, restart(), replace(LOOP_END, gone=True), gone())

    assert "" == scene.show(
        "restart_loop", "readiness_flapping", "container_last_restart_timestamp_seconds"
    )
    assert 'cause="LivenessProbe"} 1' in scene.show("container_restarts_total")


def test_budgets_follow_the_newest_spec() -> None:
    """Budgets are those of the pod tracked last; a removed probe has none."""
    scene = scene_with()
    assert 'probe_budget_seconds{app,probe_type="Liveness"} 20.0' == scene.show(
        "probe_budget_seconds"
    )

    changed = PodSpec(containers=(Container(name="app", startup=STARTUP),))
    scene.publish(tracked(pod=OTHER_POD, spec=changed))

    assert 'probe_budget_seconds{app,probe_type="Startup"} 60.0' == scene.show(
        "probe_budget_seconds"
    )


def test_budgets_and_advice_end_with_the_last_pod() -> None:
    """Budgets and advice end with the last pod and return with the next."""
    scene = scene_with(ADVICE)
    assert 'probe_advice{app,probe_type="Liveness",finding="ProbeNeverKills"} 1' in scene.show(
        "probe_advice"
    )

    scene.publish(gone())
    assert "" == scene.show("probe_budget_seconds", "probe_advice")

    scene.publish(tracked())
    assert "Liveness" in scene.show("probe_budget_seconds")


def test_one_pod_of_several_takes_nothing_with_it() -> None:
    """Budgets stay while the workload has any pod."""
    scene = scene_with(tracked(pod=OTHER_POD), gone())

    assert "Liveness" in scene.show("probe_budget_seconds")


def test_a_pod_that_gets_its_node_late_keeps_its_budget() -> None:
    """A pod tracked before it was scheduled keeps its budget."""
    scene = Scene()
    scene.publish(tracked(pod=replace(POD, node="")))

    scene.publish(ready(Readiness.READY))

    assert "Liveness" in scene.show("probe_budget_seconds")


def test_what_was_observed_of_a_spec_ends_with_it() -> None:
    """Observed advice ends with a rollout of another image; budgets stay."""
    scene = scene_with(tracked(), ADVICE)
    again = replace(SPEC, containers=(replace(SPEC.containers[0], image="web:2"),))

    scene.publish(tracked(OTHER_POD, again))

    assert "ProbeNeverKills" not in scene.show("probe_advice")
    assert 'probe_type="Liveness"} 20' in scene.show("probe_budget_seconds")


def test_advice_outlives_a_pod_with_an_equal_spec() -> None:
    """Observed advice stays when another pod with the same spec is tracked."""
    scene = scene_with(ADVICE)

    scene.publish(tracked(OTHER_POD, replace(SPEC)))

    assert "ProbeNeverKills" in scene.show("probe_advice")


def test_pod_that_moves_brings_no_older_spec() -> None:
    """A pod whose Deployment becomes known late does not bring back the budget of its own spec."""
    nearest = Workload(namespace="shop", kind="ReplicaSet", name="web-5d4")
    changed = PodSpec(containers=(Container(name="app", startup=STARTUP),))
    scene = Scene()
    scene.publish(tracked(), workload=nearest)
    scene.publish(tracked(OTHER_POD, changed))

    scene.publish(restart())

    expected = 'probe_budget_seconds{app,probe_type="Startup"} 60.0'
    assert expected == scene.show("probe_budget_seconds")


def test_advice_from_the_spec_is_shown() -> None:
    """Static advice is shown as soon as a pod is tracked."""
    hasty = replace(APP, liveness=replace(LIVENESS, failure_threshold=1))
    scene = Scene()

    scene.publish(tracked(spec=PodSpec(containers=(hasty,))))

    assert 'finding="LivenessSingleFailure"} 1' in scene.show("probe_advice")


def test_pod_moves_when_its_workload_becomes_known() -> None:
    """A pod moves from its nearest owner to its real workload."""
    nearest = Workload(namespace="shop", kind="ReplicaSet", name="web-5d4")
    scene = Scene()
    scene.publish(tracked(), workload=nearest)

    scene.publish(restart(), gone())

    assert 'container_restarts_total{app,cause="LivenessProbe"} 1' in scene.show(
        "container_restarts_total"
    )
    assert "web-5d4" not in scene.show("probe_budget_seconds")


def test_a_moved_pod_takes_its_budget_along() -> None:
    """The budget moves to the real workload as well."""
    nearest = Workload(namespace="shop", kind="ReplicaSet", name="web-5d4")
    scene = Scene()
    scene.publish(tracked(), workload=nearest)

    scene.publish(restart())

    assert 'probe_budget_seconds{app,probe_type="Liveness"} 20.0' == scene.show(
        "probe_budget_seconds"
    )


def test_a_moved_pod_takes_its_own_series_along() -> None:
    """A loop that began under the nearest owner ends under the real workload: it is shown once."""
    nearest = Workload(namespace="shop", kind="ReplicaSet", name="web-5d4")
    scene = Scene()
    scene.publish(tracked(), LOOP, FLAPPING, restart(), workload=nearest)

    scene.publish(ready(Readiness.READY))
    assert 'restart_loop{app,pod="web-1",cause="Error"} 1' == scene.show("restart_loop")
    assert 'readiness_flapping{web,pod="web-1"} 1' == scene.show("readiness_flapping")

    scene.publish(LOOP_END, replace(FLAPPING, flapping=False))
    assert lines(
        'restart_loop{app,pod="web-1",cause="Error"} 0',
        'container_last_restart_timestamp_seconds{app,pod="web-1",cause="LivenessProbe"} 1700.0',
        'readiness_flapping{web,pod="web-1"} 0',
    ) == scene.show(
        "restart_loop", "readiness_flapping", "container_last_restart_timestamp_seconds"
    )
    scene.publish(gone())
    assert 0 == sum(table.series for table in scene.counters.tables.of_pods())


def test_a_pod_that_moved_leaves_its_name_to_others() -> None:
    """Another pod of that name has series under the workload that the first one has left."""
    nearest = Workload(namespace="shop", kind="ReplicaSet", name="web-5d4")
    following = replace(POD, uid=PodUid("u2"))
    scene = Scene()
    scene.publish(tracked(), LOOP, workload=nearest)
    scene.publish(ready(Readiness.READY), gone())

    scene.publish(tracked(following), replace(LOOP, pod=following), workload=nearest)

    assert 'workload="web-5d4"' in scene.show("restart_loop")


def test_a_moved_pod_takes_no_series_from_a_newer_one_of_its_name() -> None:
    """Of two pods with one name, the newer one keeps its series when the other moves and ends."""
    nearest = Workload(namespace="shop", kind="ReplicaSet", name="web-5d4")
    following = replace(POD, uid=PodUid("u2"))
    scene = Scene()
    scene.publish(tracked(), LOOP, workload=nearest)
    scene.publish(tracked(following), replace(LOOP, pod=following, cause=Cause.OOM_KILLED))

    scene.publish(ready(Readiness.READY), gone())

    assert 'restart_loop{app,pod="web-1",cause="OOMKilled"} 1' == scene.show("restart_loop")
    scene.publish(gone(following))
    assert 0 == sum(table.series for table in scene.counters.tables.of_pods())


def test_a_pod_that_has_the_name_of_another_one_keeps_its_series() -> None:
    """The next pod of a StatefulSet keeps its series when the previous one is removed later."""
    following = replace(POD, uid=PodUid("u2"))
    scene = scene_with(LOOP, tracked(following))
    assert 'restart_loop{app,pod="web-1",cause="Error"} 1' == scene.show("restart_loop")

    scene.publish(replace(LOOP, pod=following, cause=Cause.OOM_KILLED))
    scene.publish(replace(LOOP_END, cause=Cause.ERROR), replace(FLAPPING), restart(), gone())

    expected = 'restart_loop{app,pod="web-1",cause="OOMKilled"} 1'
    assert expected == scene.show("restart_loop", "readiness_flapping", "container_last_restart")
    scene.publish(gone(following))
    assert "" == scene.show("restart_loop")


def test_a_pod_that_never_had_a_series_takes_none_from_the_next_of_its_name() -> None:
    """Removing a pod does not end the series of its successor of the same name."""
    following = replace(POD, uid=PodUid("u2"))
    scene = scene_with(tracked(following), replace(LOOP, pod=following))
    scene.publish(restart(), LOOP, gone())

    assert 'restart_loop{app,pod="web-1",cause="Error"} 1' == scene.show("restart_loop")
    assert "" == scene.show("container_last_restart_timestamp_seconds")
    assert 'cause="LivenessProbe"} 1' in scene.show("container_restarts_total")


def test_pod_that_comes_after_another_of_its_name_has_series() -> None:
    """The next pod of a StatefulSet has series of its own when the previous one is long gone."""
    following = replace(POD, uid=PodUid("u2"))
    scene = scene_with(LOOP, gone())

    scene.publish(tracked(following), replace(LOOP, pod=following))

    assert 'restart_loop{app,pod="web-1",cause="Error"} 1' == scene.show("restart_loop")
