"""Containers as real processes."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from probewatch.clock import Clock
from probewatch.playground.kubelet.containers import Exit
from probewatch.playground.kubelet.probes import Result
from probewatch.playground.processes.guard import WARDEN
from probewatch.playground.processes.runtime import Launch, LocalProcess, LocalRuntime, StartError
from tests.playground.fakes import eventually

pytestmark = pytest.mark.slow
WAIT_SECONDS = 10.0


@pytest.fixture
async def runtime() -> AsyncIterator[LocalRuntime]:
    async with LocalRuntime(Clock()) as made:
        yield made


class Ended:
    """An event that is set when a container has ended."""

    def __init__(self) -> None:
        self.event = asyncio.Event()

    async def wait(self, process: LocalProcess) -> Exit:
        await asyncio.wait_for(self.event.wait(), WAIT_SECONDS)
        assert process.exit
        return process.exit


async def start(
    runtime: LocalRuntime, *command: str, memory: int | None = None
) -> tuple[LocalProcess, Ended]:
    ended = Ended()
    launch = Launch(
        command=command,
        env={"PATH": os.defpath},
        pod_uid="u",
        memory_limit=memory,
        on_exit=ended.event.set,
    )
    return await runtime.start(launch), ended


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-I", "-S", "-c", code)


async def read_until(process: LocalProcess, text: str) -> None:
    await eventually(lambda: text.encode() in process.log())


@pytest.mark.parametrize(
    ("code", "reason", "script"),
    [
        (0, "Completed", "exit 0"),
        (3, "Error", "exit 3"),
        (143, "Error", "kill -TERM $$"),
        (137, "Error", "kill -KILL $$"),
    ],
)
async def test_an_end_is_shown_as_the_kubelet_shows_it(
    runtime: LocalRuntime, code: int, reason: str, script: str
) -> None:
    """Exit codes are kept; a signal is 128 plus its number."""
    process, ended = await start(runtime, "sh", "-c", script)
    end = await ended.wait(process)

    assert (code, reason) == (end.code, end.reason)


async def test_stop_asks_first(runtime: LocalRuntime) -> None:
    """A process that handles SIGTERM ends before the grace period."""
    process, _ = await start(runtime, "sh", "-c", "trap 'exit 4' TERM; echo up; sleep 60 & wait")
    await read_until(process, "up")
    await process.stop(60)

    assert process.exit
    assert 4 == process.exit.code


async def test_stop_kills_in_the_end(runtime: LocalRuntime) -> None:
    """A process that ignores SIGTERM is killed after the grace period."""
    process, _ = await start(
        runtime, "sh", "-c", "trap '' TERM; echo up; while :; do sleep 1; done"
    )
    await read_until(process, "up")
    await process.stop(0.05)

    assert process.exit
    assert 137 == process.exit.code


async def test_children_end_with_their_container(runtime: LocalRuntime) -> None:
    """Background processes end with their container."""
    process, ended = await start(runtime, "sh", "-c", "sleep 60 & echo child $!; exit 0")
    await ended.wait(process)
    child = int(process.log().split()[1])

    await eventually(lambda: not is_alive(child))


async def test_too_much_memory_kills(runtime: LocalRuntime) -> None:
    """A container beyond its memory limit ends as OOMKilled."""
    code = "import time; a = b'x' * (200 << 20); time.sleep(60)"
    process, ended = await start(runtime, *python(code), memory=50 << 20)
    end = await ended.wait(process)

    assert (137, "OOMKilled") == (end.code, end.reason)


async def test_a_program_that_is_not_there(runtime: LocalRuntime) -> None:
    """A missing program is a StartError with containerd's message."""
    with pytest.raises(StartError, match='exec: "/nope": no such file or directory: unknown'):
        await start(runtime, "/nope")


async def test_commands_run_beside_it(runtime: LocalRuntime) -> None:
    """Exec probes run in the container's folder: they succeed, fail, time out or error."""
    process, _ = await start(runtime, "sh", "-c", "touch ok; echo up; sleep 60")
    await read_until(process, "up")

    good = await process.execute(("cat", "ok"), 5)
    bad = await process.execute(("sh", "-c", "echo no; exit 1"), 5)
    slow = await process.execute(("sleep", "60"), 0.05)
    absent = await process.execute(("/nope",), 5)

    assert (Result.SUCCESS, Result.FAILURE) == (good.result, bad.result)
    assert "no\n" == bad.output
    assert (Result.FAILURE, Result.ERROR) == (slow.result, absent.result)
    assert 'command timed out: "sleep 60" timed out after 0.05s' == slow.output
    assert 'exec: "/nope": stat /nope: no such file or directory' in absent.output


async def test_no_command_runs_in_a_dead_container(runtime: LocalRuntime) -> None:
    """An exec probe of an ended container is an error, which is not counted."""
    process, ended = await start(runtime, "true")
    await ended.wait(process)
    found = await process.execute(("true",), 5)

    assert Result.ERROR is found.result
    assert "CONTAINER_EXITED" in found.output


async def test_a_log_is_followed_to_its_end(runtime: LocalRuntime) -> None:
    """A log is kept, and can be followed until the end."""
    script = "echo one; read line < gate; echo two"
    process, _ = await start(runtime, "sh", "-c", f"mkfifo gate; {script}")
    await read_until(process, "one")
    following = asyncio.create_task(follow(process))
    await asyncio.sleep(0)
    await process.execute(("sh", "-c", "echo > gate"), 5)

    assert b"two\n" == await asyncio.wait_for(following, WAIT_SECONDS)
    assert b"one\ntwo\n" == process.log()


async def follow(process: LocalProcess) -> bytes:
    return b"".join([piece async for piece in process.follow()])


async def test_closing_ends_all() -> None:
    """Closing the runtime ends all processes and removes its folder."""
    async with LocalRuntime(Clock()) as runtime:
        process, _ = await start(runtime, "sh", "-c", "pwd; sleep 60")
        await read_until(process, "\n")
        folder = process.log().decode().strip()
        assert exists(folder)

    assert process.exit
    assert not exists(folder)


def exists(folder: str) -> bool:
    return Path(folder).exists()


async def test_nothing_survives_a_kill(tmp_path: Path) -> None:
    """If the playground is killed, the warden ends its processes and removes its folder."""
    folder = tmp_path / "pods"
    folder.mkdir()
    left = await asyncio.create_subprocess_exec("sleep", "60", start_new_session=True)
    code = (
        "import subprocess, sys, time\n"
        f"warden = subprocess.Popen([sys.executable, {str(WARDEN)!r}, {str(folder)!r}],"
        " stdin=subprocess.PIPE, start_new_session=True)\n"
        f"warden.stdin.write(b'+1234567\\n+{left.pid}\\n-1234567\\n'); warden.stdin.flush()\n"
        "print(flush=True); time.sleep(60)"
    )
    playground = await asyncio.create_subprocess_exec(*python(code), stdout=asyncio.subprocess.PIPE)
    assert playground.stdout
    await asyncio.wait_for(playground.stdout.readline(), WAIT_SECONDS)
    playground.kill()
    await playground.wait()

    assert -signal.SIGKILL == await asyncio.wait_for(left.wait(), WAIT_SECONDS)
    await eventually(lambda: not folder.exists())


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except FileNotFoundError:
        return False
    return state.rpartition(")")[2].split()[0] != "Z"
