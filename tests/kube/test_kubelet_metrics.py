"""Parsing of the kubelet's probe counters."""

from pathlib import Path

from probewatch.core.spec import ProbeType
from probewatch.kube.kubelet_metrics import NodeCounters, parse_counters

L, U = ProbeType.LIVENESS, ProbeType.STARTUP

SERVED = (Path(__file__).parents[1] / "data" / "metrics_probes.txt").read_bytes()


def test_counters_of_a_node() -> None:
    """Failed runs are returned for each probe, 0 if it only succeeded."""
    expected = {("u1", "app", L): 3, ("u1", "app", U): 0, ("u1", "b", L): 1_200_000}

    assert NodeCounters(process=1.7e9, failed=expected) == parse_counters(SERVED)


def test_without_the_beginning_of_the_process() -> None:
    """Counters without the process start time are unusable."""
    assert None is parse_counters(SERVED.replace(b"process_start", b"process_stop"))
    assert None is parse_counters(b"process_start_time_seconds \xff\n")


def test_run_that_could_not_be_carried_out_is_no_failure() -> None:
    """A run with an unknown result is neither a success nor a failure, so it is not counted."""
    line = b'prober_probe_total{container="a",pod_uid="u",probe_type="Liveness",result="%b"} %d\n'
    text = b"process_start_time_seconds 5\n" + line % (b"failed", 2) + line % (b"unknown", 7)

    assert NodeCounters(process=5.0, failed={("u", "a", L): 2}) == parse_counters(text)


def test_what_is_no_counter() -> None:
    """Malformed lines are skipped, and so are lines with names longer than any in Kubernetes."""
    broken = rb"""process_start_time_seconds 5
prober_probe_total{container="app",pod_uid="u1",probe_type="Liveness",result="failed"
prober_probe_total{container="app",pod_uid="u1",probe_type="Liveness",result="failed"}
prober_probe_total{container="app",pod_uid="u1",probe_type="Liveness",result="failed"} many
prober_probe_total{container="app",pod_uid="u1",probe_type="Liveness",result="failed"} NaN
prober_probe_total{container="app",pod_uid="u1",probe_type="Liveness",result="failed"} -1
prober_probe_total{container="app",pod_uid="u1",probe_type="Liveness",result="failed"} +Inf
prober_probe_total{container="app",pod_uid="u1",probe_type="Other",result="failed"} 1
prober_probe_total{container="",pod_uid="u1",probe_type="Liveness",result="failed"} 1
prober_probe_total{} 1
prober_probe_duration_seconds_sum{container="a",pod_uid="u",probe_type="Startup",result="failed"} 1
"""
    long = broken.splitlines()[2].replace(b"app", b"x" * 5000) + b" 1\n"

    no_text = broken.splitlines()[2].replace(b"Liveness", b"\xff") + b" 1\n"

    assert NodeCounters(process=5.0) == parse_counters(broken + long + no_text)
