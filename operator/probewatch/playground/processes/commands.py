"""Runs commands in a container, for exec probes and exec hooks."""

import asyncio
import errno
import os
import secrets
import signal
from asyncio.subprocess import DEVNULL, STDOUT, Process
from collections.abc import Mapping
from contextlib import suppress

from probewatch.clock import Clock
from probewatch.playground.kubelet.bell import wait_for
from probewatch.playground.kubelet.probes import Outcome, Result
from probewatch.playground.processes.output import Output

OUTPUT_LIMIT = 10 << 10
"""Bytes of a probe's output that the kubelet keeps."""


async def execute(
    command: tuple[str, ...], *, env: Mapping[str, str], cwd: str, clock: Clock, seconds: float
) -> Outcome:
    """Run a command: exit code 0 is success, another one or a timeout is failure.

    A command that cannot be started is an error, which the kubelet reports but does not count.
    """
    output = Output(limit=OUTPUT_LIMIT, keep_newest=False)
    try:
        process = await asyncio.create_subprocess_exec(
            *command, cwd=cwd, env=dict(env), stdin=DEVNULL, stdout=output.write_end,
            stderr=STDOUT, start_new_session=True,
        )  # fmt: skip
    except OSError as error:
        output.close()
        return Outcome(result=Result.ERROR, output=_describe(command, error))
    finally:
        output.hand_over()
    try:
        in_time = await _wait(process, clock, seconds)
    finally:
        text = output.read().decode(errors="replace")
        output.close()
    if not in_time:
        text = f'command timed out: "{" ".join(command)}" timed out after {seconds:g}s'
        return Outcome(result=Result.FAILURE, output=text)
    result = Result.SUCCESS if process.returncode == 0 else Result.FAILURE
    return Outcome(result=result, output=text)


async def _wait(process: Process, clock: Clock, seconds: float) -> bool:
    """Wait for the process, and kill it after *seconds*; return whether it ended by itself."""
    done = asyncio.Event()
    ending = asyncio.create_task(_await_end(process, done))
    try:
        return await wait_for(done, clock, seconds)
    finally:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        await ending


async def _await_end(process: Process, done: asyncio.Event) -> None:
    await process.wait()
    done.set()


def _describe(command: tuple[str, ...], error: OSError) -> str:
    """Return containerd's error for a program that cannot be started in the container."""
    program = command[0] if command else ""
    missing = error.errno == errno.ENOENT
    why = f"stat {program}: no such file or directory" if missing else str(error)
    return (
        "rpc error: code = Unknown desc = failed to exec in container: failed to start exec "
        f'"{secrets.token_hex(32)}": OCI runtime exec failed: exec failed: unable to start '
        f'container process: exec: "{program}": {why}: unknown'
    )
