"""Real operators, and an API server whose pods restart when the test says so."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

import aiohttp
import yaml

from probewatch.clock import Clock
from probewatch.kube.lease_objects import SCOPE
from probewatch.playground.api.server import ApiServer
from probewatch.playground.objects.registry import STATUS, Deletion, Registry
from tests.support.ports import free_port

Json = dict[str, Any]

CRDS = Path(__file__).parents[2] / "crds"
BOUND_SECONDS = 30.0
QUICK = {
    "PROBEWATCH_SETTLE_SECONDS": "0.3",
    "PROBEWATCH_REPORT_INTERVAL_SECONDS": "0.3",
    "PROBEWATCH_REPAIR_SECONDS": "0",
    "PROBEWATCH_INSTANCE": "operator",
}
"""Waits of half a second instead of half a minute; a restarted operator keeps its identity."""

BEGUN = "2026-11-20T10:00:00Z"


@dataclass
class Operator:
    """One process of `probewatch run`."""

    kubeconfig: Path
    environment: Mapping[str, str]
    lines: list[str] = field(default_factory=list)
    process: Process | None = None
    address: str = ""
    _reading: "asyncio.Task[None] | None" = None

    async def start(self) -> None:
        self.address = f"127.0.0.1:{free_port()}"
        command = [sys.executable, "-m", "probewatch", "run", "--log-format", "json"]
        command += ["--kubeconfig", str(self.kubeconfig), "--metrics-address", self.address]
        self.process = await asyncio.create_subprocess_exec(
            *command,
            env={**os.environ, **QUICK, **self.environment},
            stdout=PIPE,
            stderr=STDOUT,
            start_new_session=True,
        )
        self._reading = asyncio.create_task(self._read(self.process))

    async def _read(self, process: Process) -> None:
        while process.stdout and (line := await process.stdout.readline()):
            self.lines.append(line.decode(errors="replace").rstrip())

    def send(self, number: signal.Signals) -> None:
        if self.process is not None and self.process.returncode is None:
            with suppress(ProcessLookupError):
                self.process.send_signal(number)

    @property
    def is_dead(self) -> bool:
        return self.process is None or self.process.returncode is not None

    async def wait(self) -> int:
        assert self.process is not None
        return await self.process.wait()

    async def stop(self) -> None:
        """Send SIGTERM, and SIGKILL if it does not end."""
        self.send(signal.SIGCONT)
        self.send(signal.SIGTERM)
        try:
            async with asyncio.timeout(12):
                await self.wait()
        except TimeoutError:
            self.send(signal.SIGKILL)
            await self.wait()
        if self._reading is not None:
            await self._reading

    async def kill(self) -> None:
        self.send(signal.SIGKILL)
        await self.wait()

    async def get(self, path: str) -> tuple[int, str]:
        """Return the status and the text of a response; status 0 without one."""
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as session,
                session.get(f"http://{self.address}{path}") as answer,
            ):
                return answer.status, await answer.text()
        except (aiohttp.ClientError, TimeoutError):
            return 0, ""

    async def counts(self) -> Counter[str]:
        """Return its restart counters by workload."""
        found: Counter[str] = Counter()
        _, text = await self.get("/metrics")
        for line in text.splitlines():
            if line.startswith("probewatch_container_restarts_total{"):
                workload = line.partition('workload="')[2].partition('"')[0]
                found[workload] += int(float(line.rpartition(" ")[2]))
        return found

    async def until_counted(self, wanted: Mapping[str, int]) -> None:
        """Wait until its restart counters have exactly these values."""
        async with asyncio.timeout(BOUND_SECONDS):
            while +await self.counts() != wanted:  # noqa: ASYNC110  # likewise
                await asyncio.sleep(0.05)

    async def leads(self) -> bool:
        _, text = await self.get("/metrics")
        return any(line.startswith("probewatch_leader 1") for line in text.splitlines())

    async def until_open(self) -> None:
        """Wait until /metrics responds, or the process has ended."""
        async with asyncio.timeout(BOUND_SECONDS):
            while not self.is_dead and (await self.get("/metrics"))[0] != HTTPStatus.OK:  # noqa: ASYNC110  # it is another process
                await asyncio.sleep(0.05)


class Rig:
    """An API server with its pods, and the operators that watch it."""

    def __init__(self, folder: Path) -> None:
        self.registry = Registry(Clock())
        self.server = ApiServer(self.registry)
        self.kubeconfig = folder / "kubeconfig"
        self.restarts: Counter[str] = Counter()
        """The restarts that really happened, by workload."""
        self._pods = self.registry.types.builtin("pods")
        self._operators: list[Operator] = []

    async def open(self) -> None:
        await self.server.start()
        self.server.write_kubeconfig(self.kubeconfig)

    async def close(self) -> None:
        for operator in self._operators:
            if not operator.is_dead:
                await operator.stop()
        await self.server.stop()

    def describe(self) -> str:
        """Return what there is to see, for whoever reads why a test failed."""
        lines = [f"restarts {dict(self.restarts)}, recorded {dict(self.totals())}"]
        for number, operator in enumerate(self._operators, 1):
            returncode = operator.process and operator.process.returncode
            lines += [f"operator {number}, return code {returncode}:", *operator.lines]
        return "\n".join(lines)

    def define(self) -> None:
        """Install our custom resource definitions."""
        type_ = self.registry.types.builtin("customresourcedefinitions", "apiextensions.k8s.io")
        for path in sorted(CRDS.glob("*.yaml")):
            self.registry.create(type_, yaml.safe_load(path.read_text(encoding="utf-8")))

    async def start(self, **environment: str) -> Operator:
        operator = Operator(self.kubeconfig, environment)
        self._operators.append(operator)
        await operator.start()
        return operator

    async def serve(self, **environment: str) -> Operator:
        """Start an operator, and wait until it responds."""
        operator = await self.start(**environment)
        await operator.until_open()
        return operator

    # --- pods

    def add(self, name: str, restarts: int = 0) -> None:
        probe = {"httpGet": {"path": "/", "port": 80}}
        container = {"name": "app", "image": "app", "livenessProbe": probe}
        spec = {"nodeName": "n1", "containers": [container]}
        meta = {"name": name, "namespace": "default", "labels": {"app": name}}
        self.registry.create(self._pods, {"metadata": meta, "spec": spec})
        self._show(name, restarts)

    def restart(self, name: str, times: int = 1) -> None:
        self.restarts[name] += times
        self._show(name, self.count(name) + times)

    def count(self, name: str) -> int:
        pod = self.registry.get(self._pods, "default", name).object
        return int(pod["status"]["containerStatuses"][0]["restartCount"])

    def remove(self, name: str) -> None:
        self.registry.delete(self._pods, "default", name, Deletion(grace=0))

    def _show(self, name: str, count: int) -> None:
        ended = {"exitCode": 1, "reason": "Error", "startedAt": BEGUN, "finishedAt": BEGUN}
        last = {"terminated": {**ended, "containerID": f"c://{count - 1}"}} if count else {}
        status = {
            "name": "app",
            "image": "app",
            "imageID": "",
            "ready": True,
            "started": True,
            "restartCount": count,
            "containerID": f"c://{count}",
            "state": {"running": {"startedAt": BEGUN}},
            "lastState": last,
        }
        new = {"phase": "Running", "containerStatuses": [status]}
        self.registry.change(
            self._pods, "default", name, lambda old: {**old, "status": new}, STATUS
        )

    # --- results

    def reports(self) -> dict[str, Json]:
        """All reports by name."""
        type_ = self.registry.types.find("probewatch.dev", "v1alpha1", "probereports")
        if type_ is None:
            return {}
        return {each.key.name: each.object for each in self.registry.items(type_)}

    def totals(self) -> Counter[str]:
        """The restarts in the reports, by workload."""
        found: Counter[str] = Counter()
        for report in self.reports().values():
            status = report.get("status") or {}
            for total in status.get("totals", ()):
                found[status["workload"]["name"]] += total["restarts"]
        return found

    def told(self) -> Counter[tuple[str, str]]:
        """The number of Events for each restart, by pod and the start of the note."""
        events = self.registry.items(self.registry.types.builtin("events"))
        return Counter(
            (event["involvedObject"]["name"], event["message"])
            for event in (each.object for each in events)
            if event.get("reportingComponent") == "probewatch.dev/operator"
            and event["reason"] in {"ContainerRestarted", "LivenessProbeRestart"}
        )

    def writes(self) -> list[str]:
        """The writes of the operators as verb and resource, without Lease renewals."""
        return [
            f"{record.action.verb} {record.action.resource}"
            for record in self.server.audit
            if record.action.verb in {"create", "update", "patch", "delete"}
            and record.action.resource != "leases"
            and not record.action.resource.startswith("selfsubject")
        ]

    async def until_recorded(self) -> None:
        """Wait until the reports contain the restarts that happened."""
        async with asyncio.timeout(BOUND_SECONDS):
            while +self.totals() != +self.restarts:  # noqa: ASYNC110  # likewise
                await asyncio.sleep(0.05)

    async def until_agreed(self) -> None:
        """Wait until the Lease says that the baseline is recorded: later restarts are counted."""
        leases = self.registry.types.builtin("leases", "coordination.k8s.io")
        async with asyncio.timeout(BOUND_SECONDS):
            while not any(  # noqa: ASYNC110  # likewise
                SCOPE in each.object["metadata"].get("annotations", {})
                for each in self.registry.items(leases)
            ):
                await asyncio.sleep(0.05)

    async def until_told(self) -> None:
        """Wait until there is an Event for a restart."""
        async with asyncio.timeout(BOUND_SECONDS):
            while not self.told():  # noqa: ASYNC110  # likewise
                await asyncio.sleep(0.05)


@asynccontextmanager
async def rigged(folder: Path, *, defined: bool = True) -> AsyncIterator[Rig]:
    """Run an API server, with or without our definitions."""
    rig = Rig(folder)
    await rig.open()
    try:
        if defined:
            rig.define()
        yield rig
    except BaseException as error:
        error.add_note(rig.describe())
        raise
    finally:
        await rig.close()
