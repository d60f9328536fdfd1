"""The kubelet of the playground's one node: the pods that it runs, its restart and its reboot."""

import asyncio
import secrets
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace

from probewatch.playground.json_object import JsonObject
from probewatch.playground.kubelet.backoff import Backoff
from probewatch.playground.kubelet.bell import begin, cancel
from probewatch.playground.kubelet.containers import PodMemory, Record
from probewatch.playground.kubelet.env import find_unsupported
from probewatch.playground.kubelet.events import KubeletEvents
from probewatch.playground.kubelet.pod import PodWorker, begin_memory
from probewatch.playground.kubelet.pod_status import TERMINAL_PHASES, find_qos_class
from probewatch.playground.kubelet.services import Services
from probewatch.playground.kubelet.specs import PodSpec, parse_pod_spec

REFUSED = "UnexpectedAdmissionError"


def make_addresses() -> Iterator[str]:
    """Yield addresses for pods from this machine's loopback network.

    Each playground uses a random part of it, so that several can run side by side. Each pod
    has an address of its own, so that many can listen on the same port.
    """
    part = f"127.{16 + secrets.randbelow(224)}.{secrets.randbelow(256)}"
    while True:
        yield from (f"{part}.{number}" for number in range(1, 255))


class Kubelet:
    """Runs the pods of a node: `see` is called for each version of a pod, `lose` at its end."""

    def __init__(self, services: Services, *, make_events: Callable[[], KubeletEvents]) -> None:
        self._services = services
        self._make_events = make_events
        self._addresses = make_addresses()
        self._address_of: dict[str, str] = {}
        self._workers: dict[str, PodWorker] = {}
        self._running: dict[str, asyncio.Task[None]] = {}

    # --- pods ---------------------------------------------------------------------

    def see(self, pod: JsonObject) -> None:
        """Take in a new or changed pod of this node."""
        spec = parse_pod_spec(pod)
        worker = self._workers.get(spec.uid)
        if worker is not None:
            worker.update(spec)
        elif (pod.get("status") or {}).get("phase") not in TERMINAL_PHASES:
            unsupported = find_unsupported(pod)
            if unsupported:
                self._refuse(spec, "; ".join(unsupported))
                return
            qos_class = find_qos_class(pod["spec"])
            memory = begin_memory(spec, self._services, qos_class=qos_class)
            self._run_soon(self._begin(spec, memory))
        elif spec.is_deleted:
            self._services.pods.remove(spec)

    def _refuse(self, pod: PodSpec, why: str) -> None:
        """Reject a pod: it is `Failed`, and its status and an Event say why."""
        failed = {"phase": "Failed", "reason": REFUSED, "message": f"Pod was rejected: {why}"}
        self._services.events.warn_pod(pod, REFUSED, why)
        self._services.pods.write_status(pod, lambda old: {**old, **failed})

    def lose(self, uid: str) -> None:
        """Stop what is left of a pod whose object is gone."""
        worker = self._workers.get(uid)
        if worker is None:
            return
        if not worker.pod.is_deleted:
            # Deleted by force: there is no grace period.
            worker.update(replace(worker.pod, deletion_grace=0))

    def _begin(self, pod: PodSpec, memory: PodMemory) -> PodWorker:
        if pod.host_network:
            address = self._services.node_ip
        else:
            address = self._address_of.get(pod.uid) or next(self._addresses)
        self._address_of[pod.uid] = address
        uid = pod.uid
        worker = PodWorker(
            pod, memory, self._services, address=address, on_exit=lambda: self._note_exit(uid)
        )
        self._workers[uid] = worker
        return worker

    def _run_soon(self, worker: PodWorker) -> None:
        self._running[worker.pod.uid] = begin(self._run(worker), f"pod {worker.pod.full_name}")

    async def _run(self, worker: PodWorker) -> None:
        await worker.run()
        uid = worker.pod.uid
        self._services.crash_backoff.forget(f"{uid}/")
        self._services.pull_backoff.forget(f"{uid}/")
        for kept in (self._workers, self._running, self._address_of):
            kept.pop(uid, None)

    def _note_exit(self, uid: str) -> None:
        worker = self._workers.get(uid)
        if worker is not None:
            worker.note_exit()

    # --- the kubelet itself -------------------------------------------------------

    async def restart(self, *, down: float = 0.0, keeps_readiness: bool = True) -> None:
        """Act as after a restart of the kubelet: containers go on, its memory is lost.

        Event counts, back-off, rate limits of Events and the failures that probes have counted
        start anew. Readiness is kept until a probe disproves it, as since Kubernetes 1.35; an
        older kubelet does not keep it. For *down* seconds there is no kubelet.
        """
        before = await self._forget(down)
        for old in before:
            worker = self._begin(old.pod, old.memory)
            if keeps_readiness:
                worker.probes.inherit(old.probes)
            self._run_soon(worker)

    async def reboot(self, *, down: float = 0.0) -> None:
        """Act as after a reboot of the node: all containers are lost, and pods start anew.

        Each pod gets a new sandbox with a new address, and its init containers run again. For
        *down* seconds before that there is no kubelet, and the containers go on.
        """
        workers = await self._forget(down)
        records = [record for old in workers for record in old.memory.records.values()]
        processes = [record.current.process for record in records if record.current]
        await asyncio.gather(*(process.lose() for process in processes if process))
        self._address_of.clear()
        for old in workers:
            if not old.memory.is_over:
                old.memory.has_sandbox = False
                old.memory.sandbox += 1
            self._run_soon(self._begin(old.pod, old.memory))
        message = f"Node {self._services.node} has been rebooted, boot id: {uuid.uuid4()}"
        self._services.events.warn_node("Rebooted", message)

    async def _forget(self, down: float) -> list[PodWorker]:
        """Stop all workers and reset what is kept in memory only; return the stopped workers."""
        before = list(self._workers.values())
        await cancel(*self._running.values())
        if down:
            await self._services.clock.sleep(down)
        self._services = replace(
            self._services,
            events=self._make_events(),
            crash_backoff=Backoff(),
            pull_backoff=Backoff(),
        )
        return before

    async def close(self) -> None:
        """Stop managing pods; ending their processes is up to the runtime."""
        await cancel(*self._running.values())

    def find_record(self, uid: str, container: str) -> Record | None:
        """Return the record of a container of a pod, None if there is none."""
        worker = self._workers.get(uid)
        return worker.memory.records.get(container) if worker else None
