"""The probes of one pod together: their tasks, their standing verdicts, what follows for health."""

import asyncio
from collections.abc import Callable, Mapping

from probewatch.playground.kubelet.bell import begin, cancel
from probewatch.playground.kubelet.containers import Health, Record, Seen
from probewatch.playground.kubelet.plan import Verdicts, is_started, must_start
from probewatch.playground.kubelet.probes import ProbeSpec, ProbeType
from probewatch.playground.kubelet.probes_worker import Sight, Verdict
from probewatch.playground.kubelet.probing import Probing, Target
from probewatch.playground.kubelet.services import Services
from probewatch.playground.kubelet.specs import PodSpec, Role

NOWHERE = Sight(container_id="", running_since=None, started=False)

Key = tuple[str, ProbeType]
"""The container's name and the probe's type."""


class PodProbes:
    """Runs the probes of a pod; `see` tells them what has been published, `ring` is called back."""

    def __init__(
        self,
        services: Services,
        records: Mapping[str, Record],
        *,
        address: str,
        look_at_pod: Callable[[], PodSpec],
        ring: Callable[[], None],
    ) -> None:
        self._services = services
        self._records = records
        self._address = address
        self._look_at_pod = look_at_pod
        self._ring = ring
        self.sights: dict[str, Sight] = {}
        self._probings = {
            (record.spec.name, spec.type): self._make(record, spec)
            for record in records.values()
            for spec in record.spec.probes
        }
        self._tasks: dict[Key, asyncio.Task[None]] = {}

    def _make(self, record: Record, spec: ProbeSpec) -> Probing:
        def look() -> tuple[PodSpec, Target]:
            sight = self.sights.get(record.spec.name, NOWHERE)
            process = record.current.process if record.current else None
            return self._look_at_pod(), Target(sight=sight, address=self._address, process=process)

        return Probing(
            record.spec,
            spec,
            clock=self._services.clock,
            prober=self._services.prober,
            events=self._services.events,
            look=look,
            tell=self._hear,
        )

    def _hear(self, verdict: Verdict) -> None:
        del verdict  # its worker remembers it; the next look takes it in
        self._ring()

    # --- running ------------------------------------------------------------------

    def begin(self) -> None:
        """Start all probes: each rests until there is something to probe."""
        for key, probing in self._probings.items():
            self._tasks[key] = begin(probing.run(), f"{key[1]} probe of {key[0]}")

    async def stop_killing(self) -> None:
        """End liveness and startup before a pod is ended.

        A sidecar's go on, as do all readiness probes: so it is with a real kubelet.
        """
        stopped = [
            task
            for (name, type_), task in self._tasks.items()
            if type_ is not ProbeType.READINESS and self._records[name].spec.role is Role.REGULAR
        ]
        await cancel(*stopped)

    async def close(self) -> None:
        """End all probes."""
        await cancel(*self._tasks.values())

    def inherit(self, old: "PodProbes") -> None:
        """Take over what the kubelet before this one had published: it holds until disproved."""
        before = old.verdicts()
        self.sights = dict(old.sights)
        for (name, type_), probing in self._probings.items():
            sight = self.sights.get(name, NOWHERE)
            if not sight.container_id:
                continue
            healthy = {
                ProbeType.LIVENESS: True,
                ProbeType.READINESS: old.is_ready(name, sight.container_id),
                ProbeType.STARTUP: before.startup.get(sight.container_id),
            }[type_]
            probing.worker.resume(sight.container_id, healthy=healthy)

    # --- what they say ------------------------------------------------------------

    def verdicts(self) -> Verdicts:
        """Return the standing verdicts that containers live and die by."""
        standing: dict[ProbeType, dict[str, bool]] = {type_: {} for type_ in ProbeType}
        for (_, type_), probing in self._probings.items():
            for container_id, healthy in probing.worker.healthy.items():
                if healthy is not None:
                    standing[type_][container_id] = healthy
        return Verdicts(liveness=standing[ProbeType.LIVENESS], startup=standing[ProbeType.STARTUP])

    def is_ready(self, name: str, container_id: str) -> bool:
        """Whether the readiness probe of that instance has succeeded; True without one."""
        probing = self._probings.get((name, ProbeType.READINESS))
        return probing is None or bool(probing.worker.healthy.get(container_id))

    def see(self, seen: tuple[Seen, ...], *, pod_ends: bool) -> dict[str, Health]:
        """Return the health of all containers, and let the probes know what is published."""
        health = {item.spec.name: self._find_health(item) for item in seen}
        self.sights = {
            item.spec.name: _find_sight(item, health[item.spec.name], pod_ends=pod_ends)
            for item in seen
        }
        return health

    def _find_health(self, item: Seen) -> Health:
        if item.spec.role is Role.INIT:
            return Health(ready=item.exit is not None and item.exit.code == 0)
        if not item.is_running or not is_started(item, self.verdicts().startup):
            return Health()
        if item.instance is None or self.is_ready(item.spec.name, item.instance.container_id):
            return Health(started=True, ready=True)
        # A first answer need not wait for the next tick.
        self._probings[item.spec.name, ProbeType.READINESS].trigger.ring()
        return Health(started=True)


def _find_sight(item: Seen, health: Health, *, pod_ends: bool) -> Sight:
    if item.instance is None:
        return NOWHERE
    return Sight(
        container_id=item.instance.container_id,
        # The status has whole seconds, and the probes reckon with what it says.
        running_since=float(int(item.instance.started)) if item.is_running else None,
        started=health.started,
        pod_ends=pod_ends,
        for_good=item.exit is not None and not must_start(item),
    )
