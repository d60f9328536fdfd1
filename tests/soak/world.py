"""Pods that live, restart, are deleted and recreated, whatever happens to the operator.

Each pod has a kubelet of its own, which writes what a real one writes, in the same order: the
status before it acts, with Events beside it, some of which are lost. What it did is the truth that
records are compared with.

Two things cannot be known by anybody who was not there: what a pod did between its last version
that was seen and its deletion, and how often a container restarted before its kubelet's count
started over. So a *careful* pod waits with these until all is recorded, and its truth is exact. A
*hasty* pod does not wait, and its truth is only an upper bound.
"""

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass, field

from tests.contract.client import Client
from tests.soak import shapes
from tests.soak.records import Records
from tests.soak.shapes import Container, Json

KILLED = 137
RECORDED_SECONDS = 60.0
"""How long a careful pod waits for its record before it skips the step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """A workload with its pods."""

    key: str
    """The namespace and name of its report."""
    namespace: str
    owner: Json
    containers: tuple[str, ...]
    careful: bool
    fixed_names: bool
    """Whether a recreated pod has the name of the one before."""


@dataclass(slots=True, kw_only=True)
class Pod:
    """One pod of the soak."""

    home: Home
    body: Json
    containers: dict[str, Container]

    @property
    def uid(self) -> str:
        """The uid of the pod."""
        return str(self.body["metadata"]["uid"])

    @property
    def path(self) -> str:
        """The API path of the pod."""
        meta = self.body["metadata"]
        return f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}"


@dataclass(slots=True)
class Truth:
    """What happened since the installation."""

    rises: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By report and container; counted before the status is written, so never too low."""
    resets: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By uid and container: how often the same restart count may occur again."""
    deeds: Counter[str] = field(default_factory=Counter)


class World:
    """All workloads with their pods; they live until the end, and then rest."""

    def __init__(self, client: Client, records: Records, *, seed: int, pause: float) -> None:
        self.truth = Truth()
        self._client = client
        self._records = records
        self._random = random.Random(seed)  # not for cryptography
        self._pause = pause
        self._over = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._numbers: Counter[str] = Counter()

    async def settle(self, home: Home, number: int, *, restarts: int = 0) -> Pod:
        """Create a pod that exists from the beginning, with so many restarts."""
        made = await self._make(home, number)
        for each in made.containers.values():
            each.count, each.made = restarts, restarts
        await self._show(made)
        return made

    def begin(self, pods: list[Pod]) -> None:
        """Start the lives of the pods."""
        self._tasks = [asyncio.create_task(self._live(each)) for each in pods]

    async def end(self) -> None:
        """Let every pod finish its current step."""
        self._over.set()
        await asyncio.gather(*self._tasks)

    # --- a life

    async def _live(self, pod: Pod) -> None:
        deeds = (self._kill, self._kill, self._kill, self._exit, self._exit, self._jump)
        while not self._over.is_set():
            await self._wait(self._random.expovariate(1.0) * self._pause)
            dice = self._random.random()
            if dice < 0.04:  # one step in 25
                pod = await self._replace(pod)
            elif dice < 0.08:  # likewise
                await self._reset(pod)
            else:
                await self._random.choice(deeds)(pod, self._any(pod))

    async def _wait(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def _any(self, pod: Pod) -> Container:
        return self._random.choice(list(pod.containers.values()))

    async def _kill(self, pod: Pod, each: Container) -> None:
        """The kubelet kills it for its probe: it is never shown as terminated."""
        probe = "Liveness probe failed: HTTP probe failed with statuscode: 500"
        words = f"Container {each.name} failed liveness probe, will be restarted"
        await self._say(pod, each, "Unhealthy", probe, chance=0.8)
        await self._say(pod, each, "Killing", words, chance=0.7)
        each.last = shapes.died(each, pod.uid, time.time(), KILLED)
        if self._random.random() < 0.3:  # some wait in back-off first
            each.state = "waiting"
            await self._show(pod)
            await self._wait(self._random.random() * self._pause / 2)
        await self._start(pod, each)
        self.truth.deeds["kill"] += 1

    async def _exit(self, pod: Pod, each: Container) -> None:
        """It exits by itself: it is shown as terminated first."""
        code = self._random.choice((0, 1, 137))
        each.last, each.state = shapes.died(each, pod.uid, time.time(), code), "terminated"
        await self._show(pod)
        await self._wait(self._random.random() * self._pause / 4)
        await self._start(pod, each)
        self.truth.deeds["exit"] += 1

    async def _jump(self, pod: Pod, each: Container) -> None:
        """Several restarts between two statuses, as when the API server cannot be reached."""
        each.last = shapes.died(each, pod.uid, time.time(), 1)
        await self._start(pod, each, rise=self._random.randint(2, 5))
        self.truth.deeds["jump"] += 1

    async def _start(self, pod: Pod, each: Container, *, rise: int = 1) -> None:
        self.truth.rises[pod.home.key, each.name] += rise
        each.rises += rise
        each.count, each.made = each.count + rise, each.made + rise
        each.state, each.begun = "running", time.time()
        await self._show(pod)
        for reason in ("Pulled", "Created", "Started"):
            await self._say(pod, each, reason, f"Container {reason.lower()}", chance=0.5)

    async def _reset(self, pod: Pod) -> None:
        """The kubelet's restart count starts over."""
        each = self._any(pod)
        if each.count == 0 or (pod.home.careful and not await self._recorded(pod)):
            return
        each.count, each.epoch, each.begun = 0, each.epoch + 1, time.time()
        each.made, each.last = each.made + 1, {}
        self.truth.resets[pod.uid, each.name] += 1
        await self._show(pod)
        self.truth.deeds["reset"] += 1
        if pod.home.careful:
            await self._recorded(pod)

    async def _replace(self, pod: Pod) -> Pod:
        """The pod is deleted and recreated, perhaps with the same name."""
        if pod.home.careful and not await self._recorded(pod):
            return pod
        await self._client.call("DELETE", f"{pod.path}?gracePeriodSeconds=0")
        self.truth.deeds["replace"] += 1
        number = int(pod.body["metadata"]["name"].rpartition("-")[2])
        while True:
            made = await self._make(pod.home, number if pod.home.fixed_names else None)
            await self._show(made)
            return made

    async def _recorded(self, pod: Pod) -> bool:
        """Wait until all that the pod did is in its report, or for so long as it may take."""
        wanted = {each.name: each.count for each in pod.containers.values() if each.made}
        end = time.monotonic() + RECORDED_SECONDS
        while time.monotonic() < end:
            if self._records.holds(pod.home.key, pod.uid, wanted):
                return True
            await asyncio.sleep(0.5)
        self.truth.deeds["gave up waiting for a record"] += 1
        return False

    # --- writing

    async def _make(self, home: Home, number: int | None) -> Pod:
        stem = home.owner["metadata"]["name"]
        if number is None:
            self._numbers[stem] += 1
            number = 100 + self._numbers[stem]
        body = shapes.pod(f"{stem}-{number}", home.namespace, home.owner, home.containers)
        made = await self._client.create(f"/api/v1/namespaces/{home.namespace}/pods", body)
        now = time.time()
        containers = {name: Container(name, begun=now) for name in home.containers}
        return Pod(home=home, body=made, containers=containers)

    async def _show(self, pod: Pod) -> None:
        """Write the status, however long it takes: a kubelet does not give up."""
        body = {"status": shapes.status(pod.containers, pod.uid, time.time())}
        await self._client.patch(f"{pod.path}/status", body)

    async def _say(
        self, pod: Pod, each: Container, reason: str, words: str, *, chance: float
    ) -> None:
        """Write an Event, unless the kubelet's spam filter drops it."""
        if self._random.random() < chance:
            body = shapes.event(pod.body, each.name, reason, words, time.time())
            await self._client.create(f"/api/v1/namespaces/{pod.home.namespace}/events", body)
