"""The journal of findings that wait for their record: bounded, and returned once."""

from collections.abc import Iterable
from dataclasses import replace

from probewatch.core.causes import Cause
from probewatch.core.findings import Finding, LoopEnded
from probewatch.core.model import PodUid
from probewatch.records.journal import OTHERS_KEPT, RESTARTS_KEPT, Journal
from tests.core.test_ledger import POD, began, corrected, loop, restart, told


def counts(findings: Iterable[object]) -> list[int]:
    return [getattr(each, "restart_count", 0) for each in findings]


def test_journal_keeps_the_first_and_the_latest() -> None:
    """Of very many restarts the first and the latest are kept; the count covers the rest."""
    journal = Journal()
    for count in range(1, 1001):
        journal.add(restart(count), 0.0)

    kept = counts(journal)
    assert RESTARTS_KEPT == len(journal) == len(kept)
    assert [1, *range(1000 - RESTARTS_KEPT + 2, 1001)] == kept
    assert 1000 == told(*journal).restarts


def test_journal_is_bounded() -> None:
    """Of other findings the latest are kept."""
    journal = Journal()
    for number in range(OTHERS_KEPT + 10):
        journal.add(loop(at=float(number)), 0.0)

    assert [float(number) for number in range(10, OTHERS_KEPT + 10)] == [
        getattr(each, "at", 0.0) for each in journal
    ]


def test_journal_hands_out_once() -> None:
    """A finding returned before it was saved is not returned again."""
    journal = Journal()
    journal.add(restart(1), 0.0)
    journal.add(corrected(1), 0.0)

    assert 2 == len(journal.tell())
    journal.add(restart(2), 0.0)
    assert [2] == counts(journal.settle(journal.last))
    assert 0 == len(journal)


def test_journal_lets_go_of_old_findings_of_others() -> None:
    """Old findings are kept only for pods that still have marks."""
    journal = Journal()
    other = replace(POD, uid=PodUid("u2"))
    journal.add(restart(1), 0.0)
    journal.add(replace(restart(1), pod=other), 0.0)
    journal.add(corrected(), 0.0)
    journal.forget(10.0, unless={PodUid("u2")})

    assert [other.uid] == [each.pod.uid for each in journal if hasattr(each, "pod")]


def test_findings_come_in_the_order_in_which_they_were_made() -> None:
    """Whatever their kind: a loop begins after the restarts that make it."""
    journal = Journal()
    found: list[Finding] = [began(0, 10), restart(1), loop(), restart(2)]
    for finding in found:
        journal.add(finding, 0.0)

    assert found == list(journal)


def test_findings_that_a_record_holds_already_are_dropped() -> None:
    """Another replica saved them: only the others still have to be saved."""
    journal = Journal()
    for count in (1, 2, 3):
        journal.add(restart(count), 0.0)
    journal.replay(lambda finding: finding != restart(2))

    assert [restart(1), restart(3)] == list(journal)


def test_end_of_a_loop_with_its_pod_is_no_news() -> None:
    """A report is not created for a workload that is gone, only to say that its loop is over."""
    news = []
    for gone in (True, False):
        journal = Journal()
        ended = LoopEnded(
            pod=POD, container="app", cause=Cause.ERROR, started_at=1.0, at=9.0, gone=gone
        )
        journal.add(ended, 0.0)
        news.append((journal.has_news(), journal.has_untold_news()))

    assert [(False, False), (True, True)] == news
