"""The pod worker: takes a snapshot of the pod, publishes its status, and acts on it, in a loop.

The loop is serial, like the kubelet's: while it waits for a container to stop, only the
probes of the pod go on.
"""

import asyncio
import math
from collections.abc import Callable

from probewatch.playground.json_object import JsonObject
from probewatch.playground.kubelet.bell import Bell, cancel
from probewatch.playground.kubelet.containers import PodMemory, Record, Seen
from probewatch.playground.kubelet.health import PodProbes
from probewatch.playground.kubelet.killing import end_all, kill
from probewatch.playground.kubelet.plan import make_plan
from probewatch.playground.kubelet.pod_status import render_status
from probewatch.playground.kubelet.pod_view import PodView
from probewatch.playground.kubelet.services import Services
from probewatch.playground.kubelet.specs import PodSpec
from probewatch.playground.kubelet.starting import Place, Starter

RELIST_SECONDS = 1.0
"""How often the kubelet asks its runtime which containers have ended."""
SANDBOX_CHANGED = "Pod sandbox changed, it will be killed and re-created."
LONGEST_SLEEP_SECONDS = 60.0
"""The longest time between two syncs, even during a back-off."""


class PodWorker:
    """Runs one pod until it is over; `update` is called for each change of its object."""

    def __init__(
        self,
        pod: PodSpec,
        memory: PodMemory,
        services: Services,
        *,
        address: str,
        on_exit: Callable[[], None] | None = None,
    ) -> None:
        self.pod = pod
        self.memory = memory
        self._services = services
        self._clock = services.clock
        self._address = address
        self._starter = Starter(services)
        self._bell = Bell(services.clock)
        self._on_exit = on_exit or self.note_exit
        self.probes = PodProbes(
            services,
            memory.records,
            address=address,
            look_at_pod=lambda: self.pod,
            ring=self._bell.ring,
        )
        self._relists: set[asyncio.Task[None]] = set()
        self._syncing: asyncio.Task[float | None] | None = None

    # --- notifications ------------------------------------------------------------

    def update(self, pod: PodSpec) -> None:
        """Take in a new version of the pod's object."""
        newly_deleted = pod.deletion_grace != self.pod.deletion_grace
        self.pod = pod
        for spec in pod.containers:
            if spec.name in self.memory.records:
                self.memory.records[spec.name].spec = spec
        if newly_deleted and self._syncing:
            self._syncing.cancel()  # a deletion must not wait for a kill with a longer grace
        self._bell.ring()

    def note_exit(self) -> None:
        """Schedule a sync for the next relist of the runtime: a process has ended."""
        task = asyncio.create_task(self._ring_at_relist())
        self._relists.add(task)
        task.add_done_callback(self._relists.discard)

    # --- the loop -----------------------------------------------------------------

    async def run(self) -> None:
        """Run the pod until it is over or deleted; when cancelled, leave its processes alone."""
        self.probes.begin()
        try:
            while self._is_active():
                delay = await self._sync_once()
                if self._is_active():
                    await self._bell.wait(delay)
            await self._finish()
        finally:
            await self.probes.close()
            await self._starter.settle()
            await cancel(*self._relists)

    def _is_active(self) -> bool:
        return not (self.memory.is_over or self.pod.is_deleted)

    async def _sync_once(self) -> float | None:
        self._syncing = asyncio.create_task(self._sync())
        try:
            await asyncio.wait({self._syncing})
            return None if self._syncing.cancelled() else self._syncing.result()
        finally:
            self._syncing.cancel()
            self._syncing = None

    async def _sync(self) -> float | None:
        """Publish the status and act on it; return the seconds until the next sync, if any."""
        seen = self.memory.look()
        self._publish(seen)
        if not self.memory.has_sandbox:
            if self.memory.sandbox:
                self._services.events.note_pod(self.pod, "SandboxChanged", SANDBOX_CHANGED)
            self.memory.has_sandbox = True
            self._publish(seen)
        plan = make_plan(seen, self.probes.verdicts())
        if plan.ends:
            await self._end()
            return None
        for order in plan.kills:
            record = self.memory.records[order.name]
            await kill(self._services, self.pod, record, order, address=self._address)
        return await self._start(plan.starts, {item.spec.name: item for item in seen})

    async def _start(self, names: tuple[str, ...], seen: dict[str, Seen]) -> float | None:
        place = Place(
            pod=self.pod,
            address=self._address,
            sandbox=self.memory.sandbox,
            on_exit=self._on_exit,
        )
        waits: list[float] = []
        for name in names:
            wait = await self._starter.start(place, self.memory.records[name], seen[name])
            waits.append(0.0 if wait is None else wait)
        return min(*waits, LONGEST_SLEEP_SECONDS) if waits else None

    async def _end(self) -> None:
        """Stop a pod that has nothing left to run; its phase changes at the relist after that."""
        await self._end_containers()
        self.memory.is_over, self.memory.has_sandbox = True, False
        self._publish(self.memory.look())
        await self._clock.sleep(self._until_relist())
        self.memory.is_down = True
        self._publish(self.memory.look())

    async def _end_containers(self) -> None:
        records = tuple(self.memory.records.values())
        await end_all(self._services, self.pod, records, address=self._address)

    async def _finish(self) -> None:
        """Stop a deleted pod and remove it; one that is over waits here for its deletion."""
        while not self.pod.is_deleted:
            await self._bell.wait()
            self._publish(self.memory.look())
        await self.probes.stop_killing()
        await self._starter.settle()
        self._publish(self.memory.look())
        await self._end_containers()
        self.memory.is_over, self.memory.is_down, self.memory.has_sandbox = True, True, False
        self._publish(self.memory.look())
        self._services.pods.remove(self.pod)

    # --- the status ---------------------------------------------------------------

    async def _ring_at_relist(self) -> None:
        await self._clock.sleep(self._until_relist())
        self._bell.ring()

    def _until_relist(self) -> float:
        return RELIST_SECONDS - math.fmod(self._clock.monotonic(), RELIST_SECONDS)

    def _publish(self, seen: tuple[Seen, ...]) -> None:
        health = self.probes.see(seen, pod_ends=self.pod.is_deleted)
        has_run = any(item.instance for item in seen)
        view = PodView(
            pod=self.pod,
            seen=seen,
            health=health,
            node_ip=self._services.node_ip,
            pod_ip=self._address if has_run else "",
            has_sandbox=self.memory.has_sandbox,
            is_over=self.memory.is_over,
            is_down=self.memory.is_down,
            start_time=self.memory.start_time,
            qos_class=self.memory.qos_class,
            stamp=self._services.stamp,
        )

        def make(old: JsonObject) -> JsonObject:
            return render_status(view, old, self._clock.now())

        self._services.pods.write_status(self.pod, make)


def begin_memory(pod: PodSpec, services: Services, *, qos_class: str = "BestEffort") -> PodMemory:
    """Return the memory of a pod that is new to its node."""
    return PodMemory(
        records={spec.name: Record(spec=spec) for spec in pod.containers},
        start_time=services.stamp(services.clock.now()),
        qos_class=qos_class,
    )
