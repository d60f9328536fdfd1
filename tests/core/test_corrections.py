"""Which verdicts are corrected, how often, and for how long."""

from probewatch.core.causes import Cause, Confidence
from probewatch.core.evidence import EvidenceKind as K
from probewatch.core.findings import Finding, RestartCorrected
from probewatch.core.observe import EvidenceObserved, PodObserved
from probewatch.core.policy import Policy
from probewatch.store import Store
from tests.core.test_observe import feed, restarted, running
from tests.core.test_patterns import lost_pod
from tests.core.test_repairs import read_counters
from tests.support.builders import pod, said


def corrected(found: list[Finding]) -> list[tuple[str, int, Cause, Confidence]]:
    """Which verdicts were corrected to which."""
    return [
        (each.now.pod.name, each.now.restart_count, each.now.cause, each.now.confidence)
        for each in found
        if isinstance(each, RestartCorrected)
    ]


def test_a_verdict_that_is_too_old_to_be_corrected_ends_no_other_correction() -> None:
    """Of two restarts an hour apart, only the later one can still be corrected."""
    store = Store()
    feed(store, pod(1, running(3)), 1)
    read_counters(store, 5, 2)
    feed(store, pod(2, restarted(4, 300)), 300)
    store.tick(330)
    late = 240 + Policy().repair  # half a minute before the first is too old
    feed(store, pod(3, restarted(5, late)), late)
    store.tick(late + 30)
    found = read_counters(store, 5, late + 120)

    assert [5] == [count for _, count, _, _ in corrected(found)]


def test_a_verdict_is_corrected_until_it_is_confirmed() -> None:
    """Each correction is published once, and what is sure already is left alone."""
    store = Store()
    for uid in ("a", "b"):
        store.feed(PodObserved(pod=lost_pod(uid, 1, 0)), 1)
    store.feed(PodObserved(pod=lost_pod("a", 2, 1)), 101)
    store.tick(140)
    store.feed(PodObserved(pod=lost_pod("b", 2, 1)), 150)
    surer = corrected(list(store.tick(190)))
    reboot = said(K.NODE_REBOOTED, 99.0, container="", node="n1")
    confirmed, nothing = (
        corrected(list(store.feed(EvidenceObserved(evidence=reboot), at))) for at in (300, 310)
    )

    assert {("a", "High"), ("b", "High")} == {(name, sure) for name, _, _, sure in surer}
    assert {("a", "Confirmed"), ("b", "Confirmed")} == {
        (name, sure) for name, _, _, sure in confirmed
    }
    assert [] == nothing
