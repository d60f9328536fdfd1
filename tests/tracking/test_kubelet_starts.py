"""Kubelet starts: pods learn when the kubelet of their node last started."""

from probewatch.core.evidence import EvidenceKind
from probewatch.core.observe import PodObserved, TimePassed
from probewatch.tracking.kubelet_starts import NODES_KEPT, KubeletStarts
from tests.support.builders import pod, said


def started(starts: KubeletStarts, at: float, node: str = "n1") -> None:
    """Record the kubelet's own Event about its start."""
    starts.record(said(EvidenceKind.KUBELET_STARTED, at, node=node))


def start_of(starts: KubeletStarts, node: str = "n1") -> float | None:
    """When the kubelet of a node started, as a pod on it learns it."""
    observed = starts.add_start(PodObserved(pod=pod(1, node=node)))
    assert isinstance(observed, PodObserved)
    return observed.kubelet_started


def test_the_last_start_counts_in_whichever_order_events_arrive() -> None:
    """A list may show the Event of an earlier start after that of a later one."""
    starts = KubeletStarts()
    for at in (100.0, 300.0, 200.0):
        started(starts, at)

    assert (300.0, None) == (start_of(starts), start_of(starts, "n2"))


def test_the_passing_of_time_has_no_start() -> None:
    """Only what is seen of a pod is given the start of its kubelet."""
    starts = KubeletStarts()
    started(starts, 100.0)

    assert TimePassed() == starts.add_start(TimePassed())


def test_the_nodes_that_started_last_are_kept() -> None:
    """Nodes that come and go, as an autoscaler makes them, take no more memory."""
    starts = KubeletStarts()
    for number in range(NODES_KEPT):
        started(starts, float(number), f"n{number}")
    started(starts, 1.0, "n0")
    started(starts, 2.0, "new")

    assert (1.0, None, 2.0) == tuple(start_of(starts, node) for node in ("n0", "n1", "new"))
