"""All probes of one pod: their tasks, their current verdicts, and the health of containers."""

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

NO_INSTANCE = Sight(container_id="", running_since=None, started=False)

Key = tuple[str, ProbeType]
"""The container's name and the probe's type."""


class PodProbes:
    """Runs the probes of a pod: `see` gives them the published status, verdicts call *ring*."""

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
            sight = self.sights.get(record.spec.name, NO_INSTANCE)
            process = record.current.process if record.current else None
            return self._look_at_pod(), Target(sight=sight, address=self._address, process=process)

        return Probing(
            record.spec,
            spec,
            clock=self._services.clock,
            prober=self._services.prober,
            events=self._services.events,
            look=look,
            tell=self._on_verdict,
        )

    def _on_verdict(self, verdict: Verdict) -> None:
        del verdict  # its worker keeps it, and the next sync reads it there
        self._ring()

    # --- running ------------------------------------------------------------------

    def begin(self) -> None:
        """Start the tasks of all probes; each idles until there is something to probe."""
        for key, probing in self._probings.items():
            self._tasks[key] = begin(probing.run(), f"{key[1]} probe of {key[0]}")

    async def stop_killing(self) -> None:
        """Stop the liveness and startup probes of regular containers, before the pod is stopped.

        Those of sidecars, and all readiness probes, go on, as with a real kubelet.
        """
        stopped = [
            task
            for (name, type_), task in self._tasks.items()
            if type_ is not ProbeType.READINESS and self._records[name].spec.role is Role.REGULAR
        ]
        await cancel(*stopped)

    async def close(self) -> None:
        """Stop all probes."""
        await cancel(*self._tasks.values())

    def inherit(self, old: "PodProbes") -> None:
        """Take over the published status from before a restart, until a probe disproves it."""
        before = old.verdicts()
        self.sights = dict(old.sights)
        for (name, type_), probing in self._probings.items():
            sight = self.sights.get(name, NO_INSTANCE)
            if not sight.container_id:
                continue
            healthy = {
                ProbeType.LIVENESS: True,
                ProbeType.READINESS: old.is_ready(name, sight.container_id),
                ProbeType.STARTUP: before.startup.get(sight.container_id),
            }[type_]
            probing.worker.resume(sight.container_id, healthy=healthy)

    # --- verdicts and health ------------------------------------------------------

    def verdicts(self) -> Verdicts:
        """Return the current verdicts of liveness and startup probes."""
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
        """Return the health of all containers; give the probes the status that is published."""
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
        # Probe readiness at once, rather than at the next tick.
        self._probings[item.spec.name, ProbeType.READINESS].trigger.ring()
        return Health(started=True)


def _find_sight(item: Seen, health: Health, *, pod_ends: bool) -> Sight:
    if item.instance is None:
        return NO_INSTANCE
    return Sight(
        container_id=item.instance.container_id,
        # The status has whole seconds, and the kubelet computes initialDelaySeconds from it.
        running_since=float(int(item.instance.started)) if item.is_running else None,
        started=health.started,
        pod_ends=pod_ends,
        for_good=item.exit is not None and not must_start(item),
    )
