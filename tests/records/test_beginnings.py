"""Pods first seen before the records could be read."""

import pytest

from probewatch.core.findings import PodForgotten
from probewatch.core.records import Record
from probewatch.core.sighting import Sighting
from probewatch.records.beginnings import Beginnings
from probewatch.records.book import RecordBook
from probewatch.records.entries import RULES, key_of
from probewatch.records.entry import STALE_SECONDS
from tests.core.test_ledger import CART, POD, began, restart
from tests.support.builders import pod


@pytest.mark.parametrize("complete", [True, False])
def test_rules_are_as_they_are_where_no_pod_was_met_before(complete: bool) -> None:  # noqa: FBT001  # a case
    """If the records are read first, as usual, the ordinary rules apply unchanged."""
    beginnings = Beginnings(RULES, is_open=True)
    beginnings.decide((), complete=complete)

    assert beginnings.rules is RULES


def counting_from_zero() -> RecordBook:
    """A book whose complete records were read after the pod had been seen."""
    book = RecordBook(is_read=False)
    book.remember(pod(1))
    book.learn(complete=True)
    book.load([], 0.0)
    return book


def test_each_container_counts_from_zero() -> None:
    """A pod may have several containers: one does not take the mark of another away."""
    book = counting_from_zero()
    for count, name in ((2, "app"), (1, "proxy"), (3, "app"), (2, "proxy")):
        book.take(restart(count, container=name), CART, 0.0)
    (record,) = book.parts(key_of(CART))

    assert {"app": 3, "proxy": 2} == {
        name: mark.count for name, mark in record.pods[POD.uid].containers.items()
    }
    assert 5 == record.restarts


def test_pod_that_left_does_not_count_from_zero_when_it_is_back() -> None:
    """It may have opted out in between, and restarts from then do not count."""
    beginnings = Beginnings(RULES, is_open=True)
    beginnings.meet(pod(1))
    beginnings.decide((), complete=True)
    rules, empty = beginnings.rules, Record(workload=CART)
    before = rules.fold(empty, began(4, 10), limit=5).restarts
    beginnings.leave(POD.uid)

    assert (4, 0) == (before, rules.fold(empty, began(4, 10), limit=5).restarts)


def test_nobody_waits_for_a_decision_that_was_made() -> None:
    """A takeover would wait for pods that are met later, or were met before."""
    book = counting_from_zero()
    book.remember(pod(1, uid="u2", evidence_uid="u2"))

    assert 0 == len(book.beginnings)


def test_pod_that_never_restarted_gets_no_report() -> None:
    """Most pods never do, and each of them is looked at when the records are read."""
    book = counting_from_zero()
    seen = Sighting(resource_version=10, restart_count=0)
    keys = [
        book.take(began(0, 10), CART, 0.0),
        book.count_missed(POD, CART, "app", seen, is_alive=True),
    ]

    assert [None, None] == keys
    assert 0 == len(book)


def test_what_was_found_long_before_keeps_its_cause() -> None:
    """A pod that counts from 0 and is still there was not dropped by a leader that recorded it."""
    book = RecordBook(is_read=False)
    book.remember(pod(1))
    found = restart(3, seen=Sighting(resource_version=30, restart_count=3, counted_from=2))
    book.take(found, CART, 0.0)
    book.learn(complete=True)
    book.load([], STALE_SECONDS + 1)

    assert [found] == [finding for finding, _ in book.pending()]
    assert [3] == [record.restarts for record in book.parts(key_of(CART))]


def test_what_was_found_before_is_folded_once() -> None:
    """Each takeover loads all reports: by then, the marks of a pod may have been dropped."""
    book = RecordBook(is_read=False)
    key = book.take(restart(1), CART, 0.0)
    book.learn(complete=False)
    book.load([], 1.0)
    assert key is not None
    write = book.plan(key, 2.0)
    assert write is not None
    book.saved(write, "1")
    book.take(PodForgotten(pod=POD), CART, 3.0)

    assert [] == list(book.beginnings.recall(0.0, lambda _uid: None))


@pytest.mark.parametrize(("is_complete", "from_zero"), [(True, True), (False, False)])
def test_container_without_a_mark_counts_from_zero_if_records_are_complete(
    *, is_complete: bool, from_zero: bool
) -> None:
    """Otherwise it may have restarted before anything was recorded, as its pod's others did."""
    book = RecordBook()
    book.complete = is_complete
    book.take(restart(1), CART, 0.0)

    assert from_zero == book.remember(pod(1)).from_zero
