"""What the store tells pods of their node, and what a node's pods tell of each other."""

from typing import Any

from probewatch.core.evidence import EvidenceKind
from probewatch.core.findings import Finding, Restart, RestartCorrected
from probewatch.core.model import Pod, PodUid
from probewatch.core.observe import EvidenceObserved, PodObserved
from probewatch.store import Store
from tests.support.builders import died, pod, said, status


def see(store: Store, seen: Pod, at: float) -> list[Finding]:
    """Show a version of a pod."""
    return list(store.feed(PodObserved(pod=seen), at))


def version(number: int, uid: str, node: str) -> Pod:
    """A pod whose one container runs, and from version 2 on, was lost by its runtime once."""
    names: dict[str, Any] = {"uid": PodUid(uid), "evidence_uid": uid, "name": uid, "node": node}
    before = status(container_id=f"{uid}-0", running_since=1.0)
    last = died(255, end=99.0, reason="Unknown", container_id=f"{uid}-0")
    after = status(restart_count=1, container_id=f"{uid}-1", running_since=100.0, last=last)
    return pod(number, before if number == 1 else after, **names)


def verdicts(found: list[Finding]) -> dict[str, str]:
    """The cause of each pod's restart, and how sure it is."""
    return {
        each.pod.uid: f"{each.cause} {each.confidence}"
        for each in found
        if isinstance(each, Restart)
    }


def test_a_reboot_concerns_the_pods_of_its_node_only() -> None:
    """It says nothing about a container that was lost on another node."""
    store = Store()
    for uid, node in (("here", "n1"), ("there", "n2")):
        see(store, version(1, uid, node), 1.0)
    reboot = said(EvidenceKind.NODE_REBOOTED, 99.0, container="", node="n1")
    store.feed(EvidenceObserved(evidence=reboot), 100.0)
    found = see(store, version(2, "here", "n1"), 101.0)
    found += see(store, version(2, "there", "n2"), 2000.0)
    found += store.tick(10_000.0)

    assert {"here": "NodeReboot Confirmed", "there": "NodeReboot Medium"} == verdicts(found)


def test_no_restart_is_corrected_before_it_is_published() -> None:
    """The second loss on a node corrects the verdicts of both, and its own must be known then."""
    store = Store()
    for uid in ("a", "b"):
        see(store, version(1, uid, "n1"), 1.0)
    see(store, version(2, "a", "n1"), 101.0)
    store.tick(200.0)
    found = [*see(store, version(2, "b", "n1"), 202.0), *store.tick(300.0)]
    first, *others = (each for each in found if isinstance(each, Restart | RestartCorrected))

    assert {"b": "NodeReboot Medium"} == verdicts([first])
    assert [RestartCorrected] * 2 == [type(each) for each in others]
