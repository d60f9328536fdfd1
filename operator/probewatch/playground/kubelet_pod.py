"""One pod on its node: a loop that looks, publishes what it saw, and does what is to be done.

The loop is serial, like the kubelet's: while it waits for a container to die, nothing else
happens to the pod but its probes.
"""

import asyncio
import math

from probewatch.playground.kubelet_bell import Bell, cancel
from probewatch.playground.kubelet_containers import Health, Record, Seen
from probewatch.playground.kubelet_killing import end_all, kill
from probewatch.playground.kubelet_plan import Verdicts, is_started, make_plan, must_start
from probewatch.playground.kubelet_probing import Probing, Target
from probewatch.playground.kubelet_services import JsonObject, Services
from probewatch.playground.kubelet_specs import PodSpec, Role
from probewatch.playground.kubelet_starting import Place, Starter
from probewatch.playground.pod_status import render_status, render_time
from probewatch.playground.pod_view import PodView
from probewatch.playground.probes import ProbeType
from probewatch.playground.probes_worker import Sight, Verdict

RELIST_SECONDS = 1.0
"""The kubelet asks its runtime so often what has ended."""
LONGEST_SLEEP_SECONDS = 60.0
"""However long a back-off is, the pod is looked at so often."""
NOWHERE = Sight(container_id="", running_since=None, started=False)


class PodWorker:
    """Runs one pod until it is over; `update` tells it of changes to the object."""

    def __init__(
        self, pod: PodSpec, services: Services, *, address: str, qos_class: str = "BestEffort"
    ) -> None:
        self.pod = pod
        self.records = {spec.name: Record(spec=spec) for spec in pod.containers}
        self._services = services
        self._clock = services.clock
        self._address = address
        self._qos_class = qos_class
        self._start_time = render_time(services.clock.now())
        self._starter = Starter(services)
        self._bell = Bell(services.clock)
        self._has_sandbox = False
        self._is_over = self._is_down = False
        self._sights: dict[str, Sight] = {}
        self._probings = {
            (spec.name, probe.type): self._make_probing(record, probe.type)
            for record in self.records.values()
            for spec in (record.spec,)
            for probe in spec.probes
        }
        self._tasks: dict[tuple[str, ProbeType], asyncio.Task[None]] = {}
        self._relists: set[asyncio.Task[None]] = set()
        self._syncing: asyncio.Task[float | None] | None = None

    # --- what others tell it ------------------------------------------------------

    def update(self, pod: PodSpec) -> None:
        """Take note of a new version of the pod's object."""
        newly_deleted = pod.deletion_grace != self.pod.deletion_grace
        self.pod = pod
        for spec in pod.containers:
            if spec.name in self.records:
                self.records[spec.name].spec = spec
        if newly_deleted and self._syncing:
            self._syncing.cancel()  # a deletion does not wait for a kill with a longer grace
        self._bell.ring()

    # --- the loop -----------------------------------------------------------------

    async def run(self) -> None:
        """Run the pod until it is over or deleted; when cancelled, leave its processes alone."""
        for key, probing in self._probings.items():
            self._tasks[key] = asyncio.create_task(probing.run())
        try:
            while self._goes_on():
                delay = await self._sync_once()
                if self._goes_on():
                    await self._bell.wait(delay)
            await self._finish()
        finally:
            await cancel(*self._tasks.values(), *self._relists)

    def _goes_on(self) -> bool:
        return not (self._is_over or self.pod.is_deleted)

    async def _sync_once(self) -> float | None:
        self._syncing = asyncio.create_task(self._sync())
        try:
            await asyncio.wait({self._syncing})
            return None if self._syncing.cancelled() else self._syncing.result()
        finally:
            self._syncing.cancel()
            self._syncing = None

    async def _sync(self) -> float | None:
        """Do what is to be done; return the seconds until it must be looked at again."""
        seen = self._look()
        self._publish(seen)
        if not self._has_sandbox:
            self._has_sandbox = True
            self._publish(seen)
        plan = make_plan(seen, self._verdicts())
        if plan.ends:
            await self._end()
            return None
        for order in plan.kills:
            record = self.records[order.name]
            await kill(self._services, self.pod, record, order, address=self._address)
        return await self._start(plan.starts, {item.spec.name: item for item in seen})

    async def _start(self, names: tuple[str, ...], seen: dict[str, Seen]) -> float | None:
        place = Place(pod=self.pod, address=self._address, on_exit=self._note_exit)
        waits: list[float] = []
        for name in names:
            wait = await self._starter.start(place, self.records[name], seen[name])
            waits.append(0.0 if wait is None else wait)
        return min(*waits, LONGEST_SLEEP_SECONDS) if waits else None

    async def _end(self) -> None:
        """End a pod that has nothing left to run; its phase follows when all is taken down."""
        await self._end_containers()
        self._is_over, self._has_sandbox = True, False
        self._publish(self._look())
        await self._clock.sleep(self._until_relist())
        self._is_down = True
        self._publish(self._look())

    async def _end_containers(self) -> None:
        records = tuple(self.records.values())
        await end_all(self._services, self.pod, records, address=self._address)

    async def _finish(self) -> None:
        """End a deleted pod for good; one that is over waits here for its deletion."""
        while not self.pod.is_deleted:
            await self._bell.wait()
            self._publish(self._look())
        # Liveness and startup end before the kill; a sidecar's go on, as do all readiness probes.
        stopped = [
            task
            for (name, type_), task in self._tasks.items()
            if type_ is not ProbeType.READINESS and self.records[name].spec.role is Role.REGULAR
        ]
        await cancel(*stopped)
        self._publish(self._look())
        await self._end_containers()
        self._is_over, self._is_down, self._has_sandbox = True, True, False
        self._publish(self._look())
        self._services.pods.remove(self.pod)

    # --- probes -------------------------------------------------------------------

    def _make_probing(self, record: Record, type_: ProbeType) -> Probing:
        spec = record.spec.probe(type_)
        if spec is None:
            raise KeyError(type_)

        def look() -> tuple[PodSpec, Target]:
            sight = self._sights.get(record.spec.name, NOWHERE)
            process = record.current.process if record.current else None
            return self.pod, Target(sight=sight, address=self._address, process=process)

        return Probing(
            record.spec,
            spec,
            clock=self._clock,
            prober=self._services.prober,
            events=self._services.events,
            look=look,
            tell=self._hear,
        )

    def _hear(self, verdict: Verdict) -> None:
        del verdict  # its worker remembers it; the next look takes it in
        self._bell.ring()

    def _verdicts(self) -> Verdicts:
        standing: dict[ProbeType, dict[str, bool]] = {type_: {} for type_ in ProbeType}
        for (_, type_), probing in self._probings.items():
            for container_id, healthy in probing.worker.healthy.items():
                if healthy is not None:
                    standing[type_][container_id] = healthy
        return Verdicts(liveness=standing[ProbeType.LIVENESS], startup=standing[ProbeType.STARTUP])

    # --- the status ---------------------------------------------------------------

    def _look(self) -> tuple[Seen, ...]:
        return tuple(record.look() for record in self.records.values())

    def _note_exit(self) -> None:
        """Notice the end of a process at the next relist of the runtime."""
        task = asyncio.create_task(self._ring_at_relist())
        self._relists.add(task)
        task.add_done_callback(self._relists.discard)

    async def _ring_at_relist(self) -> None:
        await self._clock.sleep(self._until_relist())
        self._bell.ring()

    def _until_relist(self) -> float:
        return RELIST_SECONDS - math.fmod(self._clock.monotonic(), RELIST_SECONDS)

    def _publish(self, seen: tuple[Seen, ...]) -> None:
        health = {item.spec.name: self._find_health(item) for item in seen}
        self._sights = {
            item.spec.name: self._find_sight(item, health[item.spec.name]) for item in seen
        }
        has_run = any(item.instance for item in seen)
        view = PodView(
            pod=self.pod,
            seen=seen,
            health=health,
            node_ip=self._services.node_ip,
            pod_ip=self._address if has_run else "",
            has_sandbox=self._has_sandbox,
            is_over=self._is_over,
            is_down=self._is_down,
            start_time=self._start_time,
            qos_class=self._qos_class,
        )

        def make(old: JsonObject) -> JsonObject:
            return render_status(view, old, self._clock.now())

        self._services.pods.write_status(self.pod, make)

    def _find_health(self, item: Seen) -> Health:
        if item.spec.role is Role.INIT:
            return Health(ready=item.exit is not None and item.exit.code == 0)
        if not item.is_running or not is_started(item, self._verdicts().startup):
            return Health()
        probing = self._probings.get((item.spec.name, ProbeType.READINESS))
        if probing is None or item.instance is None:
            return Health(started=True, ready=True)
        if probing.worker.healthy.get(item.instance.container_id):
            return Health(started=True, ready=True)
        probing.trigger.ring()  # a first answer need not wait for the next tick
        return Health(started=True)

    def _find_sight(self, item: Seen, health: Health) -> Sight:
        if item.instance is None:
            return NOWHERE
        return Sight(
            container_id=item.instance.container_id,
            # The status has whole seconds, and the probes reckon with what it says.
            running_since=float(int(item.instance.started)) if item.is_running else None,
            started=health.started,
            pod_ends=self.pod.is_deleted,
            for_good=item.exit is not None and not must_start(item),
        )
