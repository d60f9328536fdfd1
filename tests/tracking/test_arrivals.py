"""Arrivals: which pods are counted from 0, and which versions of unknown pods are outdated."""

import pytest

from probewatch.core.model import PodUid
from probewatch.core.remembered import Remembered
from probewatch.tracking.arrivals import Arrivals
from tests.support.builders import pod

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
