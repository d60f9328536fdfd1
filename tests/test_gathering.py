"""Gathering: consecutive pods of one controller are published as one finding with siblings."""

import logging
from dataclasses import replace

import pytest

from probewatch.core.findings import Finding, PodForgotten, PodTracked
from probewatch.core.model import OwnerRef, PodRef, PodUid, Workload
from probewatch.core.spec import PodSpec
from probewatch.finding_log import log_finding
from probewatch.gathering import gather

OWNER = OwnerRef(api_version="apps/v1", kind="ReplicaSet", name="cart-1", uid="o-1")
SPEC = PodSpec()


def pod(number: int) -> PodRef:
    return PodRef(uid=PodUid(f"u-{number}"), namespace="shop", name=f"cart-{number}", owner=OWNER)


def tracked(number: int) -> PodTracked:
    return PodTracked(pod=pod(number), spec=SPEC)


def test_neighbours_are_one() -> None:
    """Three consecutive pods of one controller with one spec become one finding."""
    gathered = gather([tracked(1), tracked(2), tracked(3)])

    assert [PodTracked(pod=pod(1), spec=SPEC, siblings=(pod(2), pod(3)))] == list(gathered)


def test_order_is_kept() -> None:
    """A finding between two pods stays between them."""
    gone: Finding = PodForgotten(pod=pod(1))

    assert [tracked(1), gone, tracked(1)] == list(gather([tracked(1), gone, tracked(1)]))
    assert [gone] == list(gather([gone]))
    assert [] == list(gather([]))


NODE = replace(OWNER, kind="Node", name="n-1")

OTHERS = {
    "another controller": replace(pod(2), owner=replace(OWNER, uid="o-2")),
    "no controller": replace(pod(2), owner=None),
    "another namespace": replace(pod(2), namespace="other"),
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS.keys())
def test_others_stay_apart(other: PodRef) -> None:
    """A pod of another workload is not gathered, whatever it says about its owner."""
    findings = [tracked(1), PodTracked(pod=other, spec=SPEC), tracked(3)]

    assert findings == list(gather(findings))


@pytest.mark.parametrize("owner", [None, NODE], ids=["none", "its node"])
def test_pods_that_stand_for_themselves_stay_apart(owner: OwnerRef | None) -> None:
    """Pods without a controller, or of a node, are each a workload of their own."""
    findings = [replace(tracked(n), pod=replace(pod(n), owner=owner)) for n in (1, 2)]

    assert findings == list(gather(findings))


def test_another_spec_stays_apart() -> None:
    """Pods with another spec are not gathered, since the metrics series depend on it."""
    findings = [tracked(1), replace(tracked(2), spec=PodSpec(restart_policy=SPEC.restart_policy))]

    assert findings == list(gather(findings))


def test_each_has_its_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """Each gathered pod has its own line in the log."""
    (together,) = gather([tracked(1), tracked(2)])
    with caplog.at_level(logging.DEBUG, logger="probewatch.findings"):
        log_finding(together, Workload(namespace="shop", kind="Deployment", name="cart"))

    assert ["cart-1", "cart-2"] == [vars(record)["pod"] for record in caplog.records]
