"""A recording into a pipe ends when its reader has gone, even if nothing happens in the cluster."""

import asyncio
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pytest

from probewatch.commands import record
from probewatch.commands.pipes import on_reader_gone
from tests.commands.shop import parse, pod, standing
from tests.support.fake_cluster import FakeCluster

BOUND_SECONDS = 10
"""The longest that any test here waits."""


@contextmanager
def piped() -> Iterator[tuple[int, BinaryIO]]:
    """The read end of a pipe, which the test closes, and the write end."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as file:
        yield reading, file


async def pass_time() -> None:
    """Let the event loop look at its files several times."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_reader_that_goes_is_noticed_once() -> None:
    """Data in the pipe says nothing; the end of its reader is told, and only once."""
    told = list[str]()
    with piped() as (reading, file), on_reader_gone(file, lambda: told.append("gone")):
        file.write(b"line\n")
        file.flush()
        await pass_time()
        before = list(told)
        os.close(reading)
        await pass_time()
        await pass_time()

    assert ([], ["gone"]) == (before, told)


async def test_reader_that_has_gone_already_is_noticed() -> None:
    """A pipe may be closed before anybody looks."""
    gone = asyncio.Event()
    with piped() as (reading, file):
        os.close(reading)
        with on_reader_gone(file, gone.set):
            async with asyncio.timeout(BOUND_SECONDS):
                await gone.wait()


async def test_reader_that_goes_later_is_no_concern() -> None:
    """After the block, the event loop does not look at the pipe any more."""
    told = list[str]()
    with piped() as (reading, file):
        with on_reader_gone(file, lambda: told.append("gone")):
            await pass_time()
        os.close(reading)
        await pass_time()

    assert [] == told


async def test_files_have_no_reader(tmp_path: Path) -> None:
    """A file on a disk, or in memory, is written as without this."""
    told = list[str]()
    with (tmp_path / "file").open("wb") as file:
        for each in (file, io.BytesIO()):
            with on_reader_gone(each, lambda: told.append("gone")):
                await pass_time()

    assert [] == told


async def test_recording_ends_when_its_reader_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`record - | head -1` ends after the first line, not when the next one fails to be written."""
    cluster = FakeCluster()
    await cluster.put("/api/v1/pods", pod())
    with piped() as (reading, file):
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(file))
        async with standing(cluster, tmp_path) as kubeconfig, asyncio.timeout(BOUND_SECONDS):
            arguments = parse(record, "-", "--duration", "1h", "--kubeconfig", kubeconfig)
            recording = asyncio.create_task(record.record(arguments))
            lines = asyncio.StreamReader()
            transport, _ = await asyncio.get_running_loop().connect_read_pipe(
                lambda: asyncio.StreamReaderProtocol(lines), os.fdopen(reading, "rb", buffering=0)
            )
            line = await lines.readline()
            transport.close()
            with pytest.raises(BrokenPipeError):
                await recording

    assert line.startswith(b'{"receivedAt":')
