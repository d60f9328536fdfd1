"""The operator of the demo: `probewatch run` in a process of its own."""

import asyncio
import os
import socket
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Self

import aiohttp

from probewatch.errors import ProbewatchError
from probewatch.playground.kubelet.bell import cancel
from probewatch.playground.processes.guard import Guard

READY_SECONDS = 30.0
STOP_SECONDS = 15.0
LINES_KEPT = 20
RESTARTS = "probewatch_container_restarts_total"


class OperatorEndedError(ProbewatchError):
    """The operator ended, or did not become ready; the text has the last lines of its output."""


class OperatorProcess:
    """Runs the operator with a kubeconfig; *tell* is called with each line of its output."""

    def __init__(
        self,
        kubeconfig: str,
        guard: Guard,
        *,
        tell: Callable[[str], None],
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.address = f"127.0.0.1:{_free_port()}"
        self._kubeconfig = kubeconfig
        self._guard = guard
        self._tell = tell
        self._settings = settings or {}
        self._process: Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._last: deque[str] = deque(maxlen=LINES_KEPT)

    @property
    def pid(self) -> int:
        """The process ID; 0 before it is started."""
        return self._process.pid if self._process else 0

    async def __aenter__(self) -> Self:
        """Start the operator, and return when it is ready."""
        command = [
            *(sys.executable, "-m", "probewatch", "run"),
            *("--kubeconfig", self._kubeconfig),
            *("--metrics-address", self.address),
            *("--log-format", "json"),
        ]
        self._process = await asyncio.create_subprocess_exec(
            *command,
            env={**_environment(), **self._settings},
            stdout=PIPE,
            stderr=STDOUT,
            start_new_session=True,
        )
        self._guard.watch(self._process.pid)
        self._reading = asyncio.create_task(self._read(self._process))
        try:
            await self._become_ready()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop the operator with SIGTERM, and kill it if that takes too long."""
        process = self._process
        if process is None:
            return
        with suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()
        self._guard.release(process.pid)
        if self._reading:
            await cancel(self._reading)

    async def _read(self, process: Process) -> None:
        while process.stdout and (line := await process.stdout.readline()):
            text = line.decode(errors="replace").rstrip()
            self._last.append(text)
            self._tell(text)

    async def _become_ready(self) -> None:
        try:
            async with asyncio.timeout(READY_SECONDS):
                while not await self._is_ready():
                    self.check()
                    await asyncio.sleep(0.1)
        except TimeoutError:
            self._fail(f"the operator was not ready within {READY_SECONDS:g} s")

    def last_words(self) -> list[str]:
        """Return the last lines of its output."""
        return list(self._last)

    def check(self) -> None:
        """Raise `OperatorEndedError` if it has ended."""
        if self._process and self._process.returncode is not None:
            self._fail(f"the operator ended with status {self._process.returncode}")

    def _fail(self, what: str) -> None:
        raise OperatorEndedError("\n  ".join([what, *self._last]))

    # --- its HTTP server ----------------------------------------------------------

    async def _get(self, path: str) -> tuple[int, str]:
        """Return status and text; status 0 without an answer."""
        timeout = aiohttp.ClientTimeout(total=5)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.get(f"http://{self.address}{path}") as answer,
            ):
                return answer.status, await answer.text()
        except (aiohttp.ClientError, TimeoutError):
            return 0, ""

    async def _is_ready(self) -> bool:
        status, _ = await self._get("/readyz")
        return status == HTTPStatus.OK

    async def scrape(self) -> str:
        """Return the text of /metrics; empty without an answer."""
        _, text = await self._get("/metrics")
        return text

    async def scrape_restarts(self) -> tuple[str, ...]:
        """Scrape /metrics, and return the lines of restart counters above 0."""
        text = await self.scrape()
        lines = (line for line in text.splitlines() if line.startswith(RESTARTS + "{"))
        return tuple(line for line in lines if float(line.rsplit(" ", 1)[1]) > 0)


def _free_port() -> int:
    """Return a port of 127.0.0.1 that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _environment() -> dict[str, str]:
    """Return the environment without the operator's settings, which must not change the demo."""
    return {key: value for key, value in os.environ.items() if not key.startswith("PROBEWATCH_")}
