"""Reading recorded streams: all formats of files, and all errors."""

import gzip
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from probewatch import cli
from probewatch.commands import replay, stream
from probewatch.commands.stream import Kind, LineType, StreamError
from tests.commands.shop import pod

Write = Callable[..., str]

POD = {"kind": "Pod", "metadata": {"name": "web"}}

DEEP = 100_000
"""Nesting that no Python reads: 3.11 gives up after 1,000 levels, 3.13 after some 10,000."""


def line(at: str = "2026-01-02T03:04:05Z", kind: str = "ADDED", obj: object = POD) -> str:
    return json.dumps({"receivedAt": at, "type": kind, "object": obj}) + "\n"


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a file and return its path."""

    def _write(content: str | bytes, name: str = "stream.jsonl") -> str:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return _write


def test_a_line_becomes_a_record_with_its_time_and_place(write: Write) -> None:
    """Times are epoch seconds, whatever the offset; the object is unchanged."""
    path = write(line(at="2026-01-02T04:04:05.250+01:00"))

    (record,) = stream.read_stream(path)

    assert 1767323045.25 == record.received_at
    assert (LineType.ADDED, Kind.POD, f"{path}:1") == (record.type, record.kind, record.place)
    assert POD == json.loads(record.object)


@pytest.mark.parametrize(
    ("expected", "type_", "obj"),
    [
        (Kind.POD, "ADDED", {"kind": "Pod"}),
        (Kind.EVENT, "MODIFIED", {"kind": "Event"}),
        (Kind.POD, "ADDED", {"spec": {}, "status": {}}),
        (Kind.EVENT, "ADDED", {"involvedObject": {}}),
        (Kind.EVENT, "ADDED", {"regarding": {}}),
        (Kind.NONE, "ADDED", {"kind": "Node", "spec": {}}),
        (Kind.NONE, "BOOKMARK", {"kind": "Pod"}),
        (Kind.NONE, "ERROR", {"kind": "Status", "code": 410}),
        (Kind.NONE, "BOOKMARK", None),
    ],
    ids=[
        "pod",
        "event",
        "pod of a list",
        "event of a list",
        "newer event of a list",
        "other kind",
        "bookmark",
        "error",
        "bookmark without an object",
    ],
)
def test_objects_are_told_apart(expected: Kind, type_: str, obj: object) -> None:
    """The kind of an object is known, also of list items, which have no `kind`."""
    record = stream.parse_line(line(kind=type_, obj=obj).encode(), "f", 1)

    assert expected is record.kind


def test_gzip_is_recognised_by_its_content(write: Write) -> None:
    """A gzip file is recognized by content, and several members are read."""
    members = gzip.compress(line().encode()) + gzip.compress(line().encode())

    assert 2 == len(list(stream.read_stream(write(members, "no-suffix"))))


def test_standard_input_is_a_file_named_dash(monkeypatch: pytest.MonkeyPatch) -> None:
    """`-` is standard input, compressed or not."""

    class Stdin:
        buffer = io.BytesIO(gzip.compress(line().encode()))

    monkeypatch.setattr(sys, "stdin", Stdin)

    (record,) = stream.read_streams(["-"])

    assert "<stdin>:1" == record.place


def test_several_files_are_merged_by_arrival(write: Write) -> None:
    """Several files are merged by time of arrival."""
    pods = write(line(at="2026-01-01T00:00:01Z") + line(at="2026-01-01T00:00:04Z"), "pods")
    events = write(line(at="2026-01-01T00:00:02Z") + line(at="2026-01-01T00:00:03Z"), "events")

    records = stream.read_streams([pods, events])

    assert ["pods:1", "events:1", "events:2", "pods:2"] == [
        Path(record.place).name for record in records
    ]


def test_parts_of_a_recording_are_given_in_any_order(write: Write) -> None:
    """Files may be given in any order; equal times are read from the earlier file first."""
    early = write(line(at="2026-01-01T00:00:01Z") + line(at="2026-01-01T00:00:02Z"), "early")
    late = write(line(at="2026-01-01T00:00:02Z") + line(at="2026-01-01T00:00:03Z"), "late")

    records = stream.read_streams([late, write("", "empty"), early])

    assert ["early:1", "early:2", "late:1", "late:2"] == [
        Path(record.place).name for record in records
    ]


def test_the_order_of_one_file_is_kept(write: Write) -> None:
    """The order within a file is kept, even if the clock was set back."""
    path = write(line(at="2026-01-01T00:00:09Z") + line(at="2026-01-01T00:00:01Z"))

    assert [1, 2] == [record.line for record in stream.read_streams([path])]


def test_blank_lines_are_nothing(write: Write) -> None:
    """Blank lines are skipped but counted."""
    (record,) = stream.read_stream(write("\n  \n" + line()))

    assert 3 == record.line


def test_marks_of_byte_order_are_nothing(write: Write) -> None:
    """Byte order marks at the beginning of lines are skipped."""
    mark = b"\xef\xbb\xbf"
    path = write(mark + line().encode() + mark + line().encode() + mark)

    assert [1, 2] == [record.line for record in stream.read_stream(path)]


@pytest.mark.parametrize(
    ("complaint", "content"),
    [
        ("JSON is malformed", "no json\n"),
        ("Input data was truncated", line()[:40]),
        ("missing required field `receivedAt`", "{}\n"),
        ("missing required field `object`", '{"receivedAt":"2026-01-01T00:00:00Z","type":"ADDED"}'),
        ("Invalid enum value 'GONE' - at `$.type`", line(kind="GONE")),
        ("Invalid RFC3339 encoded datetime - at `$.receivedAt`", line(at="yesterday")),
        ("timezone component - at `$.receivedAt`", line(at="2026-01-01T00:00:00")),
        ("has no `kind`", line(obj={})),
        ("Expected `object`, got `int`", line(obj=3)),
        ("recursion depth", line(obj=["deep"]).replace('"deep"', "[" * DEEP + "]" * DEEP)),
        ("recursion depth", line().replace('"web"', '{"a":' * DEEP + "1" + "}" * DEEP)),
    ],
)
def test_a_bad_line_is_named_with_its_number(write: Write, complaint: str, content: str) -> None:
    """The error names the file, the line and the fault."""
    path = write(line() + content)

    with pytest.raises(StreamError) as caught:
        list(stream.read_stream(path))

    assert str(caught.value).startswith(f"{path}:2: not a record: ")
    assert complaint in str(caught.value)


def test_a_pod_that_is_no_text_is_named_with_its_line(write: Write) -> None:
    """A fault found only when a pod is decoded also names its line."""
    path = write(line().encode().replace(b"web", b"\xff"))

    with pytest.raises(StreamError, match="1: not a Pod: 'utf-8' codec"):
        replay.replay(stream.read_stream(path))


def test_a_line_without_end_is_refused(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """An endless line is refused, so that memory is bounded."""
    monkeypatch.setattr(stream, "MAX_LINE_BYTES", 10)

    with pytest.raises(StreamError, match="1: line longer than"):
        list(stream.read_stream(write("x" * 100)))


def test_a_truncated_gzip_file_is_named_after_its_last_whole_line(write: Write) -> None:
    """A truncated gzip file is an error."""
    whole = gzip.compress((line() * 3).encode())

    with pytest.raises(StreamError, match="the gzip file is cut off"):
        list(stream.read_stream(write(whole[:-6])))


def test_damaged_gzip_data_is_named(write: Write) -> None:
    """Damaged gzip data is an error of the file."""
    with pytest.raises(StreamError, match="the gzip data is damaged"):
        list(stream.read_stream(write(b"\x1f\x8b" + b"\x00" * 40)))


def test_a_missing_file_is_named() -> None:
    """A missing file is the system's error message."""
    with pytest.raises(StreamError, match=r"^/nowhere/at-all: No such file or directory$"):
        list(stream.read_stream("/nowhere/at-all"))


WHOLE = gzip.compress(line().encode())

CUT = {
    "in a line": (line() + line()[:40]).encode(),
    "in an object that is nested deeply": line().encode() + b'{"a":' + b"[" * 100_000,
    "in a number": line().encode() + b'{"receivedAt":-',
    "where nothing was written": line().encode() + bytes(99),
    "in a line, and then nothing": (line() + line()[:40]).encode() + bytes(99),
    "in a member": WHOLE + WHOLE[:-20],
    "in a member's head": WHOLE + WHOLE[:4],
    "in a member that was not written": WHOLE + WHOLE[:20] + bytes(99),
}
"""Truncated files, whose first line is whole and whose second is not."""


@pytest.mark.parametrize("content", CUT.values(), ids=CUT.keys())
def test_a_file_that_is_cut_off_is_read_to_its_last_whole_line(
    write: Write, content: bytes
) -> None:
    """A truncated file is read up to its last whole line, with a warning."""
    path, told = write(content), list[str]()

    (record,) = stream.read_streams([path], told.append)

    assert f"{path}:1" == record.place
    assert [f"{path}: cut off in line 2, which is left out; what comes before it was read"] == told


@pytest.mark.parametrize(
    "content",
    [
        line().encode() + b"no json",
        line().encode() + b"{}",
        line().encode() + b"{no json\n",
        line()[:40].encode(),
        WHOLE[:-20],
        WHOLE + WHOLE[:20] + bytes(99) + WHOLE,
    ],
    ids=["other text", "whole", "not the last", "the first line", "first member", "in the middle"],
)
def test_a_file_that_is_wrong_is_not_taken_for_one_that_is_cut_off(
    write: Write, content: bytes
) -> None:
    """Only a partial end is tolerated; any other fault is an error."""
    told: list[str] = []

    with pytest.raises(StreamError, match=r"not a record|the gzip"):
        list(stream.read_streams([write(content)], told.append))

    assert [] == told


def test_last_line_that_is_too_long_is_not_cut_off(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A last line longer than any object is an error, although it is incomplete."""
    monkeypatch.setattr(stream, "MAX_LINE_BYTES", len(line()))
    path = write(line() + line()[:-20] + "x" * 100)

    with pytest.raises(StreamError, match="2: line longer than"):
        list(stream.read_streams([path], pytest.fail))


def test_replay_judges_what_is_whole(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    """`replay` of a truncated file warns on standard error and exits with 0."""
    path = write(line(obj=pod()) + line()[:40])

    assert 0 == cli.main(["replay", path, "-o", "json"])
    out, err = capsys.readouterr()

    assert json.loads(out)["ledger"]["balanced"]
    assert f"probewatch: {path}: cut off in line 2, " in err


@pytest.mark.parametrize("content", ["", line(kind="BOOKMARK"), line(obj={"kind": "Node"})])
def test_replay_of_no_pods_is_no_good_news(
    write: Write, capsys: pytest.CaptureFixture[str], content: str
) -> None:
    """`replay` of a file without pods warns that nothing was recorded."""
    assert 0 == cli.main(["replay", write(content)])

    assert "probewatch: no pod was recorded" in capsys.readouterr().err
