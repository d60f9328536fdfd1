"""From a record to a ProbeReport status and back, within the bounds of a report."""

from dataclasses import replace

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probewatch.core.causes import Cause, Confidence, Pattern, ReadinessReason
from probewatch.core.findings import PodTracked
from probewatch.core.model import PodUid, Workload
from probewatch.core.record_sizes import has_room
from probewatch.core.records import (
    Incident,
    LoopMark,
    Mark,
    PodMarks,
    ReadinessTotals,
    Record,
    Tally,
)
from probewatch.core.spec import Container, PodSpec
from probewatch.kube.reports import objects
from probewatch.kube.reports.conditions import NAMED
from probewatch.kube.reports.parsing import decode_report, is_intact, parse_record
from probewatch.kube.reports.status import render_status
from probewatch.records.book import RecordBook
from tests.core.test_ledger import POD, restart

CART = Workload(namespace="shop", kind="Deployment", name="cart", api_version="apps/v1", uid="d-1")
INCIDENT = Incident(
    pod="cart-1",
    uid=PodUid("u1"),
    node="n1",
    container="app",
    restart_count=3,
    epoch=1,
    cause=Cause.LIVENESS_PROBE,
    confidence=Confidence.CONFIRMED,
    rule="kill-event-probe",
    observed_at=1_795_000_000.25,
    exit_code=137,
    started_at=1_794_999_000.0,
    finished_at=1_794_999_990.0,
    pattern=Pattern.WORKLOAD_WIDE,
    evidence=("kubelet: failed liveness probe",),
    seen_count=3,
    first_cause=Cause.ERROR,
)
LOOP = LoopMark(
    pod="cart-1", cause=Cause.LIVENESS_PROBE, since=1_795_000_000.0, restart_count=3, epoch=1
)
RECORD = Record(
    workload=CART,
    tallies={("app", Cause.LIVENESS_PROBE): Tally(counted=3, corrected=1, unshown=2)},
    readiness=ReadinessTotals(losses={ReadinessReason.READINESS_PROBE: 2}, not_ready_seconds=12.5),
    pods={
        PodUid("u1"): PodMarks(
            containers={
                "app": Mark(
                    count=3, epoch=1, resource_version=77, termination="containerd://x", loop=LOOP
                )
            },
            ready_at=1_795_000_000.0,
        )
    },
    incidents=(INCIDENT,),
)
NOW = 1_795_000_100.0


def render(
    record: Record, before: objects.Status | None = None, now: float = NOW
) -> objects.Status:
    return render_status(record, before=before, now=now)


def read(status: objects.Status, namespace: str = "shop") -> objects.Report:
    body = {"metadata": {"name": "x", "namespace": namespace}, "status": status}
    return decode_report(msgspec.json.encode(body))


def test_record_comes_back() -> None:
    """A record that is written and read again is equal."""
    report = read(render(RECORD))

    assert RECORD == parse_record(report)
    assert is_intact(report.status)


def test_edited_status_is_noticed() -> None:
    """Any edit of the status is noticed, except of its conditions."""
    status = render(RECORD)
    edited = msgspec.structs.replace(status, restarts=0)
    calmed = msgspec.structs.replace(status, conditions=[])

    assert not is_intact(read(edited).status)
    assert is_intact(read(calmed).status)
    assert not is_intact(None)


def test_total_is_written_as_it_was_before_there_was_unshown() -> None:
    """A report of an older version stays intact: the newer field is omitted if it is 0."""
    total = objects.Total(container="app", cause="Error")

    assert b'{"container":"app","cause":"Error","restarts":0,"corrected":0}' == (
        msgspec.json.encode(total)
    )


def test_status_of_strangers_is_read_as_far_as_it_goes() -> None:
    """Unknown values of another version are skipped or read as unknown."""
    incident = objects.Incident(
        time="never",
        pod="p",
        uid="u",
        container="c",
        restart_count=1,
        cause="Gremlins",
        confidence="Somewhat",
        pattern="Chess",
    )
    status = objects.Status(
        workload=objects.Workload(kind="Pod", name="p"),
        totals=[objects.Total(container="c", cause="Gremlins", restarts=3)],
        readiness=objects.Readiness(reasons=[objects.ReasonCount(reason="Gremlins", count=1)]),
        incidents=[incident],
        pods=[
            objects.Pod(
                uid="u",
                containers=[objects.Container(name="c", count=1, resource_version="newest")],
            )
        ],
        loops=[objects.Loop(uid="u", container="c", cause="Gremlins", since="never")],
    )
    record = parse_record(read(status))

    assert record is not None
    assert {} == record.tallies
    assert (Cause.UNKNOWN, Confidence.LOW) == (
        record.incidents[0].cause,
        record.incidents[0].confidence,
    )
    loop = LoopMark(pod="", cause=Cause.UNKNOWN, since=0.0, restart_count=0)
    assert Mark(count=1, loop=loop) == record.pods[PodUid("u")].containers["c"]


@pytest.mark.parametrize(
    "status",
    [
        None,
        objects.Status(),
        objects.Status(workload=objects.Workload(kind="Pod")),
        objects.Status(workload=objects.Workload(name="p")),
    ],
    ids=["none", "empty", "no name", "no kind"],
)
def test_report_of_nobody(status: objects.Status | None) -> None:
    """A report that names no workload has no record."""
    assert parse_record(objects.Report(status=status)) is None


def test_condition_keeps_its_time() -> None:
    """A condition's lastTransitionTime changes only with its status."""
    first = render(RECORD)
    second = render(replace(RECORD, incidents=()), first, NOW + 60)
    calm = replace(RECORD, pods={})
    third = render(calm, second, NOW + 120)

    def loop_of(status: objects.Status) -> tuple[str, str]:
        (found,) = (each for each in status.conditions if each.type == "RestartLoop")
        return found.status, found.last_transition_time

    assert ("True", first.conditions[1].last_transition_time) == loop_of(second)
    assert "False" == loop_of(third)[0]
    assert loop_of(third)[1] != loop_of(second)[1]


def long_record(incidents: int, pods: int, text: str) -> Record:
    """A record with this many incidents and pods, and the longest names."""
    name = "p" * 253
    found = tuple(
        replace(INCIDENT, restart_count=n, pod=name, node=name, evidence=(text,) * 3)
        for n in range(incidents)
    )
    marks = {
        PodUid(f"{n:0>36}"): PodMarks(
            containers={
                "c" * 63: Mark(count=n, resource_version=2**60, termination=text, loop=LOOP)
            }
        )
        for n in range(pods)
    }
    return replace(RECORD, incidents=found, pods=marks)


def test_only_the_newest_are_kept_of_a_long_record() -> None:
    """The CRD allows 200 incidents and 50 loops; the count of loops is that of all."""
    status = render(long_record(201, 51, "x"))

    assert (200, 200) == (len(status.incidents), status.incidents[0].restart_count)
    assert (50, 51) == (len(status.loops), status.looping)
    assert status.conditions[0].message.endswith("; 0 incidents and 1 loops did not fit.")


@pytest.mark.parametrize(("loops", "more"), [(NAMED, ""), (NAMED + 1, ", and 1 more")])
def test_loops_that_are_not_named_are_counted(loops: int, more: str) -> None:
    """The message names the first loops, and says how many others there are."""
    message = render(long_record(0, loops, "x")).conditions[1].message

    assert NAMED == message.count(" in cart-1 (LivenessProbe)")
    assert message.endswith(f"(LivenessProbe){more}.")


def test_incidents_that_do_not_fit_are_dropped() -> None:
    """Of a status that is too large, the oldest incidents are dropped until it just fits."""
    record = long_record(200, 400, "x" * 250)
    status = render(record)
    size, kept = len(msgspec.json.encode(status)), len(status.incidents)
    larger = msgspec.json.encode(status.incidents[-1])

    assert 0 < kept < 200
    assert size <= 256 * 1024 < size + len(larger) + 6 * 1024
    assert ("Shortened", 199) == (status.conditions[0].reason, status.incidents[0].restart_count)
    assert f"{200 - kept} " in status.conditions[0].message


def test_values_are_within_the_bounds_of_their_fields() -> None:
    """An exit code is an int32, an identity at most 256 bytes, and seconds are milliseconds."""
    mark = Mark(count=1, termination="é" * 999)
    readiness = ReadinessTotals(not_ready_seconds=0.1 + 0.2)
    numbers = [-(2**40), -(2**31), 0, 2**31 - 1, 2**40]
    record = replace(
        RECORD,
        readiness=readiness,
        pods={PodUid("u1"): PodMarks(containers={"app": mark})},
        incidents=tuple(replace(INCIDENT, exit_code=each) for each in numbers),
    )
    status = render(record)
    (pod,) = status.pods

    assert len(pod.containers[0].termination.encode()) <= 256
    assert status.readiness is not None
    assert (0, 0.3) == (status.readiness.losses, status.readiness.not_ready_seconds)
    assert [-(2**31), -(2**31), 0, 2**31 - 1, 2**31 - 1] == [
        each.exit_code for each in reversed(status.incidents)
    ]


def test_count_that_was_seen_is_written_only_after_a_jump() -> None:
    """An incident has the restartCount that was seen if that is not its own number."""
    jump = replace(RECORD, incidents=(INCIDENT, replace(INCIDENT, seen_count=5)))

    assert [5, 0] == [each.seen_count for each in render(jump).incidents]


@pytest.mark.slow
def test_report_fits_whatever_is_in_it() -> None:
    """A full report has at most 256 KiB and 200 incidents."""
    pods = next(n for n in range(100, 5000, 50) if not has_room(long_record(0, n, "")))
    record = long_record(5000, pods, "é" * 10_000)
    status = render(record)
    size = len(msgspec.json.encode(status))

    assert size <= 256 * 1024
    assert len(status.incidents) <= 200
    assert pods == len(status.pods)
    assert 4999 == status.incidents[0].restart_count or not status.incidents
    assert "Shortened" == status.conditions[0].reason
    assert is_intact(read(status).status)


@given(text=st.text(max_size=600), count=st.integers(1, 5))
@settings(max_examples=50, deadline=None)
def test_any_text_is_legal(text: str, count: int) -> None:
    """Any evidence text is cut to its bytes and can be read again."""
    record = long_record(count, 1, text)
    status = render(record)

    assert all(len(each.encode()) <= 256 for each in status.incidents[0].evidence)
    assert is_intact(read(status).status)


@pytest.mark.slow
@pytest.mark.parametrize(("pods", "containers"), [(5000, 1), (500, 20)])
def test_all_reports_of_a_large_workload_fit(pods: int, containers: int) -> None:
    """All parts of a large workload's report stay within the limit, with the longest names."""
    names = [f"{number:0>63}" for number in range(containers)]
    spec = PodSpec(containers=tuple(Container(name=name) for name in names))
    uids = [PodUid(f"{number:0>36}") for number in range(pods)]
    book = RecordBook(limit=200)
    for uid in uids:
        book.take(PodTracked(pod=replace(POD, uid=uid), spec=spec), CART, 0.0)
    for name in names:
        for uid in uids:
            told = replace(restart(1, 2**60), pod=replace(POD, uid=uid, name="p" * 253))
            book.take(replace(told, container=name, termination="t" * 77), CART, 0.0)
    reports = [book.record(key) for key in book.all_keys()]
    sizes = [len(msgspec.json.encode(render(report))) for report in reports if report]

    assert max(sizes) <= 256 * 1024
    assert pods * containers == sum(report.restarts for report in reports if report)
    assert len(reports) <= 25
