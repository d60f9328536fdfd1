"""Where counting begins, and what the records are told of it."""

from dataclasses import replace

import pytest

from probewatch.core.evidence import EvidenceKind as K
from probewatch.core.findings import CountingBegan, Finding, ProbeFailures, Restart
from probewatch.core.model import ContainerStatus
from probewatch.core.spec import Container
from probewatch.store import Store
from tests.core.test_observe import feed, hear, only, restarted, running
from tests.support.builders import LIVENESS, died, pod, spec, status

TWO = spec(Container(name="app", liveness=LIVENESS), Container(name="b", liveness=LIVENESS))


def begun(found: list[Finding]) -> list[tuple[str, int, int, int]]:
    """Container, count, epoch and version of each beginning that the records are told of."""
    return [
        (each.container, each.restart_count, each.epoch, each.resource_version)
        for each in found
        if isinstance(each, CountingBegan)
    ]


@pytest.mark.parametrize(("count", "expected"), [(0, []), (1, [("b", 1, 0, 7)])])
def test_a_container_that_appears_is_counted_from_where_it_stands(
    count: int, expected: list[tuple[str, int, int, int]]
) -> None:
    """The next process would count its restarts from 0 if the records did not know of it."""
    store = Store()
    feed(store, pod(1, running(), spec=TWO), 1)
    later = status(name="b", restart_count=count, container_id="b")

    assert expected == begun(feed(store, pod(7, running(), later, spec=TWO), 2))


def test_a_count_that_falls_begins_again_in_a_new_epoch() -> None:
    """A newer version shows a lower count where the kubelet lost its containers."""
    store = Store()
    feed(store, pod(1, running(5)), 1)

    assert [("app", 2, 1, 8)] == begun(feed(store, pod(8, running(2)), 2))


def test_a_status_that_comes_twice_hides_no_other() -> None:
    """The first of two with one name counts, and so do those after them."""
    store = Store()
    first = status(name="b", container_id="b0")
    feed(store, pod(1, running(), first, spec=TWO), 1)
    last = died(1, end=90.0, container_id="b0")
    again = status(name="b", restart_count=1, container_id="b1", last=last)
    found = feed(store, pod(2, running(), running(9), again, spec=TWO), 100)
    found += store.tick(1000)

    assert [("b", 1)] == [
        (each.container, each.restart_count)
        for each in only(Restart, found)
        if isinstance(each, Restart)
    ]


def test_a_restart_says_in_which_version_it_was_seen() -> None:
    """By that, records tell what another replica counted already."""
    store = Store()
    feed(store, pod(1, running()), 1)
    found = [*feed(store, pod(9, restarted(1, 300)), 300), *store.tick(1000)]
    [told] = [each for each in found if isinstance(each, Restart)]

    assert (9, 1, 0) == (
        told.seen.resource_version,
        told.seen.restart_count,
        told.seen.counted_from,
    )


WAITING = status(running_since=None, container_id="", ready=False, started=False)


def waiting(count: int) -> ContainerStatus:
    """The container while it has no instance."""
    return replace(WAITING, restart_count=count)


def ended(count: int) -> ContainerStatus:
    """The container while it is shown as terminated."""
    return replace(WAITING, restart_count=count, terminated=died(1, container_id="c1"))


@pytest.mark.parametrize(
    ("before", "after", "epochs"),
    [
        ((running(), waiting(1)), waiting(0), []),
        ((running(), running(1)), waiting(0), [1]),
        ((running(), waiting(1)), running(), [1]),
        ((running(), ended(1)), waiting(0), [1]),
        ((waiting(1),), waiting(0), [1]),
    ],
    ids=["raised", "it ran since", "it runs now", "it ended since", "first seen so"],
)
def test_a_count_that_is_taken_back_opens_no_epoch(
    before: tuple[ContainerStatus, ...], after: ContainerStatus, epochs: list[int]
) -> None:
    """A kubelet may raise the count of a container that it lost, and take that back.

    It does so only until the container has another instance; else the count fell.
    """
    store = Store()
    for version, shown in enumerate(before, start=1):
        feed(store, pod(version, shown), version)
    found = feed(store, pod(9, after), 9)

    assert epochs == [epoch for _, _, epoch, _ in begun(found)]


@pytest.mark.parametrize(("count", "failures"), [(0, 4), (2, 1)])
def test_all_that_an_event_counts_is_of_a_container_seen_from_its_start(
    count: int, failures: int
) -> None:
    """Of one that had restarted before it was seen, earlier failures may be counted already."""
    store = Store()
    feed(store, pod(1, running(), spec=TWO), 1)
    later = status(name="b", restart_count=count, container_id="b")
    for version in (2, 3):
        feed(store, pod(version, running(), later, spec=TWO), version)
    found = [
        each.count
        for name in ("app", "b")
        for each in hear(
            store, K.PROBE_FAILED, 10.0, container=name, name=name, count=4, probe_type="Liveness"
        )
        if isinstance(each, ProbeFailures)
    ]

    assert [4, failures] == found
