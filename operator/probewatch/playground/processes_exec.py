"""Running a command beside a container: exec probes and exec hooks."""

import asyncio
import errno
import os
import secrets
import signal
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections.abc import Mapping
from contextlib import suppress

from probewatch.clock import Clock
from probewatch.playground.kubelet_bell import cancel, wait_for
from probewatch.playground.probes import Outcome, Result

OUTPUT_LIMIT = 10 << 10
"""Bytes of a probe's output that the kubelet keeps."""


async def execute(
    command: tuple[str, ...], *, env: Mapping[str, str], cwd: str, clock: Clock, seconds: float
) -> Outcome:
    """Return success for exit code 0, failure for others and for running too long.

    A command that cannot be started is an error: the kubelet reports it, and does not count it.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *command, cwd=cwd, env=dict(env), stdin=DEVNULL, stdout=PIPE, stderr=STDOUT,
            start_new_session=True,
        )  # fmt: skip
    except OSError as error:
        return Outcome(result=Result.ERROR, output=_describe(command, error))
    output = bytearray()
    done = asyncio.Event()
    reading = asyncio.create_task(_follow(process, output, done))
    try:
        in_time = await wait_for(done, clock, seconds)
    finally:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        await cancel(reading)
    if not in_time:
        text = f'command timed out: "{" ".join(command)}" timed out after {seconds:g}s'
        return Outcome(result=Result.FAILURE, output=text)
    result = Result.SUCCESS if process.returncode == 0 else Result.FAILURE
    return Outcome(result=result, output=output.decode(errors="replace"))


async def _follow(process: Process, output: bytearray, done: asyncio.Event) -> None:
    while process.stdout and (chunk := await process.stdout.read(1 << 12)):
        output += chunk
        del output[OUTPUT_LIMIT:]
    await process.wait()
    done.set()


def _describe(command: tuple[str, ...], error: OSError) -> str:
    """Return what containerd says of a program that is not in the container."""
    program = command[0] if command else ""
    missing = error.errno == errno.ENOENT
    why = f"stat {program}: no such file or directory" if missing else str(error)
    return (
        "rpc error: code = Unknown desc = failed to exec in container: failed to start exec "
        f'"{secrets.token_hex(32)}": OCI runtime exec failed: exec failed: unable to start '
        f'container process: exec: "{program}": {why}: unknown'
    )
