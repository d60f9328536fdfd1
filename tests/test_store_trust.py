"""Which Events and annotations the store trusts: tenants can write both in their own namespaces."""

from dataclasses import replace
from typing import Any

import pytest

from probewatch.core.counters import Reading
from probewatch.core.evidence import EvidenceKind as K
from probewatch.core.findings import Finding, ProbeFailures, Restart
from probewatch.core.model import ContainerStatus, PodUid
from probewatch.core.observe import CountersRead, EvidenceObserved, PodGone, PodObserved
from probewatch.core.spec import ProbeType
from probewatch.store import Store
from tests.support.builders import died, pod, said, status

UID = PodUid("u1")


def see(store: Store, version: int, *statuses: ContainerStatus, **more: Any) -> list[Finding]:  # noqa: ANN401  # of the pod
    """Show a version of the pod `shop/web`, unless another one is given."""
    return list(store.feed(PodObserved(pod=pod(version, *statuses, **more)), version * 100.0))


def hear(store: Store, kind: K, at: float = 190.0, **more: Any) -> list[Finding]:  # noqa: ANN401  # of the Event
    """Show an Event about the container `app`."""
    return list(store.feed(EvidenceObserved(evidence=said(kind, at, **more)), at))


def restart(store: Store, version: int = 2) -> str:
    """Restart the container; return its cause and confidence after all waits."""
    last = died(137, end=version * 100.0 - 5, container_id="c0")
    started = version * 100.0 - 2
    again = status(restart_count=1, container_id="c1", last=last, running_since=started)
    found = [*see(store, version, again), *store.tick(10_000.0)]
    [told] = [each for each in found if isinstance(each, Restart)]
    return f"{told.cause} {told.confidence}"


@pytest.mark.parametrize("early", [False, True], ids=["of a pod that is known", "before its pod"])
def test_events_of_another_namespace_say_nothing(*, early: bool) -> None:
    """An Event in another namespace than its pod's is no evidence, whatever uid it names."""
    honest, forged = Store(), Store()
    for store in (honest, forged):
        if not early:
            see(store, 1, status(container_id="c0"))
    hear(honest, K.KILL_LIVENESS, 193.0)
    hear(forged, K.KILL_LIVENESS, 193.0, namespace="tenant")
    for store in (honest, forged):
        if early:
            see(store, 1, status(container_id="c0"))

    assert "LivenessProbe Confirmed" == restart(honest)
    assert "LivenessProbe Medium" == restart(forged)


def claim(store: Store, version: int, uid: str, of: str, namespace: str) -> None:
    """Show a mirror pod that claims to stand for a static pod."""
    see(store, version, uid=PodUid(uid), evidence_uid=of, namespace=namespace, name=uid)


def test_mirror_takes_no_words_of_another_pod() -> None:
    """A mirror pod that claims the uid of an existing pod does not get that pod's Events."""
    store = Store()
    see(store, 1, status(container_id="c0"))
    claim(store, 1, "m1", of="u1", namespace="tenant")
    claim(store, 1, "m2", of="u1", namespace="shop")
    failed = hear(store, K.PROBE_FAILED, probe_type=ProbeType.LIVENESS)
    hear(store, K.KILL_LIVENESS, 193.0)

    assert ["web"] == [each.pod.name for each in failed if isinstance(each, ProbeFailures)]
    assert "LivenessProbe Confirmed" == restart(store)


def test_two_claims_of_one_static_pod() -> None:
    """If two mirror pods claim a static pod, Events go to the one in their namespace.

    The kubelet's counters name no namespace, so they go to neither.
    """
    store = Store()
    for uid, namespace in (("m1", "kube-system"), ("m2", "tenant")):
        claim(store, 1, uid, of="H", namespace=namespace)
    read = CountersRead(uid=PodUid("H"), container="app", reading=Reading(at=1.0, process=1.0))
    more: dict[str, Any] = {
        "involved_uid": "H",
        "namespace": "kube-system",
        "probe_type": ProbeType.LIVENESS,
    }
    [failed] = hear(store, K.PROBE_FAILED, **more)
    assert isinstance(failed, ProbeFailures)
    assert ("m1", ()) == (failed.pod.uid, store.feed(read, 2.0))

    store.feed(PodGone(uid=PodUid("m1")), 3.0)
    assert [] == hear(store, K.PROBE_FAILED, 200.0, **more, count=2)


def test_container_that_the_pod_does_not_have() -> None:
    """Evidence for a container that the pod does not have is dropped.

    Otherwise made-up names would become metrics series.
    """
    store = Store()
    see(store, 1, status(container_id="c0"))
    before = store.state(UID)
    told = hear(store, K.PROBE_FAILED, container="made up", probe_type=ProbeType.LIVENESS)

    assert [] == told
    assert before == store.state(UID)


def test_containers_that_restart_together() -> None:
    """When 40 containers of a pod restart at once, each restart is counted once."""
    names = [f"c{number}" for number in range(40)]
    store = Store()
    see(store, 1, *(replace(status(name=each), container_id=f"{each}-0") for each in names))
    again = (
        replace(
            status(restart_count=1, last=died(255, reason="Unknown", container_id=f"{each}-0")),
            name=each,
            container_id=f"{each}-1",
        )
        for each in names
    )
    found = [*see(store, 2, *again, pod_ip="10.0.0.9"), *store.tick(10_000.0)]

    told = [each for each in found if isinstance(each, Restart)]
    assert sorted(names) == sorted(each.container for each in told)
