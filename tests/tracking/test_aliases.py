"""Aliases: which pod an Event about a static pod belongs to."""

from collections.abc import Iterator

from probewatch.core.counters import Reading
from probewatch.core.evidence import EvidenceKind
from probewatch.core.findings import Finding, Restart
from probewatch.core.model import ContainerStatus, PodUid
from probewatch.core.observe import CountersRead, EvidenceObserved, PodObserved
from probewatch.kube.pods.snapshot import Header
from probewatch.store import Store
from probewatch.tracking.aliases import Aliases
from tests.support.builders import died, pod, said, status


def mirrors(*places: tuple[str, str]) -> Iterator[Header]:
    """The headers of mirror pods of the static pod `H`, each with this uid and namespace."""
    store = Store()
    for uid, namespace in places:
        mirror = pod(1, uid=PodUid(uid), evidence_uid="H", namespace=namespace, name=uid)
        store.feed(PodObserved(pod=mirror), 1.0)
    return iter(store.headers())


def test_a_mirror_pod_that_was_made_anew_keeps_the_alias_when_the_old_one_is_gone() -> None:
    """The new one may be seen first; Events of the static pod are about it from then on."""
    aliases = Aliases()
    old, new = mirrors(("old", "kube-system"), ("new", "kube-system"))
    aliases.join(old)
    aliases.join(new)
    aliases.leave(old)

    assert "new" == aliases.find("H", "kube-system")


def test_an_alias_that_several_pods_claim_names_none_where_no_namespace_is_known() -> None:
    """The kubelet's metrics name no namespace, and whose the alias is cannot be told."""
    aliases = Aliases()
    real, claim = mirrors(("m1", "kube-system"), ("m2", "tenant"))
    aliases.join(real)
    alone = aliases.find_only("H")
    aliases.join(claim)

    assert ("m1", None) == (alone, aliases.find_only("H"))


def test_nothing_is_kept_of_an_alias_without_a_pod() -> None:
    """Static pods that come and go take no memory."""
    aliases = Aliases()
    [mirror] = mirrors(("m1", "kube-system"))
    aliases.join(mirror)
    aliases.leave(mirror)

    assert 0 == len(aliases)


def test_counters_of_a_static_pod_reach_its_mirror() -> None:
    """The kubelet's metrics name it by the uid that it has in its Events."""
    store = Store()
    see_mirror(store, 1, status(restart_count=1))
    before = store.state(PodUid("m1"))
    read = CountersRead(uid=PodUid("H"), container="app", reading=Reading(at=1.0, process=1.0))
    store.feed(read, 2.0)

    assert before != store.state(PodUid("m1"))


def test_events_of_a_static_pod_are_kept_until_its_mirror_is_known() -> None:
    """The kubelet runs a static pod, and probes it, before the API server has its mirror."""
    store = Store()
    kill = said(EvidenceKind.KILL_LIVENESS, 193.0, involved_uid="H")
    store.feed(EvidenceObserved(evidence=kill), 193.0)
    see_mirror(store, 1)
    last = died(137, end=195.0, container_id="c0")
    found = see_mirror(store, 2, status(restart_count=1, container_id="c1", last=last))

    assert ["LivenessProbe Confirmed"] == [
        f"{each.cause} {each.confidence}" for each in found if isinstance(each, Restart)
    ]


def see_mirror(
    store: Store, version: int, shown: ContainerStatus | None = None
) -> tuple[Finding, ...]:
    """Show a version of the mirror pod `m1` of the static pod `H`."""
    mirror = pod(
        version, shown or status(container_id="c0"), uid=PodUid("m1"), evidence_uid="H", name="m1"
    )
    return store.feed(PodObserved(pod=mirror), version * 100.0)
