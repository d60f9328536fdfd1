"""The shelf: pods that are packed to save memory come back as they were."""

from dataclasses import replace

import pytest

from probewatch.core.evidence import EvidenceKind
from probewatch.core.findings import Restart
from probewatch.core.model import OwnerRef, Pod, PodUid
from probewatch.core.observe import EvidenceObserved, PodGone, PodObserved, TimePassed
from probewatch.core.policy import Policy
from probewatch.store import Store
from tests.support.builders import died, pod, said, status

UID = PodUid("u1")
OWNER = OwnerRef(api_version="apps/v1", kind="ReplicaSet", name="web", uid="rs")


def see(store: Store, seen: Pod) -> int:
    """Show a version of a pod; return how many restarts were counted at once."""
    found = store.feed(PodObserved(pod=seen), 100.0)
    return sum(isinstance(each, Restart) for each in found)


def test_a_packed_pod_comes_back_whole() -> None:
    """Policies select by its labels, patterns are found by its owner, reboots by its node."""
    store = Store(open_limit=1)
    whole = pod(5, owner=OWNER, labels={"app": "web"}, pod_ip="10.0.0.9", generation=2)
    see(store, whole)
    see(store, pod(5, uid=PodUid("u2"), evidence_uid="u2"))

    assert whole == store.pod(UID)


def test_a_pod_that_is_gone_is_not_found_in_the_cache() -> None:
    """A pod with the uid of a removed one, as after a restore of the cluster, is a new pod."""
    store = Store()
    see(store, pod(5))
    store.feed(PodGone(uid=UID), 100.0)

    assert (None, None) == (store.state(UID), store.pod(UID))


def test_an_event_does_not_make_older_versions_of_a_pod_count() -> None:
    """The newest version is known even if nothing of interest had changed in it, nor will have."""
    store = Store()
    see(store, pod(5, status(restart_count=1)))
    header = store.about(UID)
    assert header is not None
    assert store.skips(UID, 9, header.mark)
    event = said(EvidenceKind.PROBE_FAILED, 90.0, probe_type="Liveness")
    store.feed(EvidenceObserved(evidence=event), 100.0)

    assert 9 == store.known_version(UID)
    assert store.skips(UID, 10, header.mark)


@pytest.mark.parametrize(("since", "expected"), [(60.0, 60.0), (None, 7.0)])
def test_a_pod_that_was_never_ready_is_not_ready_since_its_creation(
    since: float | None, expected: float
) -> None:
    """Where its condition says since when, that counts, and else when the pod was created."""
    store = Store()
    last = died(1, end=50.0)
    seen = pod(5, status(restart_count=1, last=last), ready=False, created_at=7.0)
    if since is None:
        seen = replace(seen, conditions={})
    else:
        condition = replace(seen.conditions["Ready"], last_transition=since)
        seen = replace(seen, conditions={"Ready": condition})
    see(store, seen)
    [header] = store.headers()

    assert ("NotReady", expected) == (header.group, header.not_ready_since)


def test_restarts_without_a_verdict_are_counted() -> None:
    """One that waits for late evidence is pending, and none is once it has its verdict."""
    store = Store()
    see(store, pod(5, status(container_id="c0")))
    before = store.pending()
    last = died(137, end=95.0, container_id="c0")
    see(store, pod(6, status(restart_count=1, container_id="c1", last=last)))
    waiting = store.pending()
    store.tick(10_000.0)

    assert (0, 1, 0) == (before, waiting, store.pending())


def test_a_deadline_follows_a_policy_that_changes_nothing_else() -> None:
    """A loop ends after the quiet time that its policy has now, be it shorter or longer."""
    policies = [Policy(loop_restarts=2, loop_quiet=1000.0)]
    store = Store(policy_for=lambda _pod: policies[-1])
    see(store, pod(5))
    for count in (1, 2, 3):
        last = died(1, end=90.0 + count, container_id=f"c{count - 1}")
        see(store, pod(5 + count, status(restart_count=count, container_id=f"c{count}", last=last)))
    store.tick(200.0)
    due = [store.next_due()]
    for quiet in (500.0, 2000.0):
        policies.append(Policy(loop_restarts=2, loop_quiet=quiet))
        store.reconsider([UID], 200.0, TimePassed())
        due.append(store.next_due())

    assert [-500.0, 1000.0] == [each - due[0] for each in due[1:] if each and due[0]]
