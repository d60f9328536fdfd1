"""Feeds: how lists and watches of pods and Events become observations."""

from dataclasses import replace

import pytest

from probewatch.core.findings import (
    PodForgotten,
    PodTracked,
    ProbeFailures,
    Restart,
)
from probewatch.core.model import (
    ContainerStatus,
    Pod,
    PodUid,
    Termination,
)
from probewatch.core.observe import PodObserved
from probewatch.core.policy import Policy
from probewatch.core.remembered import Remembered, RememberedContainer
from probewatch.core.spec import Container, PodSpec, Probe, ProbeType
from probewatch.feeds import EvidenceFeed, PodFeed
from probewatch.kube import event_objects
from probewatch.kube.objects import Metadata
from tests.support.controller_scene import Scene, pod, raw_pod


async def test_missed_deletion_is_found_by_the_next_list() -> None:
    """A pod that a complete list does not contain is forgotten; the others stay."""
    scene = Scene()
    feed = PodFeed(scene.controller, scene.boundary)
    async with scene.publishing():
        for uid in ("u-1", "u-2"):
            feed.changed("ADDED", raw_pod(uid))
        feed.listing()
        feed.listed([raw_pod("u-2")])
        feed.synced("9")

    assert ["u-1"] == [finding.pod.uid for finding in scene.sink.of(PodForgotten)]


async def test_list_of_one_namespace_says_nothing_of_others() -> None:
    """With namespaces watched separately, the list of one does not remove pods of another."""
    scene = Scene()
    shop = PodFeed(scene.controller, scene.boundary, namespace="shop")
    async with scene.publishing():
        shop.changed("ADDED", raw_pod("u-1"))
        shop.changed("ADDED", raw_pod("u-2", namespace="bank"))
        shop.listing()
        shop.synced("9")

    assert ["u-1"] == [finding.pod.uid for finding in scene.sink.of(PodForgotten)]


async def test_restored_server_is_recognized_by_older_pods() -> None:
    """A list with an older version of a pod than is known shows that the server was restored."""
    scene = Scene()
    feed = PodFeed(scene.controller, scene.boundary)
    async with scene.publishing():
        feed.changed("ADDED", raw_pod("u-1", version=8))
        feed.listing()
        feed.listed([raw_pod("u-1", version=8)])
        same = feed.newest_lost()
        feed.listing()
        feed.listed([raw_pod("u-1", version=7)])
        feed.listed([raw_pod("u-2", version=6)])
        older = feed.newest_lost()
        feed.listing()

    assert (0, 8, 0) == (same, older, feed.newest_lost())


async def test_versions_of_records_prove_no_other_history() -> None:
    """A version from a record does not: it may have been written before the restore was noticed."""
    remembered = Remembered(containers={"app": RememberedContainer(count=1, resource_version=90)})
    scene = Scene(remember=lambda _newcomer: remembered)
    feed = PodFeed(scene.controller, scene.boundary)
    lost = []
    async with scene.publishing():
        for version in (5, 5, 6):
            feed.listing()
            feed.listed([raw_pod("u-1", version=version)])
            lost.append(feed.newest_lost())
            feed.synced("95")
        known = scene.controller.known_version(PodUid("u-1"))

    assert (90, [0, 0, 0]) == (known, lost)


async def test_last_version_of_a_deleted_pod_counts() -> None:
    """A restart that only the DELETED object shows is counted."""
    scene = Scene()
    feed = PodFeed(scene.controller, scene.boundary)
    last = raw_pod("u-1", version=6, restarts=1)
    async with scene.publishing():
        feed.changed("ADDED", raw_pod("u-1"))
        feed.deleted(last)

    assert 1 == len(scene.sink.of(Restart))
    assert 1 == len(scene.sink.of(PodForgotten))


async def test_object_that_breaks_a_rule_costs_only_itself() -> None:
    """An object that cannot be processed is counted as an error, not as a deleted pod."""
    scene = Scene()
    feed = PodFeed(scene.controller, scene.boundary)
    strange = raw_pod("u-1")
    async with scene.publishing():
        feed.changed("ADDED", raw_pod("u-1"))
        strange.spec = "no spec at all"  # type: ignore[assignment]  # that is the point
        feed.listing()
        feed.listed([strange, raw_pod("u-2")])
        feed.synced("9")

    assert {"pod feed": 1} == +scene.boundary.errors
    assert [] == scene.sink.of(PodForgotten)
    assert 2 == len(scene.sink.of(PodTracked))


async def test_pod_that_hits_a_mistake_costs_only_itself() -> None:
    """An error with one pod of a list does not keep the others from being processed."""

    def judge(pod: Pod) -> Policy:
        if pod.uid == "u-2":
            raise ZeroDivisionError(pod)
        return Policy()

    scene = Scene(policy_for=judge)
    feed = PodFeed(scene.controller, scene.boundary)
    async with scene.publishing():
        feed.listing()
        feed.listed([raw_pod(f"u-{number}", restarts=1) for number in (1, 2, 3)])
        feed.synced("9")

    assert {"pod feed": 1} == +scene.boundary.errors
    assert ["u-1", "u-3"] == [found.pod.uid for found in scene.sink.of(PodTracked)]


async def test_pod_may_be_listed_twice_at_once() -> None:
    """If a list contains a pod twice, its newer version counts, in whichever order they come."""
    scene = Scene()
    feed = PodFeed(scene.controller, scene.boundary)
    new = raw_pod("u-1", version=6, restarts=1)
    async with scene.publishing():
        feed.listing()
        feed.listed([raw_pod("u-1", version=5), new, raw_pod("u-1", version=5)])
        feed.synced("9")
        known = scene.controller.known_version(PodUid("u-1"))
        feed.deleted(raw_pod("u-1", version=7, restarts=1))

    assert (6, 1) == (known, len(scene.sink.of(Restart)))


async def test_events_of_others_are_no_evidence() -> None:
    """Only Events of the kubelet are evidence, since anybody can write one.

    The expiry of an Event is ignored.
    """
    scene = Scene()
    feed = EvidenceFeed(scene.controller, scene.boundary)
    forged = event_objects.Event(
        involved_object=event_objects.InvolvedObject(kind="Pod", uid="u-1", name="cart"),
        reason="Killing",
        message="Container app failed liveness probe, will be restarted",
        source=event_objects.Source(component="stranger"),
    )
    async with scene.publishing():
        feed.listing()
        feed.listed([forged])
        feed.synced("9")
        feed.changed("ADDED", forged)
        feed.deleted(forged)

    assert ([], {}) == (scene.sink.published, +scene.boundary.errors)


MINUTE_0 = 1_795_161_600.0
"""2026-11-20T08:00:00Z."""

FAILED = ("Unhealthy", "Liveness probe failed: HTTP probe failed with statuscode: 500")
UNREADY = ("Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503")
STOPPED = ("Killing", "Stopping container app")
KILLED = ("Killing", "Container app failed liveness probe, will be restarted")


def said(
    words: tuple[str, str], *, minute: int, count: int = 1, series: int = 1, uid: str = "u-1"
) -> event_objects.Event:
    """An Event of the kubelet about the container, with its latest occurrence."""
    reason, message = words
    return event_objects.Event(
        metadata=Metadata(name=f"cart.{series}", namespace="shop"),
        involved_object=event_objects.InvolvedObject(
            kind="Pod", uid=uid, name="cart", field_path="spec.containers{app}"
        ),
        reason=reason,
        message=message,
        source=event_objects.Source(component="kubelet"),
        count=count,
        last_timestamp=f"2026-11-20T08:{minute:02}:00Z",
    )


async def test_events_of_a_list_are_taken_in_the_order_in_which_they_occurred() -> None:
    """A list is sorted by name, that is by each Event's first occurrence, pod by pod.

    Where it is cut into batches makes no difference.
    """
    scene = Scene()
    feed = EvidenceFeed(scene.controller, scene.boundary)
    listed = (
        said(FAILED, minute=9, count=7, series=1),
        said(UNREADY, minute=5, count=3, series=2),
        said(FAILED, minute=4, count=2, series=3, uid="u-2"),
    )
    async with scene.publishing():
        for uid in ("u-1", "u-2"):
            scene.controller.observe(PodObserved(pod=pod(uid)))
        feed.synced("1")
        feed.listing()
        for each in listed:
            feed.listed([each])
        feed.synced("9")

    told = [each for each in scene.sink.of(ProbeFailures) if isinstance(each, ProbeFailures)]
    assert [("u-1", "Readiness"), ("u-1", "Liveness"), ("u-2", "Liveness")] == [
        (each.pod.uid, each.probe_type) for each in told
    ]


async def test_events_of_a_list_that_broke_off_are_taken_with_the_next() -> None:
    """Nothing is taken twice, and the failures are those of the newest version."""
    scene = Scene()
    feed = EvidenceFeed(scene.controller, scene.boundary)
    async with scene.publishing():
        scene.controller.observe(PodObserved(pod=pod("u-1")))
        feed.synced("1")
        feed.listing()
        feed.listed([said(FAILED, minute=4, count=2)])
        feed.listing()
        feed.listed([said(FAILED, minute=5, count=3)])
        feed.synced("9")

    told = [each for each in scene.sink.of(ProbeFailures) if isinstance(each, ProbeFailures)]
    assert [3] == [each.count for each in told]


@pytest.mark.parametrize("stopped", [1, 3], ids=["before the start", "in the same second"])
async def test_a_kill_of_a_list_comes_before_the_start_that_follows_it(stopped: int) -> None:
    """That the next start was announced, and no kill before it, proves that there was none.

    After a restart of the operator the kill may be behind the start in the list of Events.
    """
    scene = Scene()
    feed = EvidenceFeed(scene.controller, scene.boundary)
    starts = (("Pulled", "Container image"), ("Created", ""), ("Started", ""))
    probed = Container(name="side", liveness=Probe(probe_type=ProbeType.LIVENESS))
    spec = PodSpec(containers=(Container(name="app"), probed))
    end = Termination(
        exit_code=137, reason="Error", started_at=MINUTE_0, finished_at=MINUTE_0 + stopped * 60
    )
    running = ContainerStatus(name="app", running_since=MINUTE_0 + 181)
    async with scene.publishing():
        for count, last in ((0, None), (1, end)):
            now = replace(running, restart_count=count, container_id=f"c-{count}", last=last)
            seen = pod(spec=spec, statuses=(now,), version=count + 1)
            scene.controller.observe(PodObserved(pod=seen, relisted=True))
        for count in (1, 2):
            feed.listing()
            for number, words in enumerate(starts):
                minute = 3 * (count - 1)
                feed.listed([said(words, minute=minute, count=count, series=number)])
            if count > 1:
                feed.listed([said(STOPPED, minute=stopped, series=9)])
            feed.synced("9")

    assert [] == scene.sink.of(Restart)  # for the time being: later evidence may still come


async def test_a_failure_of_a_list_comes_before_the_kill_in_its_second() -> None:
    """A kill is published at once; what its probe failed with is part of the evidence."""
    scene = Scene()
    feed = EvidenceFeed(scene.controller, scene.boundary)
    probed = Container(name="app", liveness=Probe(probe_type=ProbeType.LIVENESS))
    end = Termination(exit_code=143, reason="Error", started_at=MINUTE_0, finished_at=MINUTE_0 + 61)
    async with scene.publishing():
        for count, last in ((0, None), (1, end)):
            now = ContainerStatus(name="app", restart_count=count, running_since=MINUTE_0)
            shown = replace(now, container_id=f"c-{count}", last=last)
            seen = pod(spec=PodSpec(containers=(probed,)), statuses=(shown,), version=count + 1)
            scene.controller.observe(PodObserved(pod=seen, relisted=True))
        feed.listing()
        feed.listed([said(KILLED, minute=1, series=1), said(FAILED, minute=1, count=3, series=2)])
        feed.synced("9")

    [told] = scene.sink.of(Restart)
    assert isinstance(told, Restart)
    assert "kubelet: failed liveness probe, kill 1, last failure: HTTP 5xx" == told.evidence[0]


async def test_failures_from_before_the_start_are_not_counted_again() -> None:
    """Failures in the first list of Events are the baseline; only what is added is counted.

    It may be added by an update, or found in a later list.
    """
    scene = Scene()
    pods, feed = (
        PodFeed(scene.controller, scene.boundary),
        EvidenceFeed(scene.controller, scene.boundary),
    )

    async with scene.publishing():
        pods.changed("ADDED", raw_pod("u-1"))
        for count in (20, 22):
            feed.listing()
            feed.listed([said(FAILED, minute=count, count=count)])
            feed.synced("9")
        feed.changed("MODIFIED", said(FAILED, minute=25, count=25))

    told = [each for each in scene.sink.of(ProbeFailures) if isinstance(each, ProbeFailures)]
    assert [2, 3] == [each.count for each in told]
