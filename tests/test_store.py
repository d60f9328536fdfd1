"""The store: versions of pods that come twice, late or never, and pods that are packed."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from probewatch.core.evidence import Evidence, EvidenceKind
from probewatch.core.findings import Finding, PodForgotten, PodTracked, Restart
from probewatch.core.model import PodUid
from probewatch.core.observe import EvidenceObserved, PodGone, PodObserved
from probewatch.kube.pods.raw_pod import RawPod
from probewatch.kube.pods.snapshot import Snapshot
from probewatch.store import Store

NOW = 2000.0

FEW = 16
"""Pods that a small cache holds."""


def raw(
    uid: str = "u-1", *, version: int = 5, restarts: int = 0, ready: bool = True, **meta: object
) -> RawPod:
    """A pod as a watch returns it."""
    last = {"lastState": {"terminated": {"exitCode": 1, "containerID": f"c-{restarts - 1}"}}}
    pod: dict[str, Any] = {
        "metadata": {
            "uid": uid,
            "name": f"cart-{uid}",
            "namespace": "shop",
            "resourceVersion": str(version),
            "labels": {"app": "cart"},
            "managedFields": [{"time": str(version)}],
            **meta,
        },
        "spec": {"nodeName": "n-1", "containers": [{"name": "app", "livenessProbe": {}}]},
        "status": {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": str(ready)}],
            "containerStatuses": [
                {
                    "name": "app",
                    "restartCount": restarts,
                    "ready": ready,
                    "containerID": f"c-{restarts}",
                    "state": {"running": {"startedAt": "2026-11-20T08:00:04Z"}},
                    **(last if restarts else {}),
                }
            ],
        },
    }
    return msgspec.json.decode(msgspec.json.encode(pod), type=RawPod)


def snapshot(uid: str = "u-1", **values: Any) -> Snapshot:  # noqa: ANN401  # as of a pod
    """The snapshot of a pod."""
    return raw(uid, **values).take()


def see(
    store: Store,
    uid: str = "u-1",
    *,
    relisted: bool = False,
    **values: Any,  # noqa: ANN401  # as of a pod
) -> list[Finding]:
    """Show a version of a pod as the feed does."""
    pod = raw(uid, **values)
    meta = pod.metadata
    if store.skips(PodUid(meta.uid), int(meta.resource_version or 0), pod.mark):
        return []
    return list(store.see(pod.take(), NOW, relisted=relisted))


def kinds(findings: Sequence[Finding]) -> list[type[Finding]]:
    """The types of the findings."""
    return [type(finding) for finding in findings]


def settled(store: Store) -> list[Finding]:
    """The findings after all waits for late evidence are over."""
    return list(store.tick(NOW + 3600))


def counted(findings: Sequence[Finding]) -> int:
    """The number of restarts among the findings."""
    return sum(isinstance(finding, Restart) for finding in findings)


def counts(store: Store) -> list[tuple[str, str, int]]:
    """The restart counts that containers were counted up to, where they are not 0."""
    told = ((ref.uid, name, told.restart_count) for ref, name, told in store.counted())
    return [each for each in told if each[2]]


def test_version_without_news_is_skipped() -> None:
    """A version that changes only managedFields is skipped, but remembered as the newest one."""
    store = Store()
    see(store)

    assert [] == see(store, version=6)
    header = store.about(PodUid("u-1"))
    assert header is not None
    assert 6 == header.version
    assert [] == see(store, version=5, ready=False), "C2: older than the last that was skipped"


@pytest.mark.parametrize(
    "change",
    [
        {"ready": False},
        {"restarts": 1},
        {"labels": {"app": "other"}},
        {"deletionTimestamp": "2026-11-20T08:00:00Z"},
        {"annotations": {"probewatch.dev/ignore": "true"}},
        {"generation": 2},
    ],
    ids=lambda change: next(iter(change)),
)
def test_whatever_is_read_is_not_skipped(change: dict[str, Any]) -> None:
    """A version that changes anything that the operator reads is not skipped."""
    store = Store()
    see(store)
    pod = raw(version=6, **change)

    assert not store.skips(PodUid("u-1"), 6, pod.mark)


@pytest.mark.parametrize("times", [2, 5])
def test_same_version_many_times(times: int) -> None:
    """C1: a version that is seen again, in a list or a watch, counts no restart again."""
    store = Store()
    found = [*see(store), *see(store, version=6, restarts=1)]
    for number in range(times):
        found += see(store, version=6, restarts=1, relisted=bool(number % 2))

    assert 1 == counted([*found, *settled(store)])


def test_older_versions_after_newer_ones() -> None:
    """C2: older versions after newer ones count no restart twice."""
    store = Store()
    found: list[Finding] = []
    for version, restarts in ((5, 0), (9, 2), (6, 0), (7, 1), (8, 1), (9, 2), (10, 2)):
        found += see(store, version=version, restarts=restarts)

    assert 2 == counted([*found, *settled(store)])


def test_deleted_pod_does_not_come_back() -> None:
    """C7: a late version from before the deletion is not taken for a new pod."""
    store = Store()
    see(store)
    gone = store.gone(PodUid("u-1"), 9, NOW)

    assert [PodForgotten] == kinds(gone)
    assert [] == see(store, version=8, restarts=3)
    assert () == store.feed(PodObserved(pod=snapshot(version=9).open()), NOW)
    assert 0 == len(store)


def test_pod_that_left_what_is_watched_may_return() -> None:
    """A pod whose labels leave the selector and match again (DELETED, ADDED) is tracked again."""
    store = Store()
    see(store)
    store.gone(PodUid("u-1"), 9, NOW)

    assert [PodTracked] == kinds(see(store, version=12))


def test_missed_deletion() -> None:
    """C4: a pod that a complete list does not contain is forgotten, with all that was pending."""
    store = Store()
    for uid in ("u-1", "u-2", "u-3"):
        see(store, uid)
    see(store, "u-3", version=8, restarts=1)
    found = store.sweep({PodUid("u-1")}, NOW, version=10)

    assert {"u-2", "u-3"} == {each.pod.uid for each in found if isinstance(each, PodForgotten)}
    assert 1 == len(store)
    assert (None, 0) == (store.next_due(), store.pending())


def test_same_name_new_uid_in_the_gap() -> None:
    """C5: a pod that was recreated under its name while nobody watched is another pod."""
    store = Store()
    see(store, "old", name="db-0", restarts=0)
    see(store, "old", version=6, restarts=2, name="db-0")
    found = see(store, "new", version=9, name="db-0", relisted=True)
    found += store.sweep({PodUid("new")}, NOW, version=10)
    found += see(store, "new", version=11, restarts=1, name="db-0")

    found += settled(store)
    assert 1 == sum(isinstance(each, Restart) and each.pod.uid == "new" for each in found)
    assert ["old"] == [each.pod.uid for each in found if isinstance(each, PodForgotten)]


def test_late_deletion_of_the_old_uid() -> None:
    """C6: an old pod's DELETED after the new one's ADDED does not remove the new one."""
    store = Store()
    see(store, "old", name="db-0")
    see(store, "new", version=9, name="db-0")

    assert ["old"] == [
        each.pod.uid for each in store.gone(PodUid("old"), 8, NOW) if isinstance(each, PodForgotten)
    ]
    assert store.about(PodUid("new")) is not None


def test_pod_newer_than_the_list_is_not_swept() -> None:
    """A pod that is newer than the list is not removed for missing from it."""
    store = Store()
    see(store, version=20)

    assert () == store.sweep(set(), NOW, version=15)
    assert 1 == len(store)


@pytest.mark.parametrize("first", [{}, {"restarts": 2}, {"ready": False}])
@pytest.mark.parametrize(
    "then", [{"restarts": 3}, {"ready": False}, {"restarts": 4, "ready": False}]
)
def test_snapshots_are_judged_like_pods(first: dict[str, Any], then: dict[str, Any]) -> None:
    """Snapshots and fully decoded pods lead to the same findings."""
    cheap, plain = Store(), Store()
    found, expected = list[Finding](), list[Finding]()
    for version, values in ((5, first), (6, first), (7, then), (8, then)):
        found += see(cheap, version=version, **values)
        pod = snapshot(version=version, **values).open()
        expected += plain.feed(PodObserved(pod=pod), NOW)

    assert expected == found
    assert settled(plain) == settled(cheap)
    assert counts(plain) == counts(cheap)


def test_packed_pods_are_judged_like_open_ones() -> None:
    """A pod that was packed among many others has the same findings as one that was not."""
    few, many = Store(), Store(open_limit=FEW)
    found: dict[int, list[Finding]] = {}
    for number, store in enumerate((few, many)):
        found[number] = [*see(store), *see(store, version=6, restarts=1)]
        for other in range(number * (FEW + 10)):
            see(store, f"other-{other}", version=5, restarts=1)
            see(store, f"other-{other}", version=6, restarts=1, ready=False)
        found[number] += [
            each
            for version, restarts in ((7, 1), (8, 2), (9, 4))
            for each in see(store, version=version, restarts=restarts)
        ]
        found[number] += [each for each in settled(store) if each_uid(each) == "u-1"]

    assert found[0] == found[1]
    assert few.pod(PodUid("u-1")) == many.pod(PodUid("u-1"))


def each_uid(finding: Finding) -> str:
    """The uid of the pod that a finding is about."""
    pod = getattr(finding, "pod", None)
    return pod.uid if pod is not None else ""


def test_events_before_and_after_their_pod() -> None:
    """C8: an Event has the same effect whether it arrives before its pod or after it."""
    early, late = Store(), Store()
    kill = Evidence(
        kind=EvidenceKind.KILL_LIVENESS,
        at=1.0,
        first_at=1.0,
        container="app",
        name="e-1",
        involved_uid="u-1",
        namespace="shop",
    )
    early.feed(EvidenceObserved(evidence=kill), NOW)
    see(early)
    see(late)
    late.feed(EvidenceObserved(evidence=kill), NOW)
    causes = [
        [
            (each.cause, each.confidence)
            for each in [*see(store, version=6, restarts=1), *settled(store)]
            if isinstance(each, Restart)
        ]
        for store in (early, late)
    ]

    assert causes[0] == causes[1]
    assert 1 == len(causes[0])


def test_nothing_is_left_of_pods_that_are_gone() -> None:
    """Pods that come and go leave nothing in the store."""
    store = Store()
    for number in range(100):
        uid = f"u-{number}"
        see(store, uid)
        see(store, uid, version=6, restarts=1)
        store.gone(PodUid(uid), 7, NOW)
        store.feed(PodGone(uid=PodUid(uid)), NOW)

    assert (0, 0, None) == (len(store), store.pending(), store.next_due())
    assert () == store.headers()


@pytest.mark.parametrize(
    ("exit_code", "policy", "since"),
    [(0, "Never", None), (0, "OnFailure", None), (1, "Never", 4.0), (0, "Always", 4.0)],
)
@pytest.mark.parametrize("known", [False, True], ids=["first seen", "seen before"])
def test_pod_whose_one_container_has_done_its_work(
    exit_code: int,
    policy: str,
    since: float | None,
    *,
    known: bool,
) -> None:
    """A container that completed for good makes its pod NotReady without a loss of readiness.

    One that failed, or will be restarted, is such a loss.
    """
    store = Store()
    if known:
        store.see(raw_job(5, policy, {"running": {"startedAt": "1970-01-01T00:00:02Z"}}), NOW)
    ended = {"exitCode": exit_code, "containerID": "b", "finishedAt": "1970-01-01T00:00:04Z"}
    store.see(raw_job(6, policy, {"terminated": ended}), NOW)
    [header] = store.headers()

    assert ("NotReady", since) == (header.group, header.not_ready_since)


def raw_job(version: int, policy: str, state: dict[str, Any]) -> Snapshot:
    """A pod of a Job whose container `backup` has this state, while `upload` runs."""
    running = "running" in state
    up, same = {"startedAt": "1970-01-01T00:00:02Z"}, {"restartCount": 0, "containerID": "u"}
    pod = {
        "metadata": {
            "uid": "job",
            "name": "job",
            "namespace": "shop",
            "resourceVersion": str(version),
            "creationTimestamp": "1970-01-01T00:00:01Z",
        },
        "spec": {
            "nodeName": "n-1",
            "restartPolicy": policy,
            "containers": [{"name": "backup"}, {"name": "upload", "livenessProbe": {}}],
        },
        "status": {
            "phase": "Running",
            "conditions": [
                {
                    "type": "Ready",
                    "status": str(running),
                    "lastTransitionTime": "1970-01-01T00:00:04Z",
                }
            ],
            "containerStatuses": [
                {"name": "backup", "ready": running, "state": state, **same, "containerID": "b"},
                {"name": "upload", "ready": True, "state": {"running": up}, **same},
            ],
        },
    }
    return msgspec.json.decode(msgspec.json.encode(pod), type=RawPod).take()
