"""The demo as a process: to its end, interrupted, and killed."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.playground.fakes import eventually

BOUND_SECONDS = 50
SPEED = "10"

pytestmark = pytest.mark.slow


async def start(*arguments: str, folder: Path | None = None, out: int = PIPE) -> Process:
    command = (sys.executable, "-m", "probewatch", "demo", "--speed", SPEED, *arguments)
    env = {**os.environ, "PYTHONPATH": "operator", "PROBEWATCH_METRICS_ADDRESS": "nonsense"}
    env |= {"TMPDIR": str(folder)} if folder else {}
    return await asyncio.create_subprocess_exec(*command, stdout=out, stderr=PIPE, env=env)


async def read_until(process: Process, words: str) -> str:
    assert process.stdout
    text = ""
    async with asyncio.timeout(BOUND_SECONDS):
        while words not in text:
            line = await process.stdout.readline()
            assert line, text
            text += line.decode()
    return text


def descendants(pid: int) -> set[int]:
    """Return the processes that *pid* has started, and theirs."""
    parents: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        fields = read(path).rpartition(")")[2].split()
        if fields:
            parents.setdefault(int(fields[1]), []).append(int(path.parent.name))
    found, new = set[int](), [pid]
    while new:
        new = [child for parent in new for child in parents.get(parent, ())]
        found.update(new)
    return found


def read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def all_gone(pids: set[int]) -> Callable[[], bool]:
    def is_gone(pid: int) -> bool:
        state = read(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
        return not state or state[0] == "Z"

    return lambda: all(map(is_gone, pids))


async def test_it_tells_what_happened_and_why() -> None:
    """It exits with 0 and prints cause, evidence, Event, metrics and further steps."""
    process = await start()
    out, errors = await asyncio.wait_for(process.communicate(), BOUND_SECONDS)
    text = out.decode()

    assert (0, "") == (process.returncode, errors.decode())
    for words in (
        "Readiness changed: Ready, Startup",
        "Readiness changed: NotReady, ContainerRestart",
        "Container restarted: LivenessProbe, Confirmed",
        "first kill due in",
        "Container webapl was restarted because its liveness probe failed (restart 1).",
        "LivenessProbe, Confirmed (rule kill-event-probe)",
        "Container webapl failed liveness probe, will be restarted",
        "LAST SEEN   TYPE      REASON                 OBJECT       MESSAGE",
        'workload="webapl",workload_type="pod",container="webapl",cause="LivenessProbe"} 1',
        "probewatch demo --keep",
    ):
        assert words in text
    assert "\x1b[" not in text


ENDS = [
    *((130, signal.SIGINT), (143, signal.SIGTERM), (129, signal.SIGHUP)),
    (-9, signal.SIGKILL),
]


@pytest.mark.parametrize(("status", "number"), ENDS)
async def test_nothing_survives_it(tmp_path: Path, status: int, number: int) -> None:
    """However the demo ends, its processes end too; unless it was killed, its files are removed."""
    process = await start("--plain", folder=tmp_path)
    text = await read_until(process, "webapl  0/1  Running")
    left = descendants(process.pid)
    assert "probewatch run" in text
    # The warden, the operator and the pod.
    assert len(left) >= 3

    process.send_signal(number)
    out, errors = await asyncio.wait_for(process.communicate(), BOUND_SECONDS)

    assert status == process.returncode, (out, errors)
    assert b"Traceback" not in errors
    await eventually(all_gone(left))
    assert number == signal.SIGKILL or [] == names_in(tmp_path)


async def test_its_reader_may_go_away(tmp_path: Path) -> None:
    """`probewatch demo --plain | head` ends without an error message when the pipe is closed."""
    reading, writing = os.pipe()
    process = await start("--plain", folder=tmp_path, out=writing)
    os.close(writing)
    await asyncio.to_thread(os.read, reading, 1)
    os.close(reading)
    _, errors = await asyncio.wait_for(process.communicate(), BOUND_SECONDS)

    assert (141, b"") == (process.returncode, errors)
    assert [] == names_in(tmp_path)


async def test_it_stays_until_it_is_interrupted() -> None:
    """With --keep it prints how to use kubectl, and runs until it is interrupted."""
    process = await start("--keep")
    text = await read_until(process, "kubectl apply -f crds")
    assert "export KUBECONFIG=" in text
    assert "curl 127.0.0.1:" in text
    left = descendants(process.pid)

    process.send_signal(signal.SIGINT)
    await asyncio.wait_for(process.communicate(), BOUND_SECONDS)

    assert 0 == process.returncode
    await eventually(all_gone(left))


@pytest.mark.parametrize("speed", ["0", "-1", "21", "nan", "fast"])
async def test_a_speed_that_cannot_be(speed: str) -> None:
    """An invalid speed is reported without a traceback, with exit code 2."""
    process = await start("--speed", speed)
    _, errors = await asyncio.wait_for(process.communicate(), BOUND_SECONDS)

    assert 2 == process.returncode
    assert b"--speed" in errors
    assert b"Traceback" not in errors
