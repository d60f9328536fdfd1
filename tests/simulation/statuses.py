"""The status manager of a simulated kubelet: it writes only the latest status.

So a status that is replaced before it is written is never seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from probewatch.core.model import Condition, ContainerStatus, Pod, PodUid
from probewatch.core.spec import ContainerKind, PodSpec
from tests.simulation.clockwork import Clockwork


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A span of time in which something does not work."""

    begin: float
    end: float

    def contains(self, at: float) -> bool:
        return self.begin <= at < self.end


class StatusManager:
    """Writes the pod's status, late while the API server is slow (*slow*)."""

    def __init__(self, random: Random, clock: Clockwork, pod: Pod, slow: Sequence[Window]) -> None:
        self.versions: list[tuple[float, Pod]] = [(clock.now, pod)]
        self.restarting_all = False
        self.node_lost = False
        self._random, self._clock, self._slow = random, clock, slow
        self._statuses: tuple[ContainerStatus, ...] = ()
        self._pending = False
        self._sandbox = Condition(status=True, last_transition=float(int(clock.now)))
        self._ip = 1
        self._written_sandbox = self._sandbox
        self._ready = Condition(status=False, last_transition=float(int(clock.now)))

    @property
    def pod(self) -> Pod:
        """The newest version in the API server."""
        return self.versions[-1][1]

    def set(self, now: float, statuses: Sequence[ContainerStatus], spec: PodSpec) -> None:
        """Set a new status; it is written after the pending write."""
        if (
            tuple(statuses) == self._statuses
            and self._written_sandbox is self._sandbox
            and not self.node_lost
        ):
            return
        self._statuses = tuple(statuses)
        ready = all(
            status.ready
            for status, container in zip(statuses, spec.containers, strict=True)
            if container.kind is not ContainerKind.INIT
        )
        if ready is not self._ready.status:
            self._ready = Condition(status=ready, last_transition=float(int(now)))
        self._schedule(now)

    def make_ready(self, now: float, name: str) -> None:
        """Set a container ready, without renewing the rest of the status."""
        statuses = [
            replace(each, ready=True) if each.name == name and each.running_since else each
            for each in self._statuses
        ]
        if statuses:
            self.set(now, statuses, self.pod.spec)

    def new_sandbox(self, now: float) -> None:
        """Give the pod a new sandbox, and with it a new IP address."""
        self._sandbox = Condition(status=True, last_transition=float(int(now)))
        self._ip += 1

    def change_spec(self, now: float, spec: PodSpec) -> None:
        """Somebody else writes the spec; the status stays."""
        self._append(now, replace(self.pod, spec=spec))

    def mark_not_ready(self, now: float, offset: float) -> None:
        """The node controller sets Ready to False, with a time of its own clock."""
        lost = Condition(status=False, last_transition=float(int(now + offset)))
        self._append(now, replace(self.pod, conditions={**self.pod.conditions, "Ready": lost}))
        self.node_lost = True

    def _schedule(self, now: float) -> None:
        if self._pending:
            return
        self._pending = True
        at = now + self._random.uniform(0.01, 0.15)
        for window in self._slow:
            if window.contains(at):
                at = window.end
        self._clock.at(at, self._write)

    def _write(self) -> None:
        self._pending, self.node_lost = False, False
        self._written_sandbox = self._sandbox
        conditions = {
            "Ready": self._ready,
            "ContainersReady": self._ready,
            "PodReadyToStartContainers": self._sandbox,
        }
        if self.restarting_all:
            conditions["AllContainersRestarting"] = Condition(status=True)
        self._append(
            self._clock.now,
            replace(
                self.pod,
                statuses=self._statuses,
                conditions=conditions,
                pod_ip=f"10.0.0.{self._ip}",
                phase="Running",
            ),
        )

    def _append(self, now: float, pod: Pod) -> None:
        self.versions.append((now, replace(pod, resource_version=len(self.versions) + 1)))


def first_version(uid: PodUid, spec: PodSpec) -> Pod:
    """Return a pod that was just scheduled."""
    return Pod(
        uid=uid,
        evidence_uid=uid,
        namespace="shop",
        name="web",
        node="n1",
        resource_version=1,
        phase="Pending",
        spec=spec,
    )
