"""One random pod under the playground's kubelet: its life, and why its containers restarted."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from math import inf
from random import Random

import msgspec

from probewatch.clock import Clock
from probewatch.core.causes import Cause
from probewatch.core.evidence import Evidence
from probewatch.core.model import Pod
from probewatch.kube import event_objects, objects, testimony
from probewatch.kube.pods.snapshot import parse_pod
from probewatch.playground.images import Image
from probewatch.playground.kubelet.containers import Process
from probewatch.playground.kubelet.event_filter import Delivery, EventFilter, Note
from probewatch.playground.kubelet.events import KubeletEvents
from probewatch.playground.kubelet.node import Kubelet
from probewatch.playground.kubelet.probes import Exec, Outcome, ProbeSpec, Result
from probewatch.playground.kubelet.services import MakeStatus, Services
from probewatch.playground.kubelet.specs import PodSpec
from probewatch.playground.processes.runtime import Launch, StartError
from tests.random_pods.fates import Causes
from tests.random_pods.manifests import (
    IMAGE,
    NAME_VARIABLE,
    JsonObject,
    draw_habits,
    draw_pod,
)
from tests.random_pods.process import GET, REFUSED, FatedProcess, fail
from tests.support import virtual_time

START = 1_800_000_000.0
KILLS = {
    "failed liveness probe": Cause.LIVENESS_PROBE,
    "failed startup probe": Cause.STARTUP_PROBE,
    "definition changed": Cause.SPEC_CHANGE,
    "FailedPostStartHook": Cause.POST_START_HOOK,
}
"""Why the kubelet kills a container, by words of its `Killing` Event."""

_PODS = msgspec.json.Decoder(objects.Pod)


class KillNotes(EventFilter):
    """The kubelet's filter of Events; reports each `Killing` before the filter may drop it."""

    def __init__(self, report: Callable[[str, Cause], None]) -> None:
        super().__init__()
        self._report = report

    def admit(self, note: Note, now: float) -> Delivery | None:
        if note.reason == "Killing":
            container = note.subject.field_path.partition("{")[2].rstrip("}")
            for words, cause in KILLS.items():
                if words in note.message:
                    self._report(container, cause)
        return super().admit(note, now)


@dataclass(frozen=True, slots=True)
class FailedStart:
    """An instance that the runtime could not start."""

    born: float


class World:
    """A node with one pod: runs it, and keeps all that is written about it."""

    def __init__(self, seed: int) -> None:
        self._random = random = Random(seed)
        self.seconds = random.choice((600.0, 600.0, 900.0, 900.0, 1200.0, 2400.0))
        self.versions: list[tuple[float, Pod]] = []
        """The versions of the pod, with the time at which they were written."""
        self.events: list[tuple[float, Evidence]] = []
        """The versions of the kubelet's Events, likewise."""
        self.failures: list[JsonObject] = []
        """What went wrong in the playground."""
        self._instances: dict[str, list[FatedProcess | FailedStart]] = {}
        self._reboots: list[float] = []
        self._revision = 0
        self._pod = draw_pod(random)
        self._habits = draw_habits(random, self._pod)
        begin = START + random.random()
        self._clock = Clock(
            now=lambda: begin + asyncio.get_running_loop().time(),
            monotonic=lambda: asyncio.get_running_loop().time(),
            sleep=asyncio.sleep,
        )

    # --- playing ------------------------------------------------------------------

    def play(self) -> None:
        """Run the pod to its end."""
        virtual_time.run(self._play(), grace=0.0)

    async def _play(self) -> None:
        loop, random = asyncio.get_running_loop(), self._random
        loop.set_exception_handler(lambda _, context: self.failures.append(context))
        self._write()
        kubelet = Kubelet(self._services(), make_events=self._make_events)
        kubelet.see(self._pod)
        blows = (self._restart, self._restart, self._reboot, self._change_image, self._change_image)
        number = random.choice((0, 0, 1, 2, 3))
        for at in sorted(random.uniform(5, self.seconds) for _ in range(number)):
            await asyncio.sleep(max(0.0, at - loop.time()))
            await random.choice(blows)(kubelet)
        await asyncio.sleep(max(0.0, self.seconds - loop.time()))
        await kubelet.close()

    async def _restart(self, kubelet: Kubelet) -> None:
        random = self._random
        down = random.choice((1.1, 3.0, 15.0))
        await kubelet.restart(down=down, keeps_readiness=random.random() < 0.7)

    async def _reboot(self, kubelet: Kubelet) -> None:
        await kubelet.reboot(down=self._random.choice((10.0, 40.0, 120.0)))
        self._reboots.append(self._clock.now())

    async def _change_image(self, kubelet: Kubelet) -> None:
        spec, metadata = self._pod["spec"], self._pod["metadata"]
        generation = metadata["generation"] + 1
        changed = self._random.randrange(len(spec["containers"]))
        containers = [
            each | ({"image": f"{IMAGE}:{generation}"} if place == changed else {})
            for place, each in enumerate(spec["containers"])
        ]
        self._pod |= {
            "spec": spec | {"containers": containers},
            "metadata": metadata | {"generation": generation},
        }
        self._write()
        kubelet.see(self._pod)

    # --- the services of the kubelet ----------------------------------------------

    def _services(self) -> Services:
        return Services(
            clock=self._clock,
            runtime=self,
            prober=self,
            events=self._make_events(),
            pods=self,
            images={IMAGE: Image()},
            node="node1",
            node_ip="10.0.0.1",
        )

    def _make_events(self) -> KubeletEvents:
        return KubeletEvents(self, self._clock, node="node1", sieve=KillNotes(self._note_kill))

    def _note_kill(self, container: str, cause: Cause) -> None:
        process = self._instances[container][-1]
        if isinstance(process, FatedProcess) and process.ended is None:
            process.killed_for = process.killed_for or cause

    async def start(self, launch: Launch) -> FatedProcess:
        name = launch.env[NAME_VARIABLE]
        fate = self._habits[name].draw(self._random)
        await self._clock.sleep(self._random.choice((0.05, 0.1, 0.3, 1.2)))
        instances = self._instances.setdefault(name, [])
        if fate.cannot_start:
            instances.append(FailedStart(self._clock.now()))
            raise StartError('exec: "/app": no such file or directory: unknown')
        process = FatedProcess(fate, self._clock, launch.on_exit)
        instances.append(process)
        return process

    async def probe(self, spec: ProbeSpec, *, address: str, process: Process | None) -> Outcome:
        del address
        if isinstance(process, FatedProcess):
            return await process.probe(spec)
        if isinstance(spec.action, Exec):
            return Outcome(result=Result.ERROR, output="rpc error: no container")
        return fail(GET + REFUSED)

    def keep(self, event: JsonObject) -> None:
        evidence = testimony.parse_evidence(event_objects.read_event(json.dumps(event).encode()))
        if evidence is not None:
            self.events.append((self._clock.now(), evidence))

    def write_status(self, pod: PodSpec, make: MakeStatus) -> None:
        del pod
        old = self._pod.get("status") or {}
        new = make(old)
        if new != old:
            self._pod |= {"status": new}
            self._write()

    def remove(self, pod: PodSpec) -> None:
        raise AssertionError(pod)

    def _write(self) -> None:
        self._revision += 1
        metadata = self._pod["metadata"] | {"resourceVersion": str(self._revision)}
        self._pod |= {"metadata": metadata}
        pod = parse_pod(_PODS.decode(json.dumps(self._pod).encode()))
        self.versions.append((self._clock.now(), pod))

    # --- the truth ----------------------------------------------------------------

    def truth(self) -> dict[tuple[str, int], Causes]:
        """Return the right causes of each restart, by container and restart count."""
        return {
            (name, count): self._causes(name, before, after)
            for name, instances in self._instances.items()
            for count, (before, after) in enumerate(pairwise(instances), start=1)
        }

    def _causes(
        self, name: str, before: FatedProcess | FailedStart, after: FatedProcess | FailedStart
    ) -> Causes:
        if isinstance(before, FailedStart):
            return frozenset({Cause.START_ERROR})
        finished = before.ended.finished if before.ended else inf
        if not any(finished <= reboot + 0.01 <= after.born + 0.02 for reboot in self._reboots):
            return before.causes
        # What had ended by itself before the reboot is started again after it.
        is_done = self._habits[name].is_init and before.ended and before.ended.code == 0
        return frozenset({Cause.NODE_REBOOT}) | (frozenset() if is_done else before.causes)
