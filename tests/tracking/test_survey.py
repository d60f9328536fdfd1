"""What is asked of the store: above all, up to which count restarts were published."""

import msgspec
import pytest

from probewatch.core.findings import Restart
from probewatch.core.model import PodRef, PodUid
from probewatch.core.observe import PodObserved
from probewatch.core.remembered import Remembered
from probewatch.core.sighting import Sighting
from probewatch.kube.pods.raw_pod import RawPod
from probewatch.kube.pods.snapshot import Snapshot
from probewatch.store import Store
from tests.support.builders import died, pod, status

NOW, UID = 100.0, PodUid("u1")


def see(store: Store, version: int, restarts: int) -> None:
    """Show a version of a pod, with its last death if it has restarted."""
    last = died(1, container_id=f"c{restarts - 1}", end=50.0) if restarts else None
    shown = status(restart_count=restarts, last=last, container_id=f"c{restarts}")
    store.feed(PodObserved(pod=pod(version, shown)), NOW)


def created() -> Snapshot:
    """The pod when it was just created: the kubelet has not reported any container yet."""
    raw = {
        "metadata": {"uid": UID, "namespace": "shop", "name": "web", "resourceVersion": "5"},
        "spec": {"containers": [{"name": "app", "livenessProbe": {}}]},
        "status": {"phase": "Pending"},
    }
    return msgspec.json.decode(msgspec.json.encode(raw), type=RawPod).take()


def published(store: Store) -> list[tuple[PodRef, str, Sighting]]:
    return list(store.counted())


@pytest.mark.parametrize("first", [0, 3], ids=["from zero", "from a baseline"])
def test_restart_that_waits_for_its_verdict_is_not_published(first: int) -> None:
    """Counted as missed by a takeover, it would have no cause, and its verdict would be no news."""
    store = Store()
    see(store, 5, first)
    see(store, 6, first + 1)
    assert 1 == store.pending()
    ((_, _, waiting),) = published(store)
    store.tick(NOW + 3600)
    ((_, _, settled),) = published(store)

    assert Sighting(restart_count=first, counted_from=first) == waiting
    assert Sighting(resource_version=6, restart_count=first + 1, counted_from=first) == settled


def test_pod_without_restarts_has_nothing_that_was_published() -> None:
    """Nothing happened to it since it was seen first, however many there are of its kind."""
    store = Store()
    see(store, 5, 0)

    assert [] == [each for each in published(store) if each[2].restart_count]


def test_container_that_starts_in_a_new_pod_counts_from_zero() -> None:
    """A pod is seen first when it is created: what its containers then do was never unobserved."""
    store = Store(None, lambda _pod: Remembered(from_zero=True))
    store.see(created(), NOW)
    assert isinstance(store.about(UID), Snapshot)
    shown = status(restart_count=2, last=died(1, container_id="c1", end=50.0), container_id="c2")
    found = store.feed(PodObserved(pod=pod(6, shown)), NOW)
    found += store.tick(NOW + 3600)

    assert [1, 2] == [each.restart_count for each in found if isinstance(each, Restart)]


def test_list_of_one_namespace_tells_nothing_of_pods_in_another() -> None:
    """Each namespace has a list of its own, if the operator watches only some."""
    store = Store()
    for uid, namespace in (("u1", "shop"), ("u2", "other"), ("u3", "other")):
        store.feed(
            PodObserved(pod=pod(5, uid=PodUid(uid), evidence_uid=uid, namespace=namespace)), NOW
        )

    assert ["u3"] == store.find_missing({PodUid("u2")}, {"other"}, version=9)
    assert ["u1", "u3"] == sorted(store.find_missing({PodUid("u2")}, None, version=9))
    assert ["u3"] == store.find_missing({PodUid("u2")}, {"other"}, version=0)
