"""Third-party servers for system tests, each on a free port on loopback."""

import asyncio
import json
import re
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

import aiohttp
import yaml

from tests.conftest import require_program

READY_SECONDS = 20.0
ANYWHERE = "127.0.0.1:0"

Json = dict[str, Any]


class Server:
    """A running program that serves HTTP."""

    def __init__(self, name: str, address: str) -> None:
        self.name = name
        self.address = address

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> Json:
        """Return the JSON of a response; a list is under `list`."""
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://{self.address}{path}", params=params) as answer,
        ):
            text = await answer.text()
            assert answer.status == HTTPStatus.OK, f"{self.name}: {answer.status} {text}"
            found = json.loads(text)
            return found if isinstance(found, dict) else {"list": found}

    async def is_ready(self) -> bool:
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://{self.address}/-/ready") as answer,
        ):
            return answer.status == HTTPStatus.OK


class Prometheus(Server):
    """A Prometheus server, and its queries."""

    async def query(self, expression: str, *, at: float | None = None) -> list[Json]:
        """Return the samples of an instant query."""
        params = {"query": expression} | ({"time": f"{at:.3f}"} if at is not None else {})
        found: list[Json] = (await self.get("/api/v1/query", params))["data"]["result"]
        return found

    async def query_range(
        self, expression: str, *, begin: float, end: float, step: float
    ) -> list[Json]:
        """Return the series of a range query."""
        params = {
            "query": expression,
            "start": f"{begin:.3f}",
            "end": f"{end:.3f}",
            "step": f"{step:g}",
        }
        found: list[Json] = (await self.get("/api/v1/query_range", params))["data"]["result"]
        return found

    async def alerts(self, state: str = "firing") -> set[str]:
        """Return the names of alerts in a state."""
        found = (await self.get("/api/v1/alerts"))["data"]["alerts"]
        return {each["labels"]["alertname"] for each in found if each["state"] == state}


class Alertmanager(Server):
    """An Alertmanager server, and its alerts."""

    async def active(self) -> set[str]:
        """Return the names of the active alerts."""
        found = await self.get("/api/v2/alerts", {"active": "true", "inhibited": "false"})
        return {each["labels"]["alertname"] for each in found["list"]}


@asynccontextmanager
async def prometheus(
    folder: Path, config: Json, *, data: Path | None = None
) -> AsyncIterator[Prometheus]:
    """Run Prometheus with a configuration; *data* is a folder of blocks to start with."""
    path = folder / "prometheus.yaml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    command = [
        require_program("prometheus"),
        f"--config.file={path}",
        f"--storage.tsdb.path={data or folder / 'prometheus'}",
        "--storage.tsdb.retention.time=10y",
        f"--web.listen-address={ANYWHERE}",
    ]
    async with _running(command) as address:
        yield Prometheus("Prometheus", address)


@asynccontextmanager
async def alertmanager(folder: Path, config: Json) -> AsyncIterator[Alertmanager]:
    """Run a single Alertmanager with a configuration."""
    path = folder / "alertmanager.yaml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    command = [
        require_program("alertmanager"),
        f"--config.file={path}",
        f"--storage.path={folder / 'alertmanager'}",
        "--cluster.listen-address=",
        f"--web.listen-address={ANYWHERE}",
    ]
    async with _running(command) as address:
        yield Alertmanager("Alertmanager", address)


@asynccontextmanager
async def _running(command: list[str]) -> AsyncIterator[str]:
    """Run a program until the block ends; yields the address that it prints."""
    process = await asyncio.create_subprocess_exec(*command, stdout=DEVNULL, stderr=PIPE)
    draining: asyncio.Task[None] | None = None
    try:
        async with asyncio.timeout(READY_SECONDS):
            address = await _find_address(process)
            draining = asyncio.create_task(_drain(process))
            while not await Server(command[0], address).is_ready():  # noqa: ASYNC110  # others' program
                await asyncio.sleep(0.05)
        yield address
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
        if draining is not None:
            await draining


async def _find_address(process: Process) -> str:
    said = []
    assert process.stderr is not None
    while line := (await process.stderr.readline()).decode():
        said.append(line)
        found = re.search(r'msg="Listening on" address=(\S+)', line)
        if found:
            return found[1]
    raise AssertionError("it ended:\n" + "".join(said))


async def _drain(process: Process) -> None:
    """Read the rest of the output, so that the pipe never fills."""
    assert process.stderr is not None
    while await process.stderr.readline():
        pass
