"""What a recording asks for, and what it writes while it goes on and when it ends."""

import asyncio
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import web

from probewatch.clock import Clock
from probewatch.commands import record
from probewatch.commands.privacy import Omission
from probewatch.commands.record_objects import RawDecoder, RawObject
from probewatch.commands.record_progress import Progress
from probewatch.commands.record_streams import EventWriter, Output, StreamWriter
from probewatch.commands.recording import Recording
from probewatch.errors import ApiError
from probewatch.watch.transport import WatchStats
from tests.commands.shop import parse, pod, standing
from tests.support.fake_cluster import FakeCluster, Json
from tests.support.full_disk import disk_of

BOUND_SECONDS = 10
"""The longest that any test here waits."""

FOR_LONG = ("--duration", "1h")


async def run(cluster: FakeCluster, folder: Path, *arguments: str) -> None:
    """Record the cluster; the time is bounded."""
    async with asyncio.timeout(BOUND_SECONDS), standing(cluster, folder) as kubeconfig:
        await record.record(parse(record, *arguments, "--kubeconfig", kubeconfig))


@pytest.fixture
def _flushes_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Flush many times a second."""
    monkeypatch.setattr(record, "FLUSH_SECONDS", 0.02)


async def recorded_until(cluster: FakeCluster, path: Path, words: str, *arguments: str) -> str:
    """Record until the file has these words; return its content before the recording ended."""
    running = asyncio.create_task(run(cluster, path.parent, str(path), *FOR_LONG, *arguments))
    try:
        async with asyncio.timeout(BOUND_SECONDS):
            while not path.exists() or words not in path.read_text():  # noqa: ASYNC110, ASYNC240  # a file tells nobody
                await asyncio.sleep(0.01)
        return path.read_text()  # noqa: ASYNC240  # likewise
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@pytest.mark.usefixtures("_flushes_often")
async def test_what_is_recorded_is_in_the_file_soon(tmp_path: Path) -> None:
    """Lines are in the file while the recording goes on, for the case that it is killed."""
    cluster = FakeCluster()
    await cluster.put("/api/v1/pods", pod())

    content = await recorded_until(cluster, tmp_path / "r.jsonl", "web-x")

    assert ["ADDED"] == [json.loads(line)["type"] for line in content.splitlines()]


async def test_flags_select_what_is_recorded(tmp_path: Path) -> None:
    """Each namespace is asked for by itself, and pods by their labels; Events have none."""
    cluster = FakeCluster(allows=False)
    flags = ("-n", "shop", "-n", "cart", "-l", "app=web", "--duration", "0.2s")
    await run(cluster, tmp_path, str(tmp_path / "r.jsonl"), *flags)

    places = {f"/api/v1/namespaces/{name}" for name in ("shop", "cart")}
    got = [each for each in cluster.asked if each.method == "GET"]
    assert {f"{place}/{what}" for place in places for what in ("pods", "events")} == {
        each.path for each in got
    }
    for each in got:
        selector = "app=web" if each.path.endswith("/pods") else None
        assert selector == each.query.get("labelSelector"), each


REBOOTED: Json = {
    "kind": "Event",
    "metadata": {"name": "node1.1", "namespace": "default", "uid": "e-1"},
    "involvedObject": {"kind": "Node", "name": "node1"},
    "reason": "Rebooted",
    "source": {"component": "kubelet", "host": "node1"},
}


@pytest.mark.usefixtures("_flushes_often")
@pytest.mark.parametrize("flags", [(), ("-n", "shop")])
async def test_what_kubelets_say_of_their_nodes_is_recorded(
    flags: tuple[str, ...], tmp_path: Path
) -> None:
    """A replay has to know of reboots as the operator does, also for one namespace alone."""
    cluster = FakeCluster()
    await cluster.put("/api/v1/namespaces/default/events", REBOOTED)

    content = await recorded_until(cluster, tmp_path / "r.jsonl", "Rebooted", *flags)

    assert [REBOOTED] == [json.loads(line)["object"] for line in content.splitlines()]
    (asked, *_) = (each for each in cluster.asked if each.path.startswith("/api/v1/namespaces/def"))
    assert "involvedObject.kind=Node,source=kubelet" == asked.query["fieldSelector"]


async def test_right_that_a_recording_can_do_without(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Without the right to Events about nodes the rest is recorded, and it is told."""
    cluster, path = FakeCluster(allows=False), tmp_path / "r.jsonl"
    await cluster.put("/api/v1/namespaces/shop/pods", pod())
    await run(cluster, tmp_path, str(path), "-n", "shop", "--duration", "0.2s")

    (told,) = caplog.messages
    assert told.startswith("Events about nodes are not recorded")
    assert "web-x" in path.read_text()


@dataclass
class MarkingCluster(FakeCluster):
    """A cluster whose watches send one bookmark and then nothing."""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if request.query.get("watch") != "true" or "sendInitialEvents" in request.query:
            return await super().answer(request)
        response = web.StreamResponse()
        await response.prepare(request)
        mark = {"kind": "Pod", "metadata": {"resourceVersion": "9"}}
        await response.write(json.dumps({"type": "BOOKMARK", "object": mark}).encode() + b"\n")
        await asyncio.Event().wait()
        return response


@pytest.mark.slow
@pytest.mark.usefixtures("_flushes_often")
async def test_bookmark_is_written_for_what_it_proves(tmp_path: Path) -> None:
    """A bookmark becomes one line without an object, written once: it proves that time passed."""
    path = tmp_path / "r.jsonl"
    await run(MarkingCluster(), tmp_path, str(path), "--duration", "1s")

    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert {("BOOKMARK", "{}")} == {(each["type"], json.dumps(each["object"])) for each in lines}
    assert len(lines) <= WATCHES


WATCHES = 2
"""Pods and Events are watched separately."""


FITS_BYTES = 8000


@pytest.mark.usefixtures("_flushes_often")
async def test_recording_ends_when_the_disk_is_full(tmp_path: Path) -> None:
    """A write error ends the recording at once, and not only when its time is over."""
    cluster, large = FakeCluster(), pod()
    large["metadata"]["annotations"] = {"noise": "x" * FITS_BYTES}
    await cluster.put("/api/v1/pods", large)
    path = tmp_path / "r.jsonl"
    async with standing(cluster, tmp_path) as kubeconfig:
        asked = parse(record, str(path), *FOR_LONG, "--kubeconfig", kubeconfig)
        with disk_of(FITS_BYTES), pytest.raises(ApiError, match="cannot be written"):
            async with asyncio.timeout(BOUND_SECONDS):
                await record.record(asked)


@pytest.mark.parametrize("words", [str, str.upper, str.lower, " {} ".format])
def test_omissions_are_named_in_any_case(words: Callable[[str], str]) -> None:
    """What to leave out is named as in the help, in any case, with or without spaces."""
    text = ",".join(words(each.value) for each in Omission)

    assert [*Omission] == [*parse(record, "r.jsonl", "--without", text).without]


class Sink:
    """A recording in memory, with the handler of one watch that writes to it."""

    def __init__(self, *, sweeps: bool = True) -> None:
        self.file = io.BytesIO()
        failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        clock = Clock(now=lambda: 0.0)
        self.output = Output(recording=Recording(self.file), clock=clock, failed=failed)
        kind = StreamWriter if sweeps else EventWriter
        self.writer = kind(output=self.output, sweeps=sweeps)

    def take_list(self, *uids: str) -> None:
        """Take in a complete list of objects with these uids."""
        self.writer.listing()
        self.writer.listed([raw(uid) for uid in uids])
        self.writer.synced("1")

    def lines(self) -> list[tuple[str, str]]:
        """The types and uids of all lines."""
        self.output.flush()
        found = map(json.loads, self.file.getvalue().splitlines())
        return [(each["type"], each["object"]["metadata"]["uid"]) for each in found]


def raw(uid: str, version: str = "1") -> RawObject:
    """An object as a watch brings it."""
    meta = {"name": uid, "namespace": "shop", "uid": uid, "resourceVersion": version}
    line: Json = {"type": "ADDED", "object": {"metadata": meta}}
    found = RawDecoder().update(json.dumps(line).encode()).object
    assert found is not None
    return found


async def test_pod_that_was_only_watched_is_missed_too() -> None:
    """A pod that came after the list, and is missing in the next one, is written as DELETED."""
    sink = Sink()
    sink.take_list("a")
    sink.writer.changed("ADDED", raw("b"))
    sink.take_list("a")

    assert ("DELETED", "b") == sink.lines()[-1]


async def test_deletion_that_was_seen_is_written_once() -> None:
    """A pod whose deletion was watched is not missed in the next list."""
    sink = Sink()
    sink.take_list("a", "b")
    sink.writer.deleted(raw("b"))
    sink.take_list("a")

    assert [("DELETED", "b")] == [each for each in sink.lines() if each[0] == "DELETED"]


async def test_list_that_broke_off_proves_nothing() -> None:
    """What a list that broke off had shown is missed if the next list does not have it."""
    sink = Sink()
    sink.take_list("a", "b")
    sink.writer.listing()
    sink.writer.listed([raw("b")])
    sink.take_list("a")

    assert ("DELETED", "b") == sink.lines()[-1]


async def test_events_are_never_missed() -> None:
    """An Event that is missing in a new list has expired: nothing is written about it."""
    sink = Sink(sweeps=False)
    sink.take_list("a")
    sink.take_list()

    assert [("ADDED", "a")] == sink.lines()


def event(number: int, reason: str, minute: int, pod_name: str = "web-x") -> RawObject:
    """An Event of the kubelet, as a list brings it; its uid tells pod and number."""
    uid = f"{pod_name}-{number}"
    about = {"kind": "Pod", "namespace": "shop", "name": pod_name, "uid": f"uid-{pod_name}"}
    item = {
        "metadata": {"name": uid, "namespace": "shop", "uid": uid},
        "involvedObject": {**about, "fieldPath": "spec.containers{app}"},
        "reason": reason,
        "message": {"Killing": "Stopping container app"}.get(reason, ""),
        "source": {"component": "kubelet"},
        "lastTimestamp": f"2026-11-20T10:{minute:02}:00Z",
    }
    (found,) = RawDecoder().page(json.dumps({"metadata": {}, "items": [item]}).encode()).items
    return found


LISTED = (
    event(1, "Pulled", 9),
    event(2, "Created", 9),
    event(3, "FailedMount", 4),
    event(4, "Started", 9),
    event(5, "Killing", 8),
    event(6, "Started", 3, "web-y"),
)
"""By name, as the API server lists them. The kill is older than the starts, which are repeats."""


@pytest.mark.parametrize("batch", [1, 4, 6])
async def test_events_of_a_list_are_written_in_the_order_they_occurred(batch: int) -> None:
    """For a replay, a kill comes before the next start, wherever the list is cut into batches."""
    sink = Sink(sweeps=False)
    sink.writer.listing()
    for begin in range(0, len(LISTED), batch):
        sink.writer.listed(LISTED[begin : begin + batch])
    sink.writer.synced("9")

    first = [f"web-x-{number}" for number in (3, 5, 1, 2, 4)]
    assert [("ADDED", uid) for uid in (*first, "web-y-6")] == sink.lines()


async def test_events_of_a_list_that_broke_off_are_written_with_the_next() -> None:
    """Nothing is lost or written twice of what was held when a list broke off."""
    sink = Sink(sweeps=False)
    sink.writer.listing()
    sink.writer.listed(LISTED[:2])
    sink.writer.listing()
    sink.writer.listed(LISTED[:3])
    sink.writer.synced("9")

    assert ["web-x-3", "web-x-1", "web-x-2"] == [uid for _, uid in sink.lines()]


async def test_missed_deletion_has_the_last_version() -> None:
    """The line of a missed deletion has names and version of the pod as it was last seen."""
    sink = Sink()
    sink.take_list("a")
    sink.writer.changed("MODIFIED", raw("a", version="7"))
    sink.take_list()

    sink.output.flush()
    told = json.loads(sink.file.getvalue().splitlines()[-1])["object"]["metadata"]
    assert ("a", "shop", "7") == tuple(
        told[key] for key in ("name", "namespace", "resourceVersion")
    )


class Terminal(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        return True


@dataclass
class Watched:
    """A watch with its counters."""

    stats: WatchStats


def test_progress_on_a_terminal_is_one_line() -> None:
    """On a terminal one line is redrawn, and names the watches that are not listed yet."""
    out, seconds = Terminal(), [0.0]
    watches = [
        Watched(WatchStats(resource="pods", synced=True)),
        Watched(WatchStats(resource="events")),
    ]
    clock = Clock(monotonic=lambda: seconds[0])
    progress = Progress("-", watches, Recording(io.BytesIO()), clock, out)
    for seconds[0] in (5.0, 6.0):
        progress.show()
    watches[1].stats.synced = True
    progress.finish()

    assert [
        "Recording to -; Ctrl-C ends it.\n",
        "5s: 0 lines; not listed yet: events",
        "6s: 0 lines; not listed yet: events",
        "Recorded 6s: 0 lines.\n",
    ] == out.getvalue().split("\r\033[K")
