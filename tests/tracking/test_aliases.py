"""Aliases: which pod an Event about a static pod belongs to."""

from collections.abc import Iterator

from probewatch.core.model import PodUid
from probewatch.core.observe import PodObserved
from probewatch.kube.pods.snapshot import Header
from probewatch.store import Store
from probewatch.tracking.aliases import Aliases
from tests.support.builders import pod


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
