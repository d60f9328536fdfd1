"""A recording holds what was sent and can be replayed, whatever fails meanwhile."""

import argparse
import asyncio
import gzip
import io
import json
import os
import random
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from probewatch.clock import Clock
from probewatch.commands import record, replay, stream
from probewatch.commands.durations import parse_duration, render_duration
from probewatch.commands.record_objects import RawDecoder, RawObject
from probewatch.commands.record_progress import Progress
from probewatch.commands.record_streams import Output, StreamWriter
from probewatch.commands.recording import Recording
from probewatch.commands.stream import LineType
from probewatch.errors import ApiError, InputError
from probewatch.watch.transport import WatchStats
from tests.support.fake_cluster import FakeCluster, Json, serving
from tests.support.full_disk import disk_of

POD: Json = {
    "kind": "Pod",
    "metadata": {"name": "web", "namespace": "shop", "uid": "u-1"},
    "spec": {
        "containers": [
            {
                "name": "app",
                "env": [{"name": "SECRET", "value": "hunter2"}],
                "livenessProbe": {"httpGet": {"port": 80}},
            }
        ]
    },
    "status": {"containerStatuses": [{"name": "app", "restartCount": 0, "ready": True}]},
}


@pytest.fixture(name="kubeconfig")
def _kubeconfig(tmp_path: Path) -> Path:
    return tmp_path / "kubeconfig"


def point(kubeconfig: Path, server: str) -> None:
    """Make the kubeconfig point to *server*."""
    content = {
        "current-context": "c",
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "contexts": [{"name": "c", "context": {"cluster": "c"}}],
    }
    kubeconfig.write_text(json.dumps(content))


def parse(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    record.add_flags(parser)
    return parser.parse_args(arguments)


LONG_ENOUGH = ("--duration", "1s")
"""Enough for the first list even on a busy machine; a recording ends by the clock alone."""


async def run(kubeconfig: Path, *arguments: str) -> None:
    await record.record(parse(*arguments, "--kubeconfig", str(kubeconfig)))


async def staged() -> FakeCluster:
    cluster = FakeCluster()
    await cluster.put("/api/v1/pods", json.loads(json.dumps(POD)))
    return cluster


@pytest.mark.parametrize("name", ["r.jsonl", "r.jsonl.gz"])
async def test_recording_can_be_replayed(kubeconfig: Path, tmp_path: Path, name: str) -> None:
    """Objects are written as received, plain or compressed, and `replay` reads them."""
    path = str(tmp_path / name)
    async with serving(await staged()) as server:
        point(kubeconfig, server)
        await run(kubeconfig, path, *LONG_ENOUGH)

    lines = list(stream.read_stream(path))
    _, ledger = replay.replay(iter(lines))
    assert [("ADDED", "Pod")] == [(line.type, line.kind) for line in lines]
    assert POD["spec"] == json.loads(lines[0].object)["spec"]
    assert ledger.balanced


async def test_secrets_can_be_left_out(kubeconfig: Path, tmp_path: Path) -> None:
    """With `--without` the omitted fields are never written."""
    path = tmp_path / "r.jsonl"
    async with serving(await staged()) as server:
        point(kubeconfig, server)
        await run(kubeconfig, str(path), *LONG_ENOUGH, "--without", "env,commands")

    assert "hunter2" not in path.read_text()
    assert "SECRET" in path.read_text()


async def test_existing_file_is_kept(kubeconfig: Path, tmp_path: Path) -> None:
    """An existing file is refused, unless it is to be appended to."""
    path = tmp_path / "r.jsonl"
    async with serving(await staged()) as server:
        point(kubeconfig, server)
        await run(kubeconfig, str(path), *LONG_ENOUGH)
        with pytest.raises(InputError, match="exists already; --append"):
            await run(kubeconfig, str(path), *LONG_ENOUGH)
        with pytest.raises(InputError, match="Is a directory"):
            await run(kubeconfig, str(tmp_path), *LONG_ENOUGH)
        await run(kubeconfig, str(path), *LONG_ENOUGH, "--append")

    assert 2 == len(path.read_text().splitlines())


@contextmanager
def masked() -> Iterator[None]:
    """The usual umask of a shell."""
    before = os.umask(0o022)
    try:
        yield
    finally:
        os.umask(before)


@pytest.mark.parametrize("options", [(), ("--append",)], ids=["new", "appended"])
async def test_new_file_is_for_its_owner_alone(
    kubeconfig: Path, tmp_path: Path, options: tuple[str, ...]
) -> None:
    """A new recording is readable by its owner only: it holds values of variables."""
    path = tmp_path / "r.jsonl"
    async with serving(await staged()) as server:
        point(kubeconfig, server)
        with masked():
            await run(kubeconfig, str(path), *LONG_ENOUGH, *options)

    assert 0o600 == stat.S_IMODE(path.stat().st_mode)


async def test_file_that_is_added_to_keeps_its_mode(kubeconfig: Path, tmp_path: Path) -> None:
    """Appending keeps the mode of the file."""
    path = tmp_path / "r.jsonl"
    path.touch()
    path.chmod(0o640)
    async with serving(await staged()) as server:
        point(kubeconfig, server)
        await run(kubeconfig, str(path), *LONG_ENOUGH, "--append")

    assert 0o640 == stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("resource", ["pods", "events"])
async def test_missing_right_is_reported_before_anything_is_written(
    kubeconfig: Path, tmp_path: Path, resource: str
) -> None:
    """A missing right to either resource is one line of error, and no file is created."""
    path = f"/api/v1/{resource}"
    cluster = FakeCluster(refuse=lambda request: 403 if request.path == path else 0)
    async with serving(cluster) as server:
        point(kubeconfig, server)
        with pytest.raises(ApiError, match=r"a right is missing: .* 403"):
            await run(kubeconfig, str(tmp_path / "r.jsonl"), *LONG_ENOUGH)

    assert not (tmp_path / "r.jsonl").exists()


async def test_file_that_cannot_be_written(kubeconfig: Path, tmp_path: Path) -> None:
    """A path that cannot be written is one line of error."""
    async with serving(await staged()) as server:
        point(kubeconfig, server)
        with pytest.raises(InputError, match="No such file or directory"):
            await run(kubeconfig, str(tmp_path / "none" / "r.jsonl"))


class BrokenFile(io.BytesIO):
    """A file on a full disk."""

    def write(self, _data: object) -> int:
        raise OSError(28, "No space left on device")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["r.jsonl", "r.jsonl.gz"])
async def test_full_disk_costs_only_what_does_not_fit(
    kubeconfig: Path, tmp_path: Path, name: str
) -> None:
    """A full disk is one line of error, and what was written can be replayed."""
    path, cluster = tmp_path / name, await staged()
    noise = random.Random(7).randbytes(2000).hex()
    for number in range(20):
        meta = {"name": f"w{number}", "namespace": "shop", "uid": f"u{number}", "noise": noise}
        await cluster.put("/api/v1/pods", {**POD, "metadata": meta})
    async with serving(await staged()) as server:
        point(kubeconfig, server)
        await run(kubeconfig, str(path), *LONG_ENOUGH)
    whole = path.stat().st_size
    async with serving(cluster) as server:
        point(kubeconfig, server)
        with disk_of(whole + 900), pytest.raises(ApiError, match="cannot be written: File too lar"):
            await run(kubeconfig, str(path), *LONG_ENOUGH, "--append")

    assert 1 <= len(list(stream.read_stream(str(path))))
    assert whole <= path.stat().st_size


@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "gzip"])
def test_lines_that_did_not_fit_are_not_counted(tmp_path: Path, *, compressed: bool) -> None:
    """The reported number of lines can be read, also after a full disk."""
    path = tmp_path / "r"
    with path.open("xb", buffering=0) as file:
        recording = Recording(file, compressed=compressed)
        recording.write(LineType.ADDED, b'{"kind":"Pod"}', 0.0)
        recording.flush()
        for number in range(50):
            recording.write(LineType.ADDED, b'{"kind":"Pod","n":%d}' % number**9, 0.0)
        with disk_of(path.stat().st_size + 300), pytest.raises(OSError, match="File too large"):
            recording.flush()

    assert recording.lines == len(list(stream.read_stream(str(path))))
    assert recording.lines == (1 if compressed else 4)


LINE = b'{"receivedAt":"2026-11-20T10:00:00Z","type":"ADDED","object":{"kind":"Pod"}}\n'

MEMBER = gzip.compress(LINE)

CUT = {
    "in a line": ("r.jsonl", LINE, LINE[:-20], 1),
    "before a line's end": ("r.jsonl", LINE + LINE[:-1], b"", 2),
    "in the first line": ("r.jsonl", b"", LINE[:3], 0),
    "in a member": ("r.jsonl.gz", MEMBER, MEMBER[:-9], 1),
    "in a member's head": ("r.jsonl.gz", MEMBER, MEMBER[:3], 1),
    "in the first member": ("r.jsonl.gz", b"", MEMBER[:-9], 0),
    "nowhere": ("r.jsonl.gz", MEMBER + MEMBER, b"", 2),
    "empty": ("r.jsonl", b"", b"", 0),
    "where nothing was written": ("r.jsonl", LINE, LINE[:9] + bytes(99), 1),
    "in a member that was not written": ("r.jsonl.gz", MEMBER, MEMBER[:20] + bytes(99), 1),
}
"""Truncated files: the bytes to keep, the bytes to drop, and the number of whole lines."""


@pytest.mark.parametrize(("name", "kept", "lost", "whole"), CUT.values(), ids=CUT.keys())
async def test_a_cut_off_recording_is_mended_before_it_is_added_to(
    kubeconfig: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    *,
    name: str,
    kept: bytes,
    lost: bytes,
    whole: int,
) -> None:
    """Appending to a truncated recording removes its partial end, with a warning."""
    path = tmp_path / name
    path.write_bytes(kept + lost)
    async with serving(await staged()) as server:
        point(kubeconfig, server)
        await run(kubeconfig, str(path), *LONG_ENOUGH, "--append")

    assert whole + 1 == len(list(stream.read_stream(str(path))))
    assert ([len(lost)] if lost else []) == [
        record.__dict__["bytes"] for record in caplog.records if "half a line" in record.message
    ]


NOT_OURS = {"text": ("notes.jsonl", b"milk\nbread"), "no gzip": ("r.jsonl.gz", b"milk\n")}


@pytest.mark.parametrize(("name", "content"), NOT_OURS.values(), ids=NOT_OURS.keys())
async def test_nothing_is_added_to_what_is_no_recording(
    kubeconfig: Path, tmp_path: Path, name: str, content: bytes
) -> None:
    """A file that is no recording is not changed, and is named in the error."""
    path = tmp_path / name
    path.write_bytes(content)
    async with serving(await staged()) as server:
        point(kubeconfig, server)
        with pytest.raises(InputError, match=f"{name}: "):
            await run(kubeconfig, str(path), *LONG_ENOUGH, "--append")

    assert content == path.read_bytes()


async def test_full_disk_is_not_taken_for_a_network_fault() -> None:
    """A write error ends the recording and is no fault of the watch."""
    failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    output = Output(recording=Recording(BrokenFile()), clock=Clock(), failed=failed)
    writer = StreamWriter(output=output, sweeps=True)

    writer.listed([RawObject(text=b"{}")])
    output.flush()
    writer.listed([RawObject(text=b"{}")])

    error = failed.exception()
    assert isinstance(error, OSError)
    assert 28 == error.errno


def decode(item: Json) -> RawObject:
    page = json.dumps({"metadata": {"resourceVersion": "1"}, "items": [item]}).encode()
    return RawDecoder().page(page).items[0]


async def test_missed_deletion_is_written_once_a_list_proves_it() -> None:
    """A pod missing from a later list is written as DELETED with its last version."""
    file = io.BytesIO()
    failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    clock = Clock(now=lambda: 0.0)
    output = Output(recording=Recording(file), clock=clock, failed=failed)
    writer = StreamWriter(output=output, sweeps=True)

    writer.listing()
    writer.listed([decode(POD)])
    writer.synced("1")
    writer.listing()
    writer.synced("2")
    output.flush()

    kinds = [json.loads(line) for line in file.getvalue().splitlines()]
    assert ["ADDED", "DELETED"] == [each["type"] for each in kinds]
    assert ("Pod", "u-1") == (kinds[1]["object"]["kind"], kinds[1]["object"]["metadata"]["uid"])


def test_lines_of_a_watch_keep_their_text() -> None:
    """The JSON text of an object is kept byte for byte."""
    line = (
        b'{"type":"MODIFIED","object":{"metadata":{"uid":"u","resourceVersion":"7"},"odd":[1.50]}}'
    )

    update = RawDecoder().update(line)

    assert update.object is not None
    assert b'{"metadata":{"uid":"u","resourceVersion":"7"},"odd":[1.50]}' == update.object.text
    assert "7" == update.version


class Watched:
    """A watch that is synced, or not."""

    def __init__(self, *, synced: bool) -> None:
        self.stats = WatchStats(resource="pods", synced=synced)


def test_progress_without_a_terminal_is_a_line_a_minute() -> None:
    """Without a terminal, progress is a line a minute and one at the end."""
    out, seconds = io.StringIO(), [0.0]
    clock = Clock(monotonic=lambda: seconds[0])
    progress = Progress("r", [Watched(synced=False)], Recording(io.BytesIO()), clock, out)
    for seconds[0] in (5.0, 61.0, 65.0):
        progress.show()
    progress.finish()

    assert [
        "Recording to r; Ctrl-C ends it.",
        "1m1s: 0 lines; not listed yet: pods",
        "Recorded 1m5s: 0 lines; not listed yet: pods.",
    ] == out.getvalue().splitlines()


@pytest.mark.parametrize(
    ("size", "shown"), [(900, "1 kB"), (43_400, "43 kB"), (2_340_000, "2.3 MB")]
)
def test_size_of_a_recording_is_never_nothing(tmp_path: Path, size: int, shown: str) -> None:
    """The size of the file is shown in a unit that fits."""
    path, out = tmp_path / "r", io.StringIO()
    path.write_bytes(bytes(size))

    Progress(str(path), [], Recording(io.BytesIO()), Clock(), out).finish()

    assert out.getvalue().endswith(f": 0 lines, {shown}.\n")


DURATIONS = [
    ("90s", 90.0, "1m30s"),
    ("1h30m", 5400.0, "1h30m"),
    ("2d", 172800.0, "2d"),
    ("1d2h3m", 93780.0, "1d2h"),
]


@pytest.mark.parametrize(("text", "seconds", "shown"), DURATIONS)
def test_durations(text: str, seconds: float, shown: str) -> None:
    """Durations are parsed, and shown in their two largest units."""
    assert (seconds, shown) == (parse_duration(text), render_duration(seconds))


@pytest.mark.parametrize("text", ["", "5", "m", "5x", "-5s", "0s", "5m junk"])
def test_no_duration(text: str) -> None:
    """An invalid duration is refused."""
    with pytest.raises(argparse.ArgumentTypeError):
        parse_duration(text)


@pytest.mark.parametrize("arguments", [["--without", "secrets"], ["-d", "soon"]])
def test_wrong_flags_are_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """An invalid flag value is explained."""
    with pytest.raises(SystemExit):
        parse("r.jsonl", *arguments)

    assert "argument" in capsys.readouterr().err
