"""What is recorded is what was sent, and can be replayed, whatever happens on the way."""

import argparse
import asyncio
import io
import json
from pathlib import Path

import pytest

from probewatch.clock import Clock
from probewatch.commands import record, replay, stream
from probewatch.commands.durations import parse_duration, render_duration
from probewatch.commands.record_objects import RawDecoder, RawObject
from probewatch.commands.record_progress import Progress
from probewatch.commands.record_streams import Sheet, StreamWriter
from probewatch.commands.recording import Recording
from probewatch.errors import ApiError, InputError
from probewatch.settings import Settings
from probewatch.watch.transport import WatchStats
from tests.fakes import FakeCluster, Json, serving

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
    """Make the kubeconfig one for *server*."""
    content = {
        "current-context": "c",
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "contexts": [{"name": "c", "context": {"cluster": "c"}}],
    }
    kubeconfig.write_text(json.dumps(content))


def parse(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    record.add_parser(parser.add_subparsers())
    return parser.parse_args(["record", *arguments])


async def run(kubeconfig: Path, *arguments: str) -> None:
    await record.record(parse(*arguments), Settings(kubeconfig=str(kubeconfig)))


async def staged() -> FakeCluster:
    cluster = FakeCluster()
    await cluster.put("/api/v1/pods", json.loads(json.dumps(POD)))
    return cluster


@pytest.mark.parametrize("name", ["r.jsonl", "r.jsonl.gz"])
async def test_recording_can_be_replayed(kubeconfig: Path, tmp_path: Path, name: str) -> None:
    """Objects are written as they came, plain or compressed, and replay reads them."""
    path = str(tmp_path / name)
    async with serving(await staged()) as server:
        point(kubeconfig, server)
        await run(kubeconfig, path, "--duration", "0.1s")

    lines = list(stream.read_stream(path))
    _, ledger = replay.replay(iter(lines))
    assert [("ADDED", "Pod")] == [(line.type, line.kind) for line in lines]
    assert POD["spec"] == json.loads(lines[0].object)["spec"]
    assert ledger.balanced


async def test_secrets_can_be_left_out(kubeconfig: Path, tmp_path: Path) -> None:
    """What shall not be shown is not written at all."""
    path = tmp_path / "r.jsonl"
    async with serving(await staged()) as server:
        point(kubeconfig, server)
        await run(kubeconfig, str(path), "--duration", "0.1s", "--without", "env,commands")

    assert "hunter2" not in path.read_text()
    assert "SECRET" in path.read_text()


async def test_existing_file_is_kept(kubeconfig: Path, tmp_path: Path) -> None:
    """A file that is there is not written over; it can be added to."""
    path = tmp_path / "r.jsonl"
    async with serving(await staged()) as server:
        point(kubeconfig, server)
        await run(kubeconfig, str(path), "--duration", "0.1s")
        with pytest.raises(InputError, match="exists already; --append"):
            await run(kubeconfig, str(path), "--duration", "0.1s")
        await run(kubeconfig, str(path), "--duration", "0.1s", "--append")

    assert 2 == len(path.read_text().splitlines())


async def test_missing_right_is_said_before_anything_is_written(
    kubeconfig: Path, tmp_path: Path
) -> None:
    """Without the right to list pods there is one clear line, and no empty file."""
    cluster = FakeCluster(refuse=lambda request: 403 if request.path == "/api/v1/pods" else 0)
    async with serving(cluster) as server:
        point(kubeconfig, server)
        with pytest.raises(ApiError, match=r"a right is missing: .* 403"):
            await run(kubeconfig, str(tmp_path / "r.jsonl"), "--duration", "0.1s")

    assert not (tmp_path / "r.jsonl").exists()


async def test_file_that_cannot_be_written(kubeconfig: Path, tmp_path: Path) -> None:
    """A place where nothing can be written is said in one line."""
    async with serving(await staged()) as server:
        point(kubeconfig, server)
        with pytest.raises(InputError, match="No such file or directory"):
            await run(kubeconfig, str(tmp_path / "none" / "r.jsonl"))


class BrokenFile(io.BytesIO):
    """A disk that is full."""

    def write(self, _data: object) -> int:
        raise OSError(28, "No space left on device")


async def test_full_disk_is_not_taken_for_a_network_fault() -> None:
    """An error of the file is kept for whoever records; the watch goes on without a fault."""
    failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    sheet = Sheet(recording=Recording(BrokenFile()), clock=Clock(), failed=failed)
    writer = StreamWriter(sheet=sheet, sweeps=True)

    writer.listed(RawObject(text=b"{}"))
    sheet.flush()
    writer.listed(RawObject(text=b"{}"))

    error = failed.exception()
    assert isinstance(error, OSError)
    assert 28 == error.errno


def decode(item: Json) -> RawObject:
    page = json.dumps({"metadata": {"resourceVersion": "1"}, "items": [item]}).encode()
    return RawDecoder().page(page).items[0]


async def test_missed_deletion_is_written_once_a_list_proves_it() -> None:
    """A pod that a new list does not contain is written as deleted; the last one stays."""
    file = io.BytesIO()
    failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    clock = Clock(now=lambda: 0.0)
    sheet = Sheet(recording=Recording(file), clock=clock, failed=failed)
    writer = StreamWriter(sheet=sheet, sweeps=True)

    writer.listing()
    writer.listed(decode(POD))
    writer.synced("1")
    writer.listing()
    writer.synced("2")
    sheet.flush()

    kinds = [json.loads(line) for line in file.getvalue().splitlines()]
    assert ["ADDED", "DELETED"] == [each["type"] for each in kinds]
    assert ("Pod", "u-1") == (kinds[1]["object"]["kind"], kinds[1]["object"]["metadata"]["uid"])


def test_lines_of_a_watch_keep_their_text() -> None:
    """An update keeps the object's text exactly, whatever it holds."""
    line = (
        b'{"type":"MODIFIED","object":{"metadata":{"uid":"u","resourceVersion":"7"},"odd":[1.50]}}'
    )

    update = RawDecoder().update(line)

    assert update.object is not None
    assert b'{"metadata":{"uid":"u","resourceVersion":"7"},"odd":[1.50]}' == update.object.text
    assert "7" == update.version


class Watched:
    """A watch that has listed everything, or not."""

    def __init__(self, *, synced: bool) -> None:
        self.stats = WatchStats(resource="pods", synced=synced)


def test_progress_without_a_terminal_is_a_line_a_minute() -> None:
    """In a build's log progress is a line now and then, and a line at the end."""
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


DURATIONS = [("90s", 90.0, "1m30s"), ("1h30m", 5400.0, "1h30m"), ("2d", 172800.0, "2d")]


@pytest.mark.parametrize(("text", "seconds", "shown"), DURATIONS)
def test_durations(text: str, seconds: float, shown: str) -> None:
    """Durations are read as people write them, and shown in their two largest units."""
    assert (seconds, shown) == (parse_duration(text), render_duration(seconds))


@pytest.mark.parametrize("text", ["", "5", "m", "5x", "-5s", "0s", "5m junk"])
def test_no_duration(text: str) -> None:
    """What is no duration is refused."""
    with pytest.raises(argparse.ArgumentTypeError):
        parse_duration(text)


@pytest.mark.parametrize("arguments", [["--without", "secrets"], ["-d", "soon"]])
def test_wrong_flags_are_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A flag with a value that cannot be is explained."""
    with pytest.raises(SystemExit):
        parse("r.jsonl", *arguments)

    assert "argument" in capsys.readouterr().err
