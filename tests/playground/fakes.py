"""A node without processes and without waiting: scripted containers on a virtual clock."""

import asyncio
import heapq
import itertools
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from probewatch.clock import Clock
from probewatch.playground.images import IMAGES, Image
from probewatch.playground.kubelet.bell import cancel
from probewatch.playground.kubelet.containers import Exit, Process
from probewatch.playground.kubelet.event_filter import EventFilter
from probewatch.playground.kubelet.events import KubeletEvents
from probewatch.playground.kubelet.pod import PodWorker, begin_memory
from probewatch.playground.kubelet.probes import (
    Exec,
    HttpGet,
    Outcome,
    ProbeSpec,
    Result,
    TcpSocket,
)
from probewatch.playground.kubelet.services import MakeStatus, Services
from probewatch.playground.kubelet.specs import PodSpec, parse_pod_spec
from probewatch.playground.processes.runtime import Launch, StartError
from probewatch.playground.stories.app import Script, Window, parse_script

JsonObject = dict[str, Any]
START = 1_800_000_000.0


class VirtualTime:
    """A clock that moves only when told to, and then wakes the sleepers that are due."""

    def __init__(self, start: float = START) -> None:
        self.time = start
        self._waits: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()
        self.clock = Clock(now=lambda: self.time, monotonic=lambda: self.time, sleep=self._sleep)

    async def _sleep(self, seconds: float) -> None:
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waits, (self.time + seconds, next(self._numbers), woken))
        await woken

    async def pass_until(self, end: float) -> None:
        """Let time pass until *end*, waking each sleeper at its time."""
        await settle()
        while self._waits and self._waits[0][0] <= end:
            due, _, woken = heapq.heappop(self._waits)
            self.time = max(self.time, due)
            if not woken.done():
                woken.set_result(None)
            await settle()
        self.time = end


async def settle() -> None:
    """Let every task run until it waits."""
    for _ in range(40):
        await asyncio.sleep(0)


async def eventually(is_so: Callable[[], bool]) -> None:
    """Wait for a condition that depends on real processes; fails after ten seconds."""
    for _ in range(1000):
        if is_so():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not come to that")


@dataclass(slots=True)
class ScriptedProcess:
    """A script of the stories' app, played without a process."""

    script: Script
    clock: Clock
    on_exit: Callable[[], None]
    started: float = 0.0
    exit: Exit | None = None
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def begin(self) -> None:
        self.started = self.clock.now()
        script = self.script
        for at, code, reason in (
            (script.exit_at, script.exit_code, ""),
            (script.signal_at, 128 + script.signal, ""),
            (script.hog_at, 137, "OOMKilled"),
        ):
            if at is not None:
                self.tasks.append(asyncio.create_task(self._die_later(at, code, reason)))

    async def _die_later(self, seconds: float, code: int, reason: str) -> None:
        await self.clock.sleep(seconds)
        self.die(code, reason)

    def die(self, code: int, reason: str = "") -> None:
        if self.exit is None:
            reason = reason or ("Completed" if code == 0 else "Error")
            self.exit = Exit(code=code, reason=reason, finished=self.clock.now())
            self.on_exit()

    async def stop(self, grace: float) -> None:
        code, takes = self.script.term_code, self.script.term_takes
        if code is None or takes > grace:
            await self.clock.sleep(grace)
            self.die(137)
            return
        if takes:
            await self.clock.sleep(takes)
        self.die(code)

    async def lose(self) -> None:
        self.die(255, "Unknown")

    async def execute(self, command: tuple[str, ...], timeout_seconds: float) -> Outcome:
        program, *rest = command
        match program.rpartition("/")[2]:
            case "sleep":
                await self.clock.sleep(min(float(rest[0]), timeout_seconds))
                return Outcome(result=Result.SUCCESS)
            case "false":
                return Outcome(result=Result.FAILURE)
            case "cat" if self.answer("/healthz").result is Result.SUCCESS:
                return Outcome(result=Result.SUCCESS)
            case "cat":
                text = f"cat: can't open '{rest[0]}': No such file or directory\n"
                return Outcome(result=Result.FAILURE, output=text)
            case _:
                return Outcome(result=Result.ERROR, output=render_exec_error(program))

    def log(self) -> bytes:
        return b"begun\n"

    async def follow(self) -> AsyncIterator[bytes]:
        yield b"more\n"

    def is_in(self, window: Window) -> bool:
        return self.script.is_in(window, self.clock.now() - self.started)

    def answer(self, path: str) -> Outcome:
        status = self.script.answer(path, self.clock.now() - self.started)
        if status == 200:
            return Outcome(result=Result.SUCCESS)
        return Outcome(result=Result.FAILURE, output=f"HTTP probe failed with statuscode: {status}")


def render_exec_error(program: str) -> str:
    """The message of containerd for a program that does not exist in the container."""
    where = f'failed to exec in container: failed to start exec "{secrets.token_hex(32)}"'
    what = f'unable to start container process: exec: "{program}": stat {program}'
    return (
        f"rpc error: code = Unknown desc = {where}: OCI runtime exec failed: exec failed: "
        f"{what}: no such file or directory: unknown"
    )


@dataclass(slots=True)
class Node:
    """A node that plays its pods' scripts and keeps everything that is written."""

    time: VirtualTime = field(default_factory=VirtualTime)
    sieve: EventFilter = field(default_factory=EventFilter)
    statuses: list[tuple[float, JsonObject]] = field(default_factory=list)
    events: list[tuple[float, JsonObject]] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    processes: list[ScriptedProcess] = field(default_factory=list)
    status: JsonObject = field(default_factory=dict)
    images: Mapping[str, Image] = field(default_factory=lambda: IMAGES)
    missing: frozenset[str] = frozenset()
    """Programs that do not exist on the node."""
    start_takes: float = 0.0
    """Seconds that the runtime needs to start a container."""

    def services(self) -> Services:
        clock = self.time.clock
        return Services(
            clock=clock,
            runtime=self,
            prober=self,
            events=KubeletEvents(self, clock, node="node1", sieve=self.sieve),
            pods=self,
            images=self.images,
        )

    def keep(self, event: JsonObject) -> None:
        self.events.append((self.time.time, event))

    def write_status(self, pod: PodSpec, make: MakeStatus) -> None:
        del pod
        new = make(self.status)
        if new != self.status:
            self.status = new
            self.statuses.append((self.time.time, new))

    def remove(self, pod: PodSpec) -> None:
        self.removed.append(pod.name)

    async def start(self, launch: Launch) -> ScriptedProcess:
        if self.start_takes:
            await self.time.clock.sleep(self.start_takes)
        if launch.command[0] in self.missing:
            raise StartError(f'exec: "{launch.command[0]}": no such file or directory: unknown')
        script = parse_script(launch.command[1:])
        process = ScriptedProcess(script=script, clock=self.time.clock, on_exit=launch.on_exit)
        process.begin()
        self.processes.append(process)
        return process

    async def probe(self, spec: ProbeSpec, *, address: str, process: Process | None) -> Outcome:
        assert isinstance(process, ScriptedProcess)
        match spec.action:
            case HttpGet(path=path, port=port):
                return await self._get(process, spec, path=path, at=f"{address}:{port}")
            case TcpSocket(port=port):
                if process.exit is None and not process.is_in(process.script.notcp):
                    return Outcome(result=Result.SUCCESS)
                text = f"dial tcp {address}:{port}: connect: connection refused"
                return Outcome(result=Result.FAILURE, output=text)
            case Exec(command=command):
                return await process.execute(command, spec.timeout)
            case other:
                raise AssertionError(other)

    async def _get(
        self, process: ScriptedProcess, spec: ProbeSpec, *, path: str, at: str
    ) -> Outcome:
        get = f'Get "http://{at}{path}"'
        if process.exit is not None:
            text = f"{get}: dial tcp {at}: connect: connection refused"
            return Outcome(result=Result.FAILURE, output=text)
        if process.is_in(process.script.hang):
            await self.time.clock.sleep(spec.timeout)
            text = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
            return Outcome(result=Result.FAILURE, output=f"{get}: {text}")
        if process.is_in(process.script.stall):
            await self.time.clock.sleep(spec.timeout)
            return Outcome(result=Result.ERROR, output="context deadline exceeded")
        return process.answer(path)


def run_pod(node: Node, pod: JsonObject) -> tuple[PodWorker, asyncio.Task[None]]:
    """Start the kubelet's loop for *pod*."""
    spec, services = parse_pod_spec(pod), node.services()
    worker = PodWorker(spec, begin_memory(spec, services), services, address="10.244.0.65")
    return worker, asyncio.create_task(worker.run())


def play(node: Node, pod: JsonObject, *, until: float) -> None:
    """Run *pod* on *node* until that time."""

    async def run() -> None:
        _, running = run_pod(node, pod)
        await node.time.pass_until(until)
        await cancel(running, *(task for item in node.processes for task in item.tasks))

    asyncio.run(run())


def make_pod(*containers: JsonObject, **spec: object) -> JsonObject:
    """A pod object with these containers."""
    meta = {"uid": "u-1", "namespace": "scn", "name": "app", "generation": 1}
    return {"metadata": meta, "spec": {"containers": list(containers), **spec}}


def make_container(script: str = "", *, name: str = "app", **fields: object) -> JsonObject:
    """A container that plays *script*."""
    command = ["/app", *script.split()]
    return {"name": name, "image": "busybox:1", "command": command, **fields}


def http_probe(path: str = "/healthz", **fields: object) -> JsonObject:
    """An HTTP probe with the API's defaults."""
    return {"httpGet": {"path": path, "port": 3000}, **fields}


def said(node: Node) -> list[tuple[int, str, int, str]]:
    """The Events: second since the start, reason, count, message."""
    return [
        (round(at - START), event["reason"], event["count"], event["message"])
        for at, event in node.events
    ]
