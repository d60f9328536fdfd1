"""Which report holds the marks of which pod."""

from probewatch.core.ledger import fold
from probewatch.core.record_names import report_name
from probewatch.records.entries import RULES, Entries
from tests.core.test_ledger import CART, POD, restart


def holding() -> Entries:
    """The report of one pod that has restarted."""
    entries = Entries(limit=5, rules=RULES, pod_bytes=lambda _key: 0)
    entry = entries.find(POD.uid, CART)
    entry.record = fold(entry.record, restart(1), limit=5)
    entries.keep(entry, POD.uid)
    assert report_name(CART) == entries.by_uid[POD.uid].name
    return entries


def test_nothing_is_kept_of_pods_that_left_their_report() -> None:
    """Pods come and go for as long as the process lives."""
    entries = holding()
    (entry,) = entries
    entries.let_go(entry, (POD.uid,))

    assert {} == entries.by_uid
    assert {} == entry.record.pods


def test_nothing_is_kept_of_the_pods_of_a_report_that_is_dropped() -> None:
    """The pods that had marks in it are returned, for whoever follows them."""
    entries = holding()
    (entry,) = entries

    assert {POD.uid} == set(entries.drop(entry.key))
    assert {} == entries.by_uid
    assert entries.of_pod(POD.uid) is None


def test_nothing_is_known_of_reports_that_are_taken_out() -> None:
    """They are folded into those that are read, and would be counted as well."""
    entries = holding()

    assert [report_name(CART)] == [entry.key.name for entry in entries.take_out()]
    assert (0, {}) == (len(entries), entries.by_uid)
