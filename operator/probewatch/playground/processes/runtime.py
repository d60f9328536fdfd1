"""The container runtime of the playground: containers are processes of this machine.

Each container is one process in a session of its own, so that its children are killed with it.
There is no isolation: programs see this machine's files, network and users. Two things
differ from a real container: a process without a handler for SIGTERM ends by it (in a
container, as process 1, it would ignore it), and memory is watched, not limited.
"""

import asyncio
import os
import signal
import tempfile
from asyncio.subprocess import DEVNULL, STDOUT, Process
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from probewatch.clock import Clock
from probewatch.playground.kubelet.bell import cancel, wait_for
from probewatch.playground.kubelet.containers import Exit
from probewatch.playground.kubelet.probes import Outcome, Result
from probewatch.playground.processes.commands import execute
from probewatch.playground.processes.guard import Guard
from probewatch.playground.processes.output import Output

LOG_LIMIT = 1 << 20
"""Bytes of output that are kept for each instance; the oldest are dropped."""
MEMORY_CHECK_SECONDS = 0.2
SIGNAL_BASE = 128
LOST = (255, "Unknown")
"""Exit code and reason that containerd reports for a container whose end it has not seen."""


class StartError(Exception):
    """The command of a container cannot be started; the text is for the container's status."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """What to run, and how."""

    command: tuple[str, ...]
    env: Mapping[str, str]
    working_dir: str = ""
    """Empty: the pod's scratch folder."""
    pod_uid: str = ""
    memory_limit: int | None = None
    on_exit: Callable[[], None] = lambda: None


class LocalProcess:
    """One started instance."""

    def __init__(
        self,
        process: Process,
        launch: Launch,
        output: Output,
        *,
        cwd: str,
        clock: Clock,
        guard: Guard,
    ) -> None:
        self.exit: Exit | None = None
        self._process = process
        self._launch = launch
        self._cwd = cwd
        self._clock = clock
        self._output = output
        self._guard = guard
        self._over = asyncio.Event()
        self._out_of_memory = self._is_lost = False
        self._tasks = [asyncio.create_task(self._wait())]
        if launch.memory_limit is not None:
            self._tasks.append(asyncio.create_task(self._watch_memory(launch.memory_limit)))

    async def stop(self, grace: float) -> None:
        """Send SIGTERM, and after *grace* seconds SIGKILL to its group; return when it is dead."""
        if self.exit is None:
            with suppress(ProcessLookupError):
                self._process.terminate()
        if not await wait_for(self._over, self._clock, grace):
            self.kill()
            await self._over.wait()

    async def lose(self) -> None:
        """End it as a node that goes down does: how it ended is unknown; return when it is dead."""
        self._is_lost = True
        self.kill()
        await self._over.wait()

    def kill(self) -> None:
        """Send SIGKILL to the process and its children."""
        if self._over.is_set():
            return  # its process ID may have been reused by now
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    async def close(self) -> None:
        """Kill what is left, and stop watching it."""
        self.kill()
        await self._over.wait()
        await cancel(*self._tasks)
        self._output.close()

    async def execute(self, command: tuple[str, ...], timeout_seconds: float) -> Outcome:
        """Run *command* in its folder and with its environment."""
        if self.exit is not None:
            text = "failed to exec in container: container is in CONTAINER_EXITED state"
            return Outcome(result=Result.ERROR, output=f"rpc error: code = Unknown desc = {text}")
        return await execute(
            command, env=self._launch.env, cwd=self._cwd, clock=self._clock, seconds=timeout_seconds
        )

    def log(self) -> bytes:
        """Return the latest part of its output."""
        return self._output.read()

    def follow(self) -> AsyncIterator[bytes]:
        """Yield its output from now on, until it ends."""
        return self._output.follow()

    async def _wait(self) -> None:
        code = await self._process.wait()
        code = SIGNAL_BASE - code if code < 0 else code
        reason = "OOMKilled" if self._out_of_memory else "Completed" if code == 0 else "Error"
        if self._is_lost:
            code, reason = LOST
        self.exit = Exit(code=code, reason=reason, finished=self._clock.now())
        self.kill()  # its children must not outlive it
        self._guard.release(self._process.pid)
        self._over.set()
        self._launch.on_exit()

    async def _watch_memory(self, limit: int) -> None:
        while not self._over.is_set():
            if _resident_bytes(self._process.pid) > limit:
                self._out_of_memory = True
                self.kill()
                return
            await asyncio.sleep(MEMORY_CHECK_SECONDS)


class LocalRuntime:
    """Starts processes, none of which outlives it; an asynchronous context manager."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._processes: list[LocalProcess] = []
        self._folder = ""
        self._guard: Guard | None = None

    @property
    def guard(self) -> Guard:
        """The guard, which ends the processes even if this process is killed."""
        if self._guard is None:
            raise RuntimeError("the runtime has not been entered")
        return self._guard

    async def __aenter__(self) -> Self:
        """Create the scratch folder, and start the warden."""
        self._folder = tempfile.mkdtemp(prefix="probewatch-pods-")
        self._guard = await Guard.begin(self._folder)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Kill all that still runs and remove the scratch folders."""
        for process in self._processes:
            await process.close()
        await self.guard.close()

    async def start(self, launch: Launch) -> LocalProcess:
        """Start a process; raises `StartError` if that is not possible."""
        cwd = launch.working_dir or self._scratch(launch.pod_uid)
        output = Output(limit=LOG_LIMIT, keep_newest=True)
        try:
            process = await asyncio.create_subprocess_exec(
                *launch.command,
                cwd=cwd,
                env=dict(launch.env),
                stdin=DEVNULL,
                stdout=output.write_end,
                stderr=STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            output.close()
            raise StartError(_describe(launch.command, error)) from error
        finally:
            output.hand_over()
        self.guard.watch(process.pid)
        started = LocalProcess(
            process, launch, output, cwd=cwd, clock=self._clock, guard=self.guard
        )
        self._processes = [item for item in self._processes if item.exit is None]
        self._processes.append(started)
        return started

    def _scratch(self, pod_uid: str) -> str:
        folder = Path(self._folder, pod_uid or "pod")
        folder.mkdir(exist_ok=True)
        return str(folder)


def _describe(command: tuple[str, ...], error: OSError) -> str:
    """Return containerd's error for a program that cannot be started."""
    why = (error.strerror or str(error)).lower()
    return (
        "failed to create containerd task: failed to create shim task: OCI runtime create failed: "
        "runc create failed: unable to start container process: error during container init: "
        f'exec: "{command[0]}": {why}: unknown'
    )


def _resident_bytes(pid: int) -> int:
    """Return the resident memory of a process in bytes; 0 where the system does not tell."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError, ValueError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")
