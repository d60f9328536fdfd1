"""Newcomers: which pods are new to the cluster, so that their restarts count from 0."""

from dataclasses import replace

from probewatch.core.model import PodUid
from probewatch.newcomers import Newcomers
from tests.support.builders import pod


def test_an_old_pod_that_begins_to_match_is_not_new() -> None:
    """With a label selector, an old pod that begins to match is not new."""
    newcomers = Newcomers(selective=True)
    assert newcomers.is_new(pod(1, created_at=1000.0), relisted=False)
    assert not newcomers.is_new(pod(2, created_at=100.0, uid=PodUid("u2")), relisted=False)
    assert newcomers.is_new(pod(3, uid=PodUid("u3")), relisted=False)


def test_list_is_in_no_order() -> None:
    """Within a list, a pod is not taken for old because another pod in it is younger."""
    newcomers = Newcomers(selective=True)
    assert newcomers.is_new(pod(1, created_at=1000.0), relisted=True)
    assert newcomers.is_new(pod(2, created_at=100.0, uid=PodUid("u2")), relisted=True)
    newcomers.listed({PodUid("u1"), PodUid("u2")}, None, version=50)
    assert not newcomers.is_new(pod(3, created_at=100.0, uid=PodUid("u3")), relisted=False)
    assert newcomers.is_past("shop", 50)
    assert not newcomers.is_past("shop", 51)


def test_list_that_ends_says_nothing_of_one_that_goes_on() -> None:
    """With namespaces listed separately, only pods of complete lists make older pods known."""
    newcomers = Newcomers(selective=True)
    assert newcomers.is_new(pod(1, created_at=1000.0), relisted=True)
    newcomers.listed(set(), ("other",), version=50)
    assert newcomers.is_new(pod(2, created_at=100.0, uid=PodUid("u2")), relisted=True)
    newcomers.listed({PodUid("u1"), PodUid("u2")}, ("shop",), version=60)
    assert not newcomers.is_new(pod(3, created_at=100.0, uid=PodUid("u3")), relisted=False)


def test_pod_that_opts_in_is_no_newcomer() -> None:
    """A pod that opts in again is not new: its restarts while it had opted out do not count."""
    newcomers = Newcomers()
    assert not newcomers.is_new(pod(1, ignored=True), relisted=False)
    assert not newcomers.is_new(pod(2), relisted=False)
    assert newcomers.is_new(pod(3), relisted=False)
    assert not newcomers.is_new(pod(4, ignored=True), relisted=False)
    newcomers.gone(PodUid("u1"))
    assert newcomers.is_new(pod(5), relisted=False)


def test_pod_that_opted_out_and_is_gone_is_forgotten() -> None:
    """A list of one namespace forgets opted-out pods of that namespace only."""
    newcomers = Newcomers()
    shop, bank = (pod(1, uid=PodUid(name), namespace=name) for name in ("shop", "bank"))
    for each in (shop, bank):
        assert not newcomers.is_new(replace(each, ignored=True), relisted=True)

    newcomers.listed(set(), ("shop",), version=50)

    assert newcomers.is_new(shop, relisted=False)
    assert not newcomers.is_new(bank, relisted=False)
