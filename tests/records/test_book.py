"""The book of records: to which report a finding belongs, and what is remembered of pods."""

from dataclasses import replace

import pytest

from probewatch.core.causes import Cause, Readiness
from probewatch.core.findings import PodForgotten, PodTracked
from probewatch.core.model import PodUid
from probewatch.core.record_sizes import Marks
from probewatch.core.records import Mark, PodMarks, Record
from probewatch.core.sighting import Sighting
from probewatch.core.spec import PodSpec
from probewatch.records.attendance import DEPARTED_SECONDS
from probewatch.records.book import RecordBook
from probewatch.records.entry import STALE_SECONDS, Key, Loaded
from tests.core.test_ledger import CART, POD, began, corrected, loop, ready, restart, told
from tests.support.builders import pod

KEY = Key("shop", "deployment-cart")


def full_record(pods: int) -> Record:
    marks = {PodUid(f"x{n}"): PodMarks(containers={"app": Mark(count=1)}) for n in range(pods)}
    return Record(workload=CART, pods=marks)


def test_full_report_is_followed_by_another() -> None:
    """A workload with very many pods has several reports, summed as one."""
    book = RecordBook()
    book.load([(KEY, Loaded(record=full_record(1000), version="1"))], 0.0)
    key = book.take(restart(1), CART, 0.0)
    assert Key("shop", "deployment-cart.2") == key
    assert key == book.take(restart(2), CART, 0.0)
    assert key is not None
    write = book.plan(key, 0.0)
    assert write is not None
    book.saved(write, "2")

    assert 2 == sum(record.restarts for record in book.saved_parts(KEY))
    assert 2 == len(book)


def many(book: RecordBook, number: int) -> list[Key | None]:
    pods = [replace(POD, uid=PodUid(f"x{n}")) for n in range(number)]
    return [book.take(replace(restart(1), pod=each), CART, 0.0) for each in pods]


def test_parts_fill_up_one_after_the_other() -> None:
    """A pod stays in its report; a new one goes to the first report with room."""
    book = RecordBook()
    keys = many(book, 1000)

    assert ["deployment-cart", "deployment-cart.2", "deployment-cart.3"] == sorted(
        {key.name for key in keys if key}
    )
    assert keys == sorted(keys, key=keys.index), "a part that is full stays so"
    assert keys[0] == book.take(replace(restart(2), pod=replace(POD, uid=PodUid("x0"))), CART, 0.0)
    assert 1001 == sum(record.restarts for key in book.all_keys() if (record := book.record(key)))


def test_room_is_found_again() -> None:
    """When pods of a full report are gone, it takes new ones."""
    book = RecordBook()
    keys = many(book, 1000)
    for n in range(10):
        gone = replace(POD, uid=PodUid(f"x{n}"))
        book.take(PodTracked(pod=gone, spec=PodSpec()), CART, 0.0)
        book.take(PodForgotten(pod=gone), CART, 0.0)
    assert keys[0] is not None
    write = book.plan(keys[0], DEPARTED_SECONDS + 1)
    assert write is not None

    assert keys[0] == book.take(restart(1), CART, 0.0)
    assert PodUid("x0") not in write.record.pods


def seen_by(marked: int, version: str) -> RecordBook:
    """A book with one restart of a pod, whose workload's first report has so many other pods."""
    book = RecordBook()
    book.load([(KEY, Loaded(record=full_record(marked), version=version))], 0.0)
    book.take(PodTracked(pod=POD, spec=PodSpec()), CART, 0.0)
    book.take(restart(1), CART, 10.0)
    return book


@pytest.mark.parametrize("now", [20.0, STALE_SECONDS + 20.0], ids=["at once", "later"])
@pytest.mark.parametrize(
    ("here", "there", "parts"), [(400, 1000, 2), (1000, 400, 1)], ids=["first", "second"]
)
def test_pod_that_another_leader_put_into_another_part_is_counted_once(
    here: int, there: int, parts: int, now: float
) -> None:
    """Replicas may find room in different reports; a takeover keeps the one that was written."""
    leader, standby = seen_by(there, "2"), seen_by(here, "1")
    standby.take(restart(2), CART, now - 1)
    written = []
    for key in leader.all_keys():
        record = leader.record(key)
        assert record is not None
        written.append((key, Loaded(record=record, version="3")))
    standby.load(written, now)

    assert parts == len(standby)
    assert 2 == sum(record.restarts for record in standby.parts(KEY))
    (key,) = standby.dirty()
    assert [restart(2)] == [finding for finding, _ in standby.pending()]
    assert [key] == [each for each in leader.all_keys() if _has_pod(leader, each)]


def test_pod_stays_where_another_leader_put_it_when_there_is_room_elsewhere() -> None:
    """With marks in two reports, each of its restarts would be counted in the one that is asked."""
    standby, second = seen_by(400, "1"), Key("shop", "deployment-cart.2")
    theirs = told(restart(1), record=Record(workload=CART, part=1))
    standby.load(
        [
            (KEY, Loaded(record=full_record(400), version="3")),
            (second, Loaded(record=theirs, version="3")),
        ],
        20.0,
    )

    assert second == standby.take(restart(2), CART, 30.0)
    assert [second] == [key for key in standby.all_keys() if _has_pod(standby, key)]


def _has_pod(book: RecordBook, key: Key) -> bool:
    record = book.record(key)
    return record is not None and POD.uid in record.pods


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_part_that_somebody_deleted_hides_no_other(missing: int) -> None:
    """If one of a workload's reports was deleted, its counters are restored from the others."""
    book = RecordBook()
    many(book, 1000)
    reports = [
        (key, Loaded(record=record, version="1"))
        for key in sorted(book.all_keys())
        if (record := book.record(key))
    ]
    del reports[missing]
    book = RecordBook()
    book.load(reports, 0.0)

    (key,) = book.workloads()
    assert [report.record for _, report in reports] == list(book.saved_parts(key))


def test_pods_that_came_together_are_followed_each() -> None:
    """A deleted report is created again until the last pod of its workload is gone."""
    book = RecordBook()
    other = replace(POD, uid=PodUid("u-2"))
    key = book.take(restart(1), CART, 0.0)
    book.take(PodTracked(pod=POD, spec=PodSpec(), siblings=(other,)), CART, 0.0)
    assert key is not None
    for pod_gone, is_kept in ((POD, True), (other, False)):
        write = book.plan(key, 0.0)
        assert write is not None
        book.saved(write, "1")
        book.take(PodForgotten(pod=pod_gone), CART, 0.0)
        book.vanished(key)
        assert is_kept == (book.record(key) is not None)


def test_pod_whose_owner_became_known_later_departs_from_where_it_came_to() -> None:
    """A pod departs from the workload it arrived in, even if it is now known by another name."""
    book = RecordBook()
    replicas = replace(CART, kind="ReplicaSet", name="cart-7d9", uid="r1")
    book.take(PodTracked(pod=POD, spec=PodSpec()), replicas, 0.0)
    key = book.take(restart(1), replicas, 0.0)
    assert key == Key("shop", "replicaset-cart-7d9")
    write = book.plan(key, 0.0)
    assert write is not None
    book.saved(write, "1")
    book.take(PodForgotten(pod=POD), CART, 60.0)
    book.vanished(key)

    assert book.record(key) is None


def test_correction_does_not_bring_a_mark_back() -> None:
    """A correction for a dropped pod changes its incident only."""
    book = RecordBook()
    key = book.take(restart(1), CART, 0.0)
    book.take(PodTracked(pod=POD, spec=PodSpec()), CART, 0.0)
    book.take(PodForgotten(pod=POD), CART, 0.0)
    assert key is not None
    book.plan(key, DEPARTED_SECONDS + 1)

    assert key == book.take(corrected(), CART, 0.0)
    book.complete = True
    assert {} == book.remember(pod(1)).containers


def test_book_remembers_pods() -> None:
    """A pod new to the process is known from its records."""
    book = RecordBook()
    assert not book.remember(pod(1)).from_zero
    book.complete = True
    assert book.remember(pod(1)).from_zero
    book.take(began(4, 10), CART, 0.0)
    assert 4 == book.remember(pod(1)).containers["app"].count
    assert book.remember(pod(1)).from_zero, "of its other containers nothing is recorded"


def test_workload_that_was_made_anew_has_a_record_of_its_own() -> None:
    """A standby does not add the restarts of a deleted workload to its successor."""
    book = RecordBook()
    old = told(*(restart(count) for count in range(1, 11)))
    book.load([(KEY, Loaded(record=old, version="5"))], 0.0)
    anew = replace(CART, uid="d2")
    other = replace(POD, uid=PodUid("u2"))
    book.take(PodForgotten(pod=POD), CART, 10.0)
    book.take(PodTracked(pod=other, spec=PodSpec()), anew, 20.0)
    book.take(replace(restart(1), pod=other), anew, 30.0)
    theirs = told(replace(restart(1), pod=other), record=Record(workload=anew))
    book.load([(KEY, Loaded(record=theirs, version="90"))], 5000.0)

    assert book.plan(KEY, 5000.0) is None
    assert 1 == sum(record.restarts for record in book.saved_parts(KEY))
    assert {} == book.remember(pod(1)).containers


def test_all_reports_of_a_workload_are_told_apart() -> None:
    """Shown totals are assigned to a workload's reports in order."""
    book = RecordBook()
    second = Key("shop", "deployment-cart.2")
    first = told(*(restart(count) for count in range(1, 6)))
    book.load(
        [
            (KEY, Loaded(record=first, version="5")),
            (second, Loaded(record=replace(first, part=1), version="6")),
        ],
        0.0,
    )
    book.tell_apart(KEY, {("app", Cause.ERROR): 7})

    assert (KEY,) == book.workloads()
    assert [5, 2] == [record.tallies["app", Cause.ERROR].shown for record in book.parts(KEY)]
    assert book.parts(KEY) == book.saved_parts(KEY)
    assert [second] == list(book.dirty())


@pytest.mark.parametrize("finding", [loop(), corrected(), ready(Readiness.READY, 1.0)])
def test_what_is_no_news_makes_no_report(finding: object) -> None:
    """Only restarts, baselines and losses of readiness create a report."""
    book = RecordBook()

    assert book.take(finding, CART, 0.0) is None  # type: ignore[arg-type]  # each is a finding
    assert 0 == len(book)


def test_a_report_that_a_list_does_not_show_is_made_again() -> None:
    """A report missing from a list is created again, unless the list was refused."""
    book = RecordBook()
    book.load([(KEY, Loaded(record=told(restart(1)), version="5"))], 0.0)
    book.take(PodTracked(pod=POD, spec=PodSpec()), CART, 0.0)
    book.unread = frozenset({"shop"})
    book.load([], 10.0)
    assert book.plan(KEY, 10.0) is None

    book.unread = frozenset()
    book.load([], 20.0)
    write = book.plan(KEY, 20.0)
    assert write is not None
    assert ("", 1) == (write.version, write.record.restarts)


@pytest.mark.parametrize(
    ("record", "version"),
    [(told(restart(1)), "5"), (told(restart(1)), "6"), (Record(workload=CART), "5")],
    ids=["the same", "changed", "the same, without a mark"],
)
def test_what_waits_outlasts_a_list(record: Record, version: str) -> None:
    """Unwritten findings are kept, however old, unless another may have recorded them."""
    book = RecordBook()
    book.load([(KEY, Loaded(record=record, version="5"))], 0.0)
    book.take(restart(2), CART, 10.0)
    book.load([(KEY, Loaded(record=record, version=version))], 10_000.0)
    write = book.plan(KEY, 10_000.0)

    assert write is not None
    assert (version, 2) == (write.version, write.record.restarts)
    assert (restart(2),) == book.saved(write, "7")


def test_what_another_has_recorded_is_not_passed_on_again() -> None:
    """Counters are raised from its report, and an own finding would be added to them."""
    book = RecordBook()
    book.load([(KEY, Loaded(record=told(restart(1)), version="5"))], 0.0)
    book.take(restart(2), CART, 1.0)
    book.reloaded(KEY, Loaded(record=told(restart(1), restart(2)), version="6"), 2.0)

    assert [] == list(book.pending())
    assert [] == list(book.dirty())


def test_what_is_found_while_a_report_is_written_is_written_next() -> None:
    """The record as it was sent is what is saved, and over the version it got."""
    book = RecordBook()
    key = book.take(restart(1), CART, 0.0)
    assert key is not None
    first = book.plan(key, 0.0)
    assert first is not None
    book.take(restart(2), CART, 1.0)
    assert (restart(1),) == book.saved(first, "1")
    assert [1] == [record.restarts for record in book.saved_parts(key)]
    second = book.plan(key, 1.0)

    assert second is not None
    assert ("1", 2) == (second.version, second.record.restarts)


def test_report_whose_status_somebody_removed_is_written_again() -> None:
    """It exists, but nothing of what was saved is in it any more."""
    book = RecordBook()
    book.load([(KEY, Loaded(record=told(restart(1)), version="5"))], 0.0)
    book.created(KEY, "60")
    write = book.plan(KEY, 1.0)

    assert write is not None
    assert ("60", 1) == (write.version, write.record.restarts)


def test_report_that_another_wrote_without_new_restarts_is_taken_over() -> None:
    """Its totals have not fallen, so it is not from a backup."""
    book = RecordBook()
    mine = told(restart(1))
    book.load([(KEY, Loaded(record=mine, version="5"))], 0.0)
    theirs = replace(mine, pods=Marks({**mine.pods, **full_record(1).pods}))
    book.reloaded(KEY, Loaded(record=theirs, version="6"), 1.0)

    assert (theirs,) == book.parts(KEY) == book.saved_parts(KEY)


@pytest.mark.parametrize("made", [True, False], ids=["made anew", "restored"])
def test_versions_of_a_lost_history_are_forgotten(*, made: bool) -> None:
    """A cluster restored from a backup counts versions from there: later ones look old else."""
    book = RecordBook()
    book.load([(KEY, Loaded(record=told(restart(2, version=90)), version="91"))], 0.0)
    if made:
        book.take(PodTracked(pod=POD, spec=PodSpec()), CART, 0.0)
        book.vanished(KEY)
        book.created(KEY, "60")
    else:
        book.reloaded(KEY, Loaded(record=told(restart(1)), version="60"), 0.0)
    assert [2] == [record.restarts for record in book.parts(KEY)]
    book.take(restart(3, version=65), CART, 1.0)

    assert [3] == [record.restarts for record in book.parts(KEY)]


def test_report_that_somebody_edited_is_written_over() -> None:
    """Its totals may be anything, and counters would rise to them."""
    book = RecordBook()
    book.load([(KEY, Loaded(record=told(restart(1)), version="5"))], 0.0)
    edited = told(restart(1), restart(2), restart(3))
    book.reloaded(KEY, Loaded(record=edited, version="6", intact=False), 1.0)
    write = book.plan(KEY, 1.0)

    assert write is not None
    assert ("6", 1) == (write.version, write.record.restarts)


def test_report_that_is_too_large_keeps_its_latest_incidents() -> None:
    """Half of them go, and from then on it holds no more than the other half."""
    book = RecordBook()
    for count in range(1, 5):
        book.take(restart(count), CART, 0.0)
    book.shorten(KEY)
    shortened = book.record(KEY)
    book.take(restart(5), CART, 1.0)
    after = book.record(KEY)

    assert shortened is not None
    assert after is not None
    assert [[3, 4], [4, 5]] == [
        [incident.restart_count for incident in record.incidents] for record in (shortened, after)
    ]


def test_report_that_was_deleted_was_saved_all_the_same() -> None:
    """Made again, it is no report of a new workload, whose counters would begin anew."""
    book = RecordBook()
    book.load([(KEY, Loaded(record=told(restart(1)), version="5"))], 0.0)
    book.take(PodTracked(pod=POD, spec=PodSpec()), CART, 0.0)
    book.vanished(KEY)

    assert book.was_saved(KEY)
    assert [KEY] == list(book.dirty())


def test_workload_of_unknown_uid_takes_no_owner_away() -> None:
    """A report without an owner would outlive its workload."""
    book = RecordBook()
    owned = Record(workload=replace(CART, uid="d1"))
    book.load([(KEY, Loaded(record=told(restart(1), record=owned), version="5"))], 0.0)
    book.take(PodTracked(pod=POD, spec=PodSpec()), CART, 0.0)
    book.vanished(KEY)
    write = book.plan(KEY, 1.0)

    assert write is not None
    assert "d1" == write.record.workload.uid


def test_loop_of_a_pod_that_went_unnoticed_is_over() -> None:
    """Else a report would show a loop for ever: of a pod that is gone nothing more is found."""
    book = RecordBook()
    book.load([(KEY, Loaded(record=told(restart(1), loop()), version="5"))], 0.0)
    loops = []
    for alive in ({POD.uid}, set[PodUid]()):
        book.sweep(alive, 1.0)
        loops += [len(list(record.loops())) for record in book.parts(KEY)]

    assert [1, 0] == loops


LONG = STALE_SECONDS + 1


@pytest.mark.parametrize(
    ("record", "waited", "restarts"),
    [
        (told(restart(1)), 1.0, 2),
        (told(restart(1)), LONG, 2),
        (Record(workload=CART), 1.0, 2),
        (Record(workload=CART), LONG, 0),
    ],
    ids=["with a mark", "with a mark, long after", "without", "without, long after"],
)
def test_what_was_found_before_records_could_be_read(
    record: Record, waited: float, restarts: int
) -> None:
    """Old findings without a mark in the record are dropped: the leader recorded them."""
    book = RecordBook(is_read=False)
    book.take(restart(2), CART, 0.0)
    book.learn(complete=False)
    book.load([(KEY, Loaded(record=record, version="5"))], waited)

    assert (restarts,) == tuple(each.restarts for each in book.parts(KEY))


def test_a_policy_limits_what_was_found_before_records_could_be_read() -> None:
    """The policy's limit of incidents holds for these findings as well."""
    book = RecordBook(is_read=False)
    for count in range(1, 6):
        book.take(restart(count), CART, 0.0, limit=2)
    book.learn(complete=True)
    book.load([], 1.0)

    assert [(5, 2)] == [(each.restarts, len(each.incidents)) for each in book.parts(KEY)]


def test_a_report_that_was_edited_before_this_process_began_is_all_there_is() -> None:
    """A report edited before the start is taken as it is: nothing else is known."""
    old = told(restart(1))
    book = RecordBook()
    book.load([(KEY, Loaded(record=old, version="5", intact=False))], 0.0)

    assert (old,) == book.saved_parts(KEY)
    assert book.was_saved(KEY)


def test_a_workload_that_was_made_anew_owns_its_report() -> None:
    """A report's owner is the newest known uid, so that it is deleted with the workload."""
    book = RecordBook()
    for count, uid in enumerate(("d1", "", "d2"), start=1):
        book.take(restart(count), replace(CART, uid=uid), 0.0)
        [record] = book.parts(KEY)
        assert (count, uid or "d1") == (record.restarts, record.workload.uid)


@pytest.mark.parametrize(("age", "restarts"), [(0.0, 1), (LONG, 0)])
def test_a_finding_is_as_old_as_it_is_when_it_comes(age: float, restarts: int) -> None:
    """A finding that arrives old is dropped like one that became old here."""
    book = RecordBook()
    book.take(restart(1), CART, LONG, age=age)
    book.load([(KEY, Loaded(record=Record(workload=CART), version="5"))], LONG)

    assert (restarts,) == tuple(each.restarts for each in book.parts(KEY))


@pytest.mark.parametrize(
    ("container", "is_alive", "restarts"),
    [("app", False, 4), ("app", True, 4), ("side", False, 1), ("side", True, 5)],
)
def test_what_is_seen_is_counted_told_or_not(
    container: str, restarts: int, *, is_alive: bool
) -> None:
    """A restart count that was seen is recorded, without a mark only for an existing pod."""
    book = RecordBook()
    book.take(restart(1), CART, 0.0)
    seen = Sighting(resource_version=90, restart_count=4)
    key = book.count_missed(POD, CART, container, seen, is_alive=is_alive)

    assert (KEY if restarts > 1 else None) == key
    assert (restarts,) == tuple(each.restarts for each in book.parts(KEY))


def test_what_cannot_be_saved_is_handed_out_report_by_report() -> None:
    """Unsaved findings are returned once, for the requested reports only."""
    book = RecordBook()
    book.take(restart(1), CART, 0.0)

    assert [] == list(book.untold([Key("shop", "deployment-other")]))
    assert [(restart(1), CART)] == list(book.untold([KEY]))
    assert [] == list(book.untold())


@pytest.mark.parametrize(("is_led", "waiting"), [(True, []), (False, [(restart(1), CART)])])
def test_what_a_leader_has_written_long_ago_waits_no_more(
    waiting: list[tuple[object, object]], *, is_led: bool
) -> None:
    """Old findings of a standby are dropped if there is a leader, else kept."""
    book = RecordBook()
    book.take(restart(1), CART, 0.0)
    book.tidy({POD.uid}, DEPARTED_SECONDS + 1, is_led=is_led)

    assert waiting == list(book.pending())


@pytest.mark.parametrize("led_since", [20.0, 2 * LONG - 1.0], ids=["long", "just now"])
def test_who_leads_drops_nothing_that_it_found_itself(led_since: float) -> None:
    """No other leader can have recorded it: neither lately nor since this one leads."""
    book = RecordBook(led_since=lambda: led_since)
    found = max(led_since, 20.0) if led_since < LONG else 2 * LONG - STALE_SECONDS
    book.take(restart(2), CART, found)
    book.load([(KEY, Loaded(record=Record(workload=CART), version="5"))], 2 * LONG)

    assert [restart(2)] == [finding for finding, _ in book.pending()]


def test_report_of_pods_that_nobody_saw_go_is_kept() -> None:
    """Right after a start, not all pods of a report are listed yet."""
    book = RecordBook()
    book.load([(KEY, Loaded(record=full_record(2), version="1"))], 0.0)
    gone = replace(POD, uid=PodUid("x0"))
    book.take(PodTracked(pod=gone, spec=PodSpec()), CART, 0.0)
    book.take(PodForgotten(pod=gone), CART, 0.0)
    book.vanished(KEY)

    assert book.record(KEY) is not None


@pytest.mark.parametrize("is_writing", [True, False])
def test_pods_that_went_unnoticed_lose_their_marks(*, is_writing: bool) -> None:
    """Those that a complete list lacks are gone, too; else reports would only ever grow."""
    book, alive = RecordBook(), {PodUid("x1")}
    book.load([(KEY, Loaded(record=full_record(2), version="1"))], 0.0)
    for now in (1.0, DEPARTED_SECONDS + 2.0):
        if is_writing:
            book.sweep(alive, now)
        else:
            book.tidy(alive, now, is_led=True)
    book.take(replace(restart(2), pod=replace(POD, uid=PodUid("x1"))), CART, DEPARTED_SECONDS)
    if is_writing:
        assert book.plan(KEY, DEPARTED_SECONDS + 2.0) is not None
    record = book.record(KEY)

    assert record is not None
    assert alive == record.pods.keys()


def test_only_what_is_saved_counts_as_recorded() -> None:
    """Events of what is not saved yet are not written again: they come once it is."""
    book = RecordBook()
    book.load([(KEY, Loaded(record=told(restart(1)), version="1"))], 0.0)
    book.take(restart(2), CART, 0.0)

    assert [1] == [record.restarts for record in book.records()]


def test_restart_that_stands_for_many_waits_as_many() -> None:
    """In a new term counters are reset to what was shown: without the whole of a large jump."""
    book = RecordBook()
    book.take(restart(1), CART, 0.0)
    book.take(restart(40, stands_for=39), CART, 0.0)

    assert {("app", Cause.ERROR): 40} == book.untold_restarts(KEY)


@pytest.mark.parametrize(
    ("is_there", "is_news", "is_led", "is_kept"),
    [
        (True, True, False, True),
        (True, True, True, False),
        (True, False, False, False),
        (False, True, False, False),
    ],
    ids=["unsaved", "unsaved, led", "saved", "never made"],
)
def test_report_whose_pods_are_gone_is_kept_for_what_it_lacks(
    *, is_there: bool, is_news: bool, is_led: bool, is_kept: bool
) -> None:
    """While nothing can be written, memory is freed of all that nobody will miss."""
    book = RecordBook()
    if is_there:
        book.load([(KEY, Loaded(record=told(restart(1)), version="5"))], 0.0)
    book.take(PodTracked(pod=POD, spec=PodSpec()), CART, 0.0)
    if is_news:
        book.take(restart(2), CART, 500.0)
    book.take(PodForgotten(pod=POD), CART, 500.0)
    book.tidy((), 500.0 + DEPARTED_SECONDS - 1, is_led=is_led)
    before = len(book)
    book.tidy((), 500.0 + DEPARTED_SECONDS, is_led=is_led)
    book.tidy((), 501.0 + DEPARTED_SECONDS, is_led=is_led)

    assert (1, is_kept) == (before, len(book) == 1)


def test_report_of_a_workload_that_has_pods_is_kept() -> None:
    """The pod that restarted is gone, but its restart is not saved yet, and others came."""
    book = RecordBook()
    other = replace(POD, uid=PodUid("u2"))
    book.take(PodTracked(pod=POD, spec=PodSpec(), siblings=(other,)), CART, 0.0)
    book.take(restart(1), CART, 0.0)
    book.take(PodForgotten(pod=POD), CART, 0.0)
    book.tidy({other.uid}, DEPARTED_SECONDS + 1, is_led=False)

    assert [(restart(1), CART)] == list(book.pending())


def test_standby_keeps_what_the_leader_may_not_have_recorded_yet() -> None:
    """If the leader dies now, its successor has to know the latest findings."""
    book = RecordBook()
    book.take(restart(1), CART, 0.0)
    book.tidy({POD.uid}, DEPARTED_SECONDS - 1, is_led=True)

    assert [(restart(1), CART)] == list(book.pending())
