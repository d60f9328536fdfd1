"""`probewatch record`: the pod and Event streams of a cluster, written to a file as they arrive."""

import argparse
import asyncio
import contextlib
import logging
import os
import signal
import stat
import sys
from collections.abc import Collection, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import BinaryIO

from probewatch.clock import Clock
from probewatch.commands.cluster import (
    add_cluster_flags,
    log_little,
    open_client,
    read_settings,
)
from probewatch.commands.durations import parse_duration
from probewatch.commands.mending import mend
from probewatch.commands.pipes import on_reader_gone
from probewatch.commands.privacy import Omission
from probewatch.commands.record_objects import RawObject
from probewatch.commands.record_progress import Progress
from probewatch.commands.record_rights import check_rights, may_watch_nodes
from probewatch.commands.record_streams import Output, build_loops
from probewatch.commands.recording import Recording
from probewatch.commands.stream import STDIN, LineType
from probewatch.errors import ApiError, InputError
from probewatch.service.runtime import run_on_best_loop
from probewatch.service.signals import stop_on_signals
from probewatch.watch.loop import WatchLoop

_log = logging.getLogger(__name__)

DESCRIPTION = """\
Record a cluster's pods and the kubelet's Events to a file, one line each with its time of
arrival: first what exists, then every change, until Ctrl-C or for --duration. `probewatch
replay` reads such files, on any machine. A file whose name ends in .gz is compressed; `-` is
standard output.

Recordings contain whole objects, and the kubelet's Events quote what a failed probe printed. A
new file can be read only by its owner; with --append the file keeps its mode. Before you share
a recording, leave out with --without what others must not see (env: values; commands: also
headers of probes; output: what probes and applications printed, except its kind). Verdicts need
none of it."""

EPILOG = """\
examples:
  probewatch record incident.jsonl.gz                     until Ctrl-C
  probewatch record night.jsonl.gz --duration 8h          eight hours
  probewatch record shop.jsonl -n shop -l app=web         some pods
  probewatch record shared.jsonl.gz \\
    --without env,commands,annotations,managedFields,output
  probewatch record - --duration 5m | probewatch replay -

exit status:
  0  recorded
  1  the cluster cannot be reached or read, or writing failed
  2  wrong usage, or the file already exists or cannot be created"""

FLUSH_SECONDS = 5.0
"""How often lines are written: a recorder that is killed loses those since the last flush."""

STDOUT = STDIN

STREAM_FLUSH_SECONDS = 0.5
"""The same for standard output: somebody may wait for the lines."""


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of the command."""
    parser.add_argument("file", metavar="FILE", help="file to write, `-` for standard output")
    _add_flags(parser)
    add_cluster_flags(parser)


def _add_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        *("-d", "--duration"),
        type=parse_duration,
        metavar="TIME",
        help="how long to record, such as 90s, 5m, 1h30m (default: until Ctrl-C)",
    )
    parser.add_argument(
        *("-n", "--namespace"),
        action="append",
        metavar="NAMESPACE",
        help="namespace to record; repeatable (default: all)",
    )
    parser.add_argument(
        *("-l", "--selector"),
        metavar="LABELS",
        help="record only pods with these labels, but Events of all pods: they have no labels",
    )
    parser.add_argument(
        "--without",
        type=_parse_omissions,
        default=(),
        metavar="WHAT,...",
        help=f"leave out: {', '.join(Omission)}",
    )
    parser.add_argument("--append", action="store_true", help="append to an existing file")


def main(args: argparse.Namespace) -> int:
    """Record until it is time to stop; return the exit status."""
    log_little()
    run_on_best_loop(record(args))
    return 0


async def record(args: argparse.Namespace) -> None:
    """Record one cluster into one file."""
    namespaces = ",".join(args.namespace) if args.namespace else None
    settings = read_settings(args, namespaces=namespaces, pod_selector=args.selector)
    clock = Clock()
    async with open_client(settings, clock) as client:
        await check_rights(client, settings)
        nodes = await may_watch_nodes(client)
        # A session that breaks off (SIGHUP) loses no lines either.
        stopping = stop_on_signals(signal.SIGHUP)
        with _opened(args.file, append=args.append) as file, stopping as stop:
            recording = Recording(
                file, compressed=_is_compressed(args.file), omissions=args.without
            )
            failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            output = Output(recording=recording, clock=clock, failed=failed)
            loops = tuple(build_loops(client, settings, output, nodes=nodes))
            progress = Progress(args.file, loops, recording, clock)
            flush_seconds = STREAM_FLUSH_SECONDS if args.file == STDOUT else FLUSH_SECONDS
            flushing = _keep_flushing(output, loops, progress, flush_seconds)
            try:
                with on_reader_gone(file, output.lose_reader):
                    await _record(output, loops, flushing, _until(stop, args.duration))
            finally:
                output.flush()
                progress.finish()
            _raise_failure(output, args.file)


async def _record(
    output: Output,
    loops: Sequence[WatchLoop[RawObject]],
    flushing: Coroutine[None, None, None],
    end: "asyncio.Task[None]",
) -> None:
    """Run the watches until *end* is done or a write has failed."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(each) for each in (*(loop.run() for loop in loops), flushing)]
        await asyncio.wait((end, output.failed), return_when=asyncio.FIRST_COMPLETED)
        for task in (*tasks, end):
            task.cancel()


def _until(stop: asyncio.Event, seconds: float | None) -> "asyncio.Task[None]":
    async def wait() -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await stop.wait()

    return asyncio.create_task(wait())


async def _keep_flushing(
    output: Output,
    loops: Sequence[WatchLoop[RawObject]],
    progress: Progress,
    flush_seconds: float,
) -> None:
    """Flush at intervals; if a watch got a bookmark, write one, as a proof that time passed."""
    bookmarks = 0
    while True:
        await output.clock.sleep(flush_seconds)
        received = sum(each.stats.updates["BOOKMARK"] for each in loops)
        if received > bookmarks:
            bookmarks = received
            output.write(LineType.BOOKMARK, b"{}")
        output.flush()
        progress.show()


@contextmanager
def _opened(name: str, *, append: bool) -> Iterator[BinaryIO]:
    if name == STDOUT:
        yield sys.stdout.buffer
        return
    try:
        if append:
            _mend(name)
        # Unbuffered, so that no data is left to be written at close when the disk is full.
        file = FileIO(name, "ab" if append else "xb", opener=_open_private)
    except FileExistsError as error:
        if Path(name).is_dir():
            raise InputError(f"{name}: Is a directory") from error
        raise InputError(f"{name} exists already; --append adds to it") from error
    except OSError as error:
        raise InputError(f"{name}: {error.strerror}") from error
    with file:
        yield file


def _open_private(path: str, flags: int) -> int:
    """Create a file that only its owner can access; an existing one keeps its mode."""
    return os.open(path, flags, stat.S_IRUSR | stat.S_IWUSR)


def _mend(name: str) -> None:
    lost = mend(Path(name), compressed=_is_compressed(name))
    if lost:
        _log.warning("The recording was cut off; half a line is left out", extra={"bytes": lost})


def _is_compressed(name: str) -> bool:
    return name.endswith(".gz")


def _raise_failure(output: Output, name: str) -> None:
    failure = output.failed.exception() if output.failed.done() else None
    if isinstance(failure, BrokenPipeError):
        raise failure
    if isinstance(failure, OSError):
        raise ApiError(f"{name} cannot be written: {failure.strerror}") from failure


def _parse_omissions(text: str) -> Collection[Omission]:
    known = {each.value.lower(): each for each in Omission}
    chosen = [known.get(word.strip().lower()) for word in text.split(",")]
    if None in chosen:
        raise argparse.ArgumentTypeError(f"{text!r}: choose from {', '.join(Omission)}")
    return tuple(each for each in chosen if each)
