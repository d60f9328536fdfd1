"""Arrivals: which pods are counted from 0, and which versions of unknown pods are outdated."""

import pytest

from probewatch.core.model import PodUid
from probewatch.core.observe import PodObserved
from probewatch.core.remembered import Remembered
from probewatch.store import Store
from probewatch.tracking.arrivals import Arrivals
from tests.support.builders import pod, status

UID = PodUid("u1")


def arrivals() -> Arrivals:
    """Arrivals with complete records, in which there is nothing of any pod."""
    return Arrivals(lambda _pod: Remembered(from_zero=True), selective=True)


def test_a_new_pod_is_counted_from_0() -> None:
    """With complete records, a pod that just appeared has no restart that was counted before."""
    assert arrivals().recall(pod(5), relisted=False).from_zero


@pytest.mark.parametrize("how", ["left the selector", "opted out"])
def test_a_pod_that_comes_back_is_not_counted_from_0(how: str) -> None:
    """Its restarts from before it was watched again are not counted."""
    found = arrivals()
    if how == "opted out":
        found.left_alone(UID, "shop")
    else:
        found.deleted(UID, 5)

    assert not found.recall(pod(9), relisted=False).from_zero


def test_nothing_is_kept_of_a_pod_that_opted_out_and_is_gone() -> None:
    """A later pod with its uid, as after a restore of the cluster, is a new one."""
    found = arrivals()
    found.left_alone(UID, "shop")
    found.gone(UID)

    assert found.recall(pod(9), relisted=False).from_zero


@pytest.mark.parametrize(
    ("selective", "age", "is_new"),
    [(True, 30.0, True), (True, 90.0, False), (False, 90.0, True)],
    ids=["hardly older", "older", "older where all pods are watched"],
)
def test_a_pod_older_than_others_was_there_if_labels_can_have_hidden_it(
    age: float, *, selective: bool, is_new: bool
) -> None:
    """API servers' clocks differ a little, so a pod is old only if it is much older than others."""
    found = Arrivals(lambda _pod: Remembered(from_zero=True), selective=selective)
    found.recall(pod(5, created_at=1000.0), relisted=False)
    other = pod(6, uid=PodUid("u2"), created_at=1000.0 - age)

    assert is_new is found.recall(other, relisted=False).from_zero


def test_a_pod_that_a_list_did_not_contain_is_not_counted_from_0_when_it_comes_back() -> None:
    """It exists, but was not selected: what it did meanwhile is not counted."""
    store = Store(remember=lambda _pod: Remembered(from_zero=True))
    store.feed(PodObserved(pod=pod(5)), 100.0)
    store.sweep((), 100.0, version=9)
    store.feed(PodObserved(pod=pod(12, status(restart_count=3)), relisted=True), 100.0)

    assert {3} == {seen.counted_from for _, _, seen in store.counted()}


@pytest.mark.parametrize(
    ("version", "relisted", "is_late"),
    [(5, False, True), (6, False, False), (5, True, False)],
    ids=["not newer than the list", "newer", "in the next list"],
)
def test_a_version_that_a_complete_list_would_have_contained_is_outdated(
    version: int, *, relisted: bool, is_late: bool
) -> None:
    """But a pod in the next list exists, though the one before could not show it."""
    found = arrivals()
    found.listed((), None, version=5)

    assert is_late is found.is_late(UID, "shop", version, relisted=relisted)


def test_a_list_of_one_namespace_makes_no_version_of_another_outdated() -> None:
    """Each namespace that is watched by itself has a list of its own."""
    found = arrivals()
    found.listed((), ("bank",), version=9)

    assert not found.is_late(UID, "shop", 5, relisted=False)
    assert found.is_late(UID, "bank", 5, relisted=False)
