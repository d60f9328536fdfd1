"""From findings to exposition text."""

from dataclasses import replace

import pytest

from probewatch.core.causes import Cause, Confidence, Pattern, Readiness, ReadinessReason
from probewatch.core.evidence import FailureReason
from probewatch.core.findings import (
    CountingBegan,
    RestartCorrected,
)
from probewatch.core.spec import Container, PodSpec, ProbeType, RestartPolicy, RestartRule
from probewatch.core.startups import StartupSucceeded
from tests.metrics.scene import (
    APP,
    FAILED,
    FLAPPING,
    LOOP,
    LOOP_END,
    OTHER_POD,
    POD,
    SPEC,
    STARTUP,
    UNANSWERED,
    Scene,
    gone,
    lines,
    ready,
    restart,
    scene_with,
    tracked,
)

ALWAYS_POSSIBLE = tuple(
    f'container_restarts_total{{app,cause="{cause}"}} 0'
    for cause in ("Completed", "Signal", "Unobserved", "Unknown")
)


def test_restarts_start_at_zero_for_what_the_probes_can_bring() -> None:
    """A new container has a series at 0 for each usual cause."""
    assert lines(
        'container_restarts_total{app,cause="LivenessProbe"} 0',
        'container_restarts_total{app,cause="Error"} 0',
        'container_restarts_total{app,cause="OOMKilled"} 0',
        *ALWAYS_POSSIBLE,
    ) == scene_with().show("container_restarts_total")


def test_what_a_container_declares_starts_at_zero_too() -> None:
    """A startup probe, a postStart hook and restart rules add their causes, and no others."""
    rules = (RestartRule(action="Restart", operator="In", values=(3,)),)
    container = Container(name="app", startup=STARTUP, has_post_start=True, restart_rules=rules)
    scene = Scene()

    scene.publish(tracked(spec=PodSpec(containers=(container,))))

    assert lines(
        'container_restarts_total{app,cause="StartupProbe"} 0',
        'container_restarts_total{app,cause="PostStartHook"} 0',
        'container_restarts_total{app,cause="RestartRule"} 0',
        'container_restarts_total{app,cause="Error"} 0',
        'container_restarts_total{app,cause="OOMKilled"} 0',
        *ALWAYS_POSSIBLE,
    ) == scene.show("container_restarts_total")


def test_a_restart_is_counted_under_its_cause() -> None:
    """A restart is counted under its cause, and then every possible cause has a series."""
    shown = scene_with(restart(), restart(restart_count=2), restart(Cause.SIGNAL)).show(
        "container_restarts_total"
    )

    assert 'container_restarts_total{app,cause="LivenessProbe"} 2' in shown
    assert 'container_restarts_total{app,cause="Signal"} 1' in shown
    assert 'container_restarts_total{app,cause="NodeReboot"} 0' in shown
    assert "StartupProbe" not in shown
    assert "PostStartHook" not in shown


def test_restart_of_a_container_without_a_known_spec() -> None:
    """If the spec is unknown, a first restart starts the series of every cause."""
    scene = Scene()
    scene.publish(restart())

    assert len(Cause) == len(scene.show("container_restarts_total").splitlines())


def test_finding_that_stands_for_several_restarts() -> None:
    """Each restart of a large jump of the restartCount is counted, and so is its verdict."""
    scene = scene_with(restart(stands_for=900))

    assert 'cause="LivenessProbe"} 900' in scene.show("container_restarts_total")
    assert 'confidence="Confirmed"} 900.0' in scene.show("restart_verdicts_total")


def test_restarts_of_all_pods_of_a_workload_add_up() -> None:
    """Restarts are counted by workload, across the replacement of pods."""
    scene = scene_with(restart(), gone(), tracked(pod=OTHER_POD), restart(pod=OTHER_POD))

    assert 'container_restarts_total{app,cause="LivenessProbe"} 2' in scene.show(
        "container_restarts_total"
    )


def test_baseline_is_not_counted() -> None:
    """A restart from before the operator's time has a timestamp but is not counted."""
    scene = scene_with(restart(baseline=True))

    assert 'container_restarts_total{app,cause="LivenessProbe"} 0' in scene.show(
        "container_restarts_total"
    )
    assert (
        'container_last_restart_timestamp_seconds{app,pod="web-1",cause="LivenessProbe"} 1700.0'
        == scene.show("container_last_restart_timestamp_seconds")
    )


def test_correction_lowers_no_counter() -> None:
    """A corrected verdict is counted by its own counter; no counter falls."""
    was = restart(Cause.UNKNOWN, confidence=Confidence.LOW)
    scene = scene_with(was, RestartCorrected(was=was, now=restart()))

    shown = scene.show("container_restarts_total", "verdict_corrections_total")

    assert 'container_restarts_total{app,cause="Unknown"} 1' in shown
    assert 'container_restarts_total{app,cause="LivenessProbe"} 0' in shown
    assert 'verdict_corrections_total{app,was="Unknown",cause="LivenessProbe"} 1' in shown


def test_a_verdict_that_only_becomes_surer_corrects_no_cause() -> None:
    """A correction of the confidence alone is not counted."""
    was = restart(confidence=Confidence.LOW)

    scene = scene_with(was, RestartCorrected(was=was, now=restart()))

    assert "" == scene.show("verdict_corrections_total")


def test_verdicts_are_counted_by_confidence() -> None:
    """Verdicts are counted by confidence for the operator as a whole."""
    scene = scene_with(restart(), restart(confidence=Confidence.MEDIUM), restart(baseline=True))

    assert lines(
        'restart_verdicts_total{confidence="Confirmed"} 1.0',
        'restart_verdicts_total{confidence="High"} 0.0',
        'restart_verdicts_total{confidence="Medium"} 1.0',
        'restart_verdicts_total{confidence="Low"} 0.0',
    ) == scene.show("restart_verdicts_total")


def test_patterns_are_counted_for_workload_and_node() -> None:
    """Restarts with a pattern are counted by workload and by node."""
    scene = scene_with(restart(pattern=Pattern.WORKLOAD_WIDE), restart(pattern=Pattern.NODE_WIDE))

    assert lines(
        'pattern_restarts_total{app,pattern="WorkloadWide",cause="LivenessProbe"} 1',
        'pattern_restarts_total{app,pattern="NodeWide",cause="LivenessProbe"} 1',
        'node_wide_restarts_total{node="n1"} 1',
    ) == scene.show("pattern_restarts_total", "node_wide_restarts_total")


def test_alerts_on_patterns_see_the_first_one() -> None:
    """The series for alerts on patterns exist at 0 before the first restart."""
    assert lines(
        'pattern_restarts_total{app,pattern="WorkloadWide",cause="LivenessProbe"} 0',
        'node_wide_restarts_total{node="n1"} 0',
    ) == scene_with().show("pattern_restarts_total", "node_wide_restarts_total")


def test_probe_failures_start_with_two_usual_reasons() -> None:
    """Each probe has series at 0 for a negative answer and for a timeout."""
    assert lines(
        'probe_failures_total{app,probe_type="Liveness",reason="timeout"} 0',
        'probe_failures_total{app,probe_type="Liveness",reason="http_5xx"} 0',
        'probe_failures_total{app,probe_type="Readiness",reason="timeout"} 0',
        'probe_failures_total{app,probe_type="Readiness",reason="refused"} 0',
    ) == scene_with().show("probe_failures_total")


def test_probe_failures_are_added() -> None:
    """Failures are added, and then all reasons of that probe have a series."""
    shown = scene_with(FAILED, replace(FAILED, count=2)).show("probe_failures_total")

    assert 'probe_failures_total{app,probe_type="Liveness",reason="http_5xx"} 5' in shown
    assert 'probe_failures_total{app,probe_type="Liveness",reason="errored"} 0' in shown
    assert 'probe_type="Readiness",reason="errored"' not in shown


def test_failures_of_a_probe_that_is_not_in_the_spec_count_all_the_same() -> None:
    """Failures count even if the known spec lacks the probe: the Event may be older."""
    late = replace(FAILED, probe_type=ProbeType.STARTUP, reason=FailureReason.EXEC_EXIT)

    assert 'probe_failures_total{app,probe_type="Startup",reason="exec_exit"} 3' in scene_with(
        late
    ).show("probe_failures_total")


def test_changes_of_readiness_are_counted_by_side_and_reason() -> None:
    """Usual transitions start at 0 in both directions; each change is counted."""
    scene = scene_with(
        ready(Readiness.NOT_READY), ready(Readiness.NOT_READY, ReadinessReason.KUBELET_RESTART)
    )

    assert lines(
        'readiness_transitions_total{web,to="Ready",reason="Startup"} 0',
        'readiness_transitions_total{web,to="Ready",reason="ContainerRestart"} 0',
        'readiness_transitions_total{web,to="NotReady",reason="ContainerRestart"} 0',
        'readiness_transitions_total{web,to="Ready",reason="ReadinessProbe"} 0',
        'readiness_transitions_total{web,to="NotReady",reason="ReadinessProbe"} 1',
        'readiness_transitions_total{web,to="NotReady",reason="KubeletRestart"} 1',
    ) == scene.show("readiness_transitions_total")


def test_one_readiness_probe_is_enough() -> None:
    """Changes by a readiness probe start at 0 if any container of the pod has one."""
    scene = Scene()
    scene.publish(tracked(spec=PodSpec(containers=(Container(name="helper"), APP))))

    wanted = 'readiness_transitions_total{web,to="NotReady",reason="ReadinessProbe"} 0'
    assert wanted in scene.show("readiness_transitions_total")


def test_time_not_ready_is_added_when_it_is_over() -> None:
    """Unready time is added when it ends, as the finding says."""
    scene = scene_with(ready(Readiness.NOT_READY), ready(Readiness.READY, not_ready_seconds=42.5))

    assert "not_ready_seconds_total{web} 42.5" == scene.show("not_ready_seconds_total")
    assert lines(
        "not_ready_duration_seconds_sum{web} 42.5", "not_ready_duration_seconds_count{web} 1"
    ) == scene.show("not_ready_duration_seconds_sum", "not_ready_duration_seconds_count")


def test_times_of_less_than_a_second_are_observed() -> None:
    """Kubernetes' times are whole seconds, so 0 is a time, and each pod counts."""
    scene = scene_with(
        ready(Readiness.READY, ReadinessReason.STARTUP, time_to_ready=0.0),
        ready(Readiness.READY, not_ready_seconds=0.0),
    )

    assert "time_to_ready_seconds_count{web} 1" == scene.show("time_to_ready_seconds_count")
    assert "not_ready_duration_seconds_count{web} 1" == scene.show(
        "not_ready_duration_seconds_count"
    )


def test_start_is_no_time_not_ready() -> None:
    """The time until the first Ready is not unready time."""
    first = ready(
        Readiness.READY, ReadinessReason.STARTUP, not_ready_seconds=30.0, time_to_ready=25.0
    )

    shown = scene_with(first).show("not_ready_seconds_total", "time_to_ready_seconds_sum")

    assert lines("not_ready_seconds_total{web} 0", "time_to_ready_seconds_sum{web} 25.0") == shown


@pytest.mark.parametrize("reason", [ReadinessReason.TERMINATING, ReadinessReason.COMPLETED])
def test_pod_that_ends_by_right_leaves_no_time(reason: ReadinessReason) -> None:
    """Deletion and completion add no unready time."""
    scene = scene_with(ready(Readiness.READY, reason, not_ready_seconds=60.0))

    assert "not_ready_seconds_total{web} 0" == scene.show("not_ready_seconds_total")


def test_hidden_change_counts_but_lasts_no_time() -> None:
    """A hidden change is counted, but its unknown duration is not."""
    scene = scene_with(
        ready(Readiness.NOT_READY, ReadinessReason.HIDDEN, hidden=True),
        ready(Readiness.READY, ReadinessReason.HIDDEN, hidden=True),
        gone(),
    )

    assert 'to="NotReady",reason="Hidden"} 1' in scene.show("readiness_transitions_total")
    assert "not_ready_seconds_total{web} 0" == scene.show("not_ready_seconds_total")


def test_time_to_ready_falls_into_buckets() -> None:
    """A bucket counts all observations up to and including its bound."""
    scene = scene_with(
        *(ready(Readiness.READY, time_to_ready=seconds) for seconds in (1.0, 7.0, 10.0, 9999.0))
    )

    shown = scene.show("time_to_ready_seconds_bucket")

    assert ["1", "1", "1", "3", "3", "3", "3", "3", "3", "3", "4"] == [
        line.rpartition(" ")[2] for line in shown.splitlines()
    ]
    assert shown.startswith('time_to_ready_seconds_bucket{web,le="1.0"} 1\n')
    assert shown.endswith('time_to_ready_seconds_bucket{web,le="+Inf"} 4')


def test_loop_is_one_and_then_zero() -> None:
    """A loop is 1, and 0 after it ended, so that an alert resolves."""
    scene = scene_with(LOOP)

    assert 'restart_loop{app,pod="web-1",cause="Error"} 1' == scene.show("restart_loop")
    scene.publish(LOOP_END)
    assert 'restart_loop{app,pod="web-1",cause="Error"} 0' == scene.show("restart_loop")


def test_loop_with_another_cause_takes_the_place_of_the_first() -> None:
    """A container has one loop series, whatever its cause."""
    scene = scene_with(LOOP, replace(LOOP_END, cause=Cause.LIVENESS_PROBE))

    assert 'restart_loop{app,pod="web-1",cause="LivenessProbe"} 0' == scene.show("restart_loop")


def test_last_restart_is_remembered_by_cause() -> None:
    """The last restart's time is its end, or when it was observed."""
    scene = scene_with(restart(), restart(Cause.ERROR, finished_at=None, observed_at=1800.0))

    assert lines(
        'container_last_restart_timestamp_seconds{app,pod="web-1",cause="LivenessProbe"} 1700.0',
        'container_last_restart_timestamp_seconds{app,pod="web-1",cause="Error"} 1800.0',
    ) == scene.show("container_last_restart_timestamp_seconds")


def test_flapping_comes_and_goes() -> None:
    """Flapping is 1 while it lasts, and 0 afterwards."""
    scene = scene_with(FLAPPING)

    assert 'readiness_flapping{web,pod="web-1"} 1' == scene.show("readiness_flapping")
    scene.publish(replace(FLAPPING, flapping=False))
    assert 'readiness_flapping{web,pod="web-1"} 0' == scene.show("readiness_flapping")


def test_kill_without_restart_is_counted() -> None:
    """Kills without a restart are counted from 0 for pods that are never restarted."""
    spec = replace(SPEC, restart_policy=RestartPolicy.NEVER)
    scene = Scene()
    scene.publish(tracked(spec=spec))

    assert 'probe_kills_without_restart_total{app,cause="LivenessProbe"} 0' == scene.show(
        "probe_kills_without_restart_total"
    )
    scene.publish(UNANSWERED)
    assert 'probe_kills_without_restart_total{app,cause="LivenessProbe"} 1' == scene.show(
        "probe_kills_without_restart_total"
    )


@pytest.mark.parametrize("policy", [RestartPolicy.ALWAYS, RestartPolicy.ON_FAILURE])
def test_kills_lead_to_a_restart_unless_the_policy_is_never(policy: RestartPolicy) -> None:
    """A pod whose killed containers are restarted has no series for kills without a restart."""
    scene = Scene()
    scene.publish(tracked(spec=replace(SPEC, restart_policy=policy)))

    assert "" == scene.show("probe_kills_without_restart_total")


def test_startups_are_counted_by_what_was_left_of_the_budget() -> None:
    """Starts are counted by margin, from 0, for containers with a startup probe."""
    slow = StartupSucceeded(pod=POD, container="app", after=59.0, narrow=True)
    scene = Scene()
    scene.publish(tracked(spec=PodSpec(containers=(Container(name="app", startup=STARTUP),))))
    assert lines(
        'startups_total{app,margin="Wide"} 0', 'startups_total{app,margin="Narrow"} 0'
    ) == scene.show("startups_total")

    scene.publish(slow, replace(slow, narrow=False), slow)

    assert lines(
        'startups_total{app,margin="Wide"} 1', 'startups_total{app,margin="Narrow"} 2'
    ) == scene.show("startups_total")


def test_startups_are_of_containers_with_a_startup_probe() -> None:
    """A container without a startup probe has no such series."""
    assert "" == scene_with().show("startups_total")


def test_what_is_for_others_changes_nothing() -> None:
    """CountingBegan, which is for records, changes no metric."""
    scene = scene_with(CountingBegan(pod=POD, container="app", restart_count=7, epoch=0))

    assert scene_with().show("container_restarts_total") == scene.show("container_restarts_total")
