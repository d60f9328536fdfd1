"""Patterns: restarts that many pods of a workload or a node have in common."""

from dataclasses import replace

import pytest

from probewatch.core.causes import Cause, Confidence, Pattern
from probewatch.core.evidence import EvidenceKind as K
from probewatch.core.findings import Finding, Restart, RestartCorrected
from probewatch.core.model import OwnerRef, Pod, PodRef, PodUid
from probewatch.core.observe import EvidenceObserved, PodGone, PodObserved, TimePassed
from probewatch.core.patterns import KEPT, KEYS_KEPT, Patterns
from probewatch.store import Store
from tests.support.builders import died, pod, said, status

U = Cause.UNOBSERVED


def restart(uid: str, owner: str, node: str, at: float = 0.0, **more: object) -> Restart:
    by = OwnerRef(api_version="apps/v1", kind="ReplicaSet", name=owner, uid=owner)
    plain = Restart(
        pod=PodRef(uid=PodUid(uid), namespace="shop", name=uid, node=node, owner=by),
        container="app",
        restart_count=1,
        epoch=0,
        cause=Cause.LIVENESS_PROBE,
        confidence=Confidence.CONFIRMED,
        rule="kill-event-probe",
        observed_at=at,
        started_at=at - 3600,
        finished_at=at,
    )
    return replace(plain, **more)  # type: ignore[arg-type]  # names are checked by replace


def marks(*restarts: Restart, pods: int = 4) -> list[Pattern]:
    patterns = Patterns(lambda _owner: pods)
    return [patterns.mark(each).pattern for each in restarts]


def test_the_third_pod_of_a_workload_makes_a_pattern() -> None:
    """Restarts of three pods on several nodes, at least half the workload, are workload-wide."""
    found = marks(*(restart(f"p{n}", "web", f"n{n}", n) for n in range(4)))

    assert [Pattern.NONE, Pattern.NONE, Pattern.WORKLOAD_WIDE, Pattern.WORKLOAD_WIDE] == found


@pytest.mark.parametrize(
    ("why", "restarts", "pods"),
    [
        ("one pod again and again", [restart("p", "web", "n", t) for t in range(5)], 4),
        ("far apart", [restart(f"p{n}", "web", "n", 100 * n) for n in range(4)], 4),
        ("few of many", [restart(f"p{n}", "web", "n", n) for n in range(4)], 100),
        (
            "exits of their own",
            [restart(f"p{n}", f"w{n}", "n", n, cause=Cause.ERROR) for n in range(4)],
            4,
        ),
        (
            "loops that meet on a node",
            [restart(f"p{n}", f"w{n}", "n", n, started_at=n - 90.0) for n in range(4)],
            4,
        ),
        (
            "slow loops that meet on a node",
            [
                restart(f"p{n}", f"w{n}", "n", n, started_at=n - 1800.0, restart_count=4)
                for n in range(4)
            ],
            4,
        ),
        (
            "long starts that are not long enough",
            [
                restart(f"p{n}", f"w{n}", "n", n, started_at=n - 640.0, cause=Cause.STARTUP_PROBE)
                for n in range(4)
            ],
            4,
        ),
        (
            "nobody saw how long they ran",
            [restart(f"p{n}", f"w{n}", "n", n, cause=U, started_at=None) for n in range(4)],
            4,
        ),
        (
            "a loop beside two that had run for long",
            [
                restart("p", "w", "n", 0),
                restart("q", "w", "n", 1),
                restart("r", "v", "n", 2, started_at=-88.0),
            ],
            4,
        ),
        ("unscheduled", [restart(f"p{n}", f"w{n}", "", n) for n in range(4)], 4),
        ("old ones", [restart(f"p{n}", "web", "n", n, baseline=True) for n in range(4)], 4),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_chance_is_no_pattern(why: str, restarts: list[Restart], pods: int) -> None:
    """Loops, coincidences, small shares and exits of their own make no pattern."""
    assert {Pattern.NONE} == set(marks(*restarts, pods=pods)), why


def test_several_workloads_of_one_node_point_to_the_node() -> None:
    """Restarts of three workloads on one node are node-wide."""
    found = marks(*(restart(f"p{n}", f"w{n}", "n1", n, cause=Cause.UNKNOWN) for n in range(3)))

    assert [Pattern.NONE, Pattern.NONE, Pattern.NODE_WIDE] == found


def test_a_reboot_ends_what_has_only_begun_too() -> None:
    """Reboots are node-wide however short the containers had run."""
    reboot = Cause.NODE_REBOOT
    found = marks(
        *(restart(f"p{n}", f"w{n}", "n", n, cause=reboot, started_at=None) for n in range(3))
    )

    assert [Pattern.NONE, Pattern.NONE, Pattern.NODE_WIDE] == found


def test_a_workload_that_fails_on_all_nodes_is_not_the_nodes_fault() -> None:
    """A workload that fails on all nodes is workload-wide even if one node is crowded."""
    crowd = [restart(f"o{n}", f"o{n}", "n1", n) for n in range(3)]
    whole = [restart(f"p{n}", "web", f"n{n}", 5 + n) for n in range(3)]

    assert Pattern.WORKLOAD_WIDE == marks(*crowd, *whole)[-1]


def test_a_workload_on_one_crowded_node_is_the_nodes_victim() -> None:
    """A workload whose pods are all on a failing node is part of the node-wide pattern."""
    crowd = [restart(f"o{n}", f"o{n}", "n1", n) for n in range(3)]
    whole = [restart(f"p{n}", "web", "n1", 5 + n) for n in range(3)]

    assert Pattern.NODE_WIDE == marks(*crowd, *whole)[-1]


def test_memory_is_bounded() -> None:
    """The number of remembered restarts is bounded, even if everything restarts."""
    patterns = Patterns(lambda _owner: 1)
    for number in range(KEYS_KEPT + 10):
        patterns.mark(restart("p", f"w{number}", f"n{number}"))
    for number in range(KEPT + 10):
        patterns.mark(restart(f"q{number}", "web", "n", number))

    assert KEYS_KEPT == len(patterns._of_owners._by_key)  # noqa: SLF001  # a bound shows nowhere else
    assert KEPT == len(patterns._of_owners._by_key["shop", "web"])  # noqa: SLF001  # likewise


def lost_pod(
    uid: str, version: int, count: int, *, code: int = 255, reason: str = "Unknown"
) -> Pod:
    last = died(code, start=1.0, end=99.0, reason=reason, container_id=f"{uid}0")
    now = status(
        restart_count=count,
        container_id=f"{uid}{count}",
        running_since=100.0 if count else 1.0,
        last=last if count else None,
    )
    return pod(version, now, uid=PodUid(uid), evidence_uid=uid, name=uid)


def settle(store: Store, until: float) -> list[Finding]:
    return list(store.feed(TimePassed(), until))


def test_losses_of_several_pods_of_a_node_make_each_other_surer() -> None:
    """One lost container gives Medium; two pods that lost theirs together give High."""
    store = Store()
    for uid in ("a", "b"):
        store.feed(PodObserved(pod=lost_pod(uid, 1, 0)), 1)
    store.feed(PodObserved(pod=lost_pod("a", 2, 1)), 101)
    alone = settle(store, 140)
    store.feed(PodObserved(pod=lost_pod("b", 2, 1)), 150)
    found = settle(store, 200)

    assert [(Cause.NODE_REBOOT, Confidence.MEDIUM)] == [
        (each.cause, each.confidence) for each in alone if isinstance(each, Restart)
    ]
    assert {("a", Confidence.HIGH), ("b", Confidence.HIGH)} == {
        (each.now.pod.name, each.now.confidence)
        for each in found
        if isinstance(each, RestartCorrected)
    }


def test_pods_that_are_gone_no_longer_count() -> None:
    """The share of a workload is of its existing pods."""
    store = Store()
    by = OwnerRef(api_version="apps/v1", kind="ReplicaSet", name="web", uid="rs")
    uids = [PodUid(f"p{n}") for n in range(10)]
    for uid in uids:
        store.feed(PodObserved(pod=replace(lost_pod(uid, 1, 0), owner=by)), 1)
    for uid in uids[3:]:
        store.feed(PodGone(uid=uid), 2)
    found: list[Finding] = []
    for uid in uids[:3]:
        kill = said(K.KILL_LIVENESS, 98.0, involved_uid=uid, name=f"kill-{uid}")
        store.feed(EvidenceObserved(evidence=kill), 98)
        again = replace(lost_pod(uid, 2, 1, code=143, reason="Error"), owner=by)
        found += store.feed(PodObserved(pod=again), 101)

    patterns = [each.pattern for each in found if isinstance(each, Restart)]
    assert [Pattern.NONE, Pattern.NONE, Pattern.WORKLOAD_WIDE] == patterns
