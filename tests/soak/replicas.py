"""The operator as processes that are killed, stopped, continued, ended and restarted."""

import asyncio
import contextlib
import json
import os
import re
import signal
import sys
import time
from asyncio.subprocess import DEVNULL, Process
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from tests.support.ports import free_port

END_SECONDS = 15.0
LOADED_SECONDS = 5.0
"""While Python loads the program, signals have their default effect."""
FAMILY = "probewatch_container_restarts_total"
SAMPLE = re.compile(rf"^{FAMILY}{{(?P<labels>.*)}} (?P<value>[0-9.e+]+)$", re.MULTILINE)
LABEL = re.compile(r'(\w+)="([^"]*)"')

QUICK = {
    "PROBEWATCH_SETTLE_SECONDS": "1",
    "PROBEWATCH_LOOP_RESTARTS": "4",
    "PROBEWATCH_LOOP_WINDOW_SECONDS": "20",
    "PROBEWATCH_LOOP_QUIET_SECONDS": "10",
    "PROBEWATCH_SLOW_LOOP_RESTARTS": "32",
    "PROBEWATCH_SLOW_LOOP_WINDOW_SECONDS": "60",
    "PROBEWATCH_REPAIR_SECONDS": "20",
    "PROBEWATCH_FLAP_QUIET_SECONDS": "15",
    "PROBEWATCH_FLAP_WINDOW_SECONDS": "15",
    "PROBEWATCH_EVENTS_PER_SECOND": "100",
    "PROBEWATCH_EVENTS_BURST": "1000",
    "PROBEWATCH_POD_EVENTS_BURST": "1000",
}
"""Short waits for verdicts, and no limits for Events; counting is as shipped."""

Samples = Counter[tuple[str, str, str, str]]
"""Restarts by namespace, workload, container and cause."""


@dataclass(slots=True, kw_only=True)
class Replica:
    """One replica of the operator, as one process after the other."""

    name: str
    kubeconfig: Path
    folder: Path
    source: Path
    """The folder with the program."""
    port: int = field(default_factory=free_port)
    starts: int = 0
    faults: list[str] = field(default_factory=list)
    is_stopped: bool = False
    """Whether its process is stopped, and can be continued."""
    _begun: float = 0.0
    _process: Process | None = None
    _last: Samples = field(default_factory=Counter)

    @property
    def log(self) -> Path:
        """The output of all its processes."""
        return self.folder / f"{self.name}.log"

    async def start(self) -> None:
        """Start a process."""
        environ = {name: value for name, value in os.environ.items() if "KUBE" not in name}
        environ |= {**QUICK, "PYTHONPATH": str(self.source)}
        environ["PROBEWATCH_INSTANCE"] = self.name
        command = [
            *(sys.executable, "-m", "probewatch", "run", "--log-format", "json"),
            *("--kubeconfig", str(self.kubeconfig)),
            *("--metrics-address", f"127.0.0.1:{self.port}"),
        ]
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *command, env=environ, stdin=DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        self.starts += 1
        self._begun = time.monotonic()

    async def kill(self) -> None:
        """Kill the process, as a node that loses power would."""
        await self._end(signal.SIGKILL)

    async def leave(self) -> None:
        """Send SIGTERM: the process has to end in time, with exit code 0 once it has started."""
        is_young = time.monotonic() - self._begun < LOADED_SECONDS
        status = await self._end(signal.SIGTERM)
        if status != 0 and not (is_young and status == -signal.SIGTERM):
            self.faults.append(f"{self.name}: ended with status {status} after SIGTERM")

    async def _end(self, number: signal.Signals) -> int | None:
        self.go_on()
        process, self._process = self._process, None
        if process is None:
            return 0
        if process.returncode is not None:
            self.faults.append(f"{self.name}: ended by itself, status {process.returncode}")
            return 0
        process.send_signal(number)
        try:
            return await asyncio.wait_for(process.wait(), END_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()
            return None

    def stop(self) -> None:
        """Stop the process (SIGSTOP) at whatever it does."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGSTOP)
            self.is_stopped = True

    def go_on(self) -> None:
        """Continue a stopped process."""
        if self.is_stopped and self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGCONT)
        self.is_stopped = False

    # --- its output

    async def scrape(self) -> Samples | None:
        """Return its restart counters; None while it has none."""
        text = await self._get("/metrics")
        if text is None:
            return None
        found: Samples = Counter()
        for match in SAMPLE.finditer(text):
            labels = dict(LABEL.findall(match["labels"]))
            place = (
                labels["namespace"],
                labels["workload"],
                labels["container"],
                labels["cause"],
            )
            found[place] += int(float(match["value"]))
        return found

    async def is_ready(self) -> bool:
        """Whether its readiness endpoint returns 200."""
        return await self._get("/readyz") is not None

    async def _get(self, path: str) -> str | None:
        with contextlib.suppress(OSError, aiohttp.ClientError, TimeoutError):
            timeout = aiohttp.ClientTimeout(total=2)
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.get(f"http://127.0.0.1:{self.port}{path}") as answer,
            ):
                return await answer.text() if answer.status == 200 else None  # OK
        return None

    def read_log(self) -> tuple[Counter[str], list[str]]:
        """Return how often each message was logged, and the lines that must not occur."""
        messages: Counter[str] = Counter()
        bad: list[str] = []
        for line in self.log.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                record = json.loads(line)
            except ValueError:
                bad.append(line)
                continue
            messages[f"{record['level']}: {record['message']}"] += 1
            if record["level"] in {"error", "critical"} or "Traceback" in line:
                bad.append(line)
        return messages, bad
