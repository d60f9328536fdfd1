"""Shared restarts: which pods are counted as those of one workload."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from probewatch.core.causes import Pattern
from probewatch.core.evidence import EvidenceKind
from probewatch.core.findings import Finding, Restart
from probewatch.core.model import OwnerRef, Pod, PodUid
from probewatch.core.observe import EvidenceObserved, PodGone, PodObserved
from probewatch.store import Store
from probewatch.tracking.shared_restarts import LOST_RULE, SharedRestarts, node_loss_evidence
from tests.core.test_ledger import POD, restart
from tests.support.builders import died, pod, said, status

WEB = OwnerRef(api_version="apps/v1", kind="ReplicaSet", name="web", uid="rs")
NEXT = replace(WEB, uid="rs-2")


def killed(*pods: Pod) -> dict[str, Pattern]:
    """The pattern of each pod's restart, where their liveness probes kill one after the other."""
    store = Store()
    for each in pods:
        store.feed(PodObserved(pod=each), 1)
    return kill(store, pods)


def kill(store: Store, pods: Iterable[Pod]) -> dict[str, Pattern]:
    found: list[Finding] = []
    for each in pods:
        why = said(
            EvidenceKind.KILL_LIVENESS,
            98.0,
            involved_uid=each.evidence_uid,
            namespace=each.namespace,
            name=f"kill-{each.uid}",
        )
        store.feed(EvidenceObserved(evidence=why), 98)
        found += store.feed(PodObserved(pod=again(each)), 101)
    return {each.pod.uid: each.pattern for each in found if isinstance(each, Restart)}


def running(uid: str, namespace: str = "shop", owner: OwnerRef | None = WEB) -> Pod:
    now = status(container_id=f"{uid}0", running_since=1.0)
    made = pod(1, now, uid=PodUid(uid), evidence_uid=uid, name=uid)
    return replace(made, namespace=namespace, owner=owner, node=f"node-of-{uid}")


def again(before: Pod) -> Pod:
    last = died(143, start=1.0, end=99.0, container_id=f"{before.uid}0")
    now = status(restart_count=1, container_id=f"{before.uid}1", running_since=100.0, last=last)
    version = before.resource_version + 1
    return replace(before, resource_version=version, statuses=(now,))


def test_pods_of_one_owner_make_a_pattern() -> None:
    """Three pods of one ReplicaSet that are killed together are marked from the third on."""
    assert {"a": Pattern.NONE, "b": Pattern.NONE, "c": Pattern.WORKLOAD_WIDE} == killed(
        running("a"), running("b"), running("c")
    )


def test_claim_on_an_owner_in_another_namespace_makes_no_pattern() -> None:
    """Owner references are not checked: pods of a stranger do not become mates of those here."""
    assert {Pattern.NONE} == set(
        killed(running("x", "evil"), running("y", "evil"), running("a")).values()
    )


def test_claims_on_an_owner_in_another_namespace_hide_no_pattern() -> None:
    """However many pods of a stranger claim it, the owner has no more pods than before."""
    strangers = [running(f"x{number}", "evil") for number in range(10)]
    found = killed(running("a"), running("b"), running("c"), *strangers)

    assert Pattern.WORKLOAD_WIDE is found["c"]


def test_static_pods_of_a_node_are_no_workload() -> None:
    """Their node owns them, but they have no probe in common."""
    node = OwnerRef(api_version="v1", kind="Node", name="node-1", uid="n1")
    pods = [running(uid, "kube-system", node) for uid in ("apiserver", "etcd", "scheduler")]

    assert {Pattern.NONE} == set(killed(*pods).values())


def adopted(*pods: Pod) -> tuple[Store, list[Pod]]:
    """Pods that their owner let go, as `kubectl delete --cascade=orphan` does, for another one."""
    store, others = Store(), [replace(each, owner=NEXT, resource_version=2) for each in pods]
    for each in (*pods, *others):
        store.feed(PodObserved(pod=each), 1)
    return store, others


def test_few_of_the_pods_that_were_adopted_make_no_pattern() -> None:
    """They count as pods of their new owner, which has many more."""
    store, pods = adopted(*(running(f"p{number}") for number in range(10)))

    assert {Pattern.NONE} == set(kill(store, pods[:3]).values())


def test_owner_has_no_pods_once_those_that_it_adopted_are_gone() -> None:
    """What an adopted pod leaves is its new owner, so that the count of later pods is right."""
    store, pods = adopted(*(running(f"p{number}") for number in range(10)))
    later = [running(f"q{number}", owner=NEXT) for number in range(10)]
    for each in later:
        store.feed(PodObserved(pod=each), 2)
    for each in pods:
        store.feed(PodGone(uid=each.uid), 3)

    assert {Pattern.NONE} == set(kill(store, later[:3]).values())


def test_owner_that_let_its_pods_go_counts_those_that_it_has() -> None:
    """Its restarts make a pattern by the pods that it has now, not by those that it had."""
    store, _ = adopted(*(running(f"p{number}") for number in range(10)))
    later = [running(f"q{number}") for number in range(3)]
    for each in later:
        store.feed(PodObserved(pod=each), 2)

    assert Pattern.WORKLOAD_WIDE in kill(store, later).values()


@pytest.mark.parametrize(("rule", "lost"), [(LOST_RULE, {"u1", "u2"}), ("exit-code", set())])
def test_only_containers_that_the_runtime_lost_were_lost_with_their_node(
    rule: str, lost: set[str]
) -> None:
    """Pods of a node that fail by themselves at the same time are no sign of a lost node."""
    shared = SharedRestarts()
    mate = replace(POD, uid=PodUid("u2"), name="cart-2")
    shared.find_losses(restart(1, rule=rule, finished_at=50.0))

    assert lost == shared.find_losses(restart(1, rule=rule, finished_at=50.0, pod=mate))


def test_each_loss_of_a_node_is_evidence_of_its_own() -> None:
    """It is of when the containers ended; one that was known already would be ignored."""
    first, second, unknown = (
        node_loss_evidence(restart(1, finished_at=at)).evidence for at in (50.0, 70.0, None)
    )

    assert [50.0, 70.0, 1001.0] == [each.at for each in (first, second, unknown)]
    assert 3 == len({each.name for each in (first, second, unknown)})
    assert {POD.node} == {each.node for each in (first, second, unknown)}
