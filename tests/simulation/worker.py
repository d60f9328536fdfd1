"""The pod worker of a simulated kubelet: it notices, writes, waits and kills."""

from collections.abc import Callable
from random import Random

from probewatch.core.evidence import EvidenceKind
from probewatch.core.model import Termination
from probewatch.core.spec import Container, PodSpec, ProbeType, RestartPolicy
from tests.simulation.boxes import Box, Causes, Instance
from tests.simulation.clockwork import Clockwork
from tests.simulation.fates import draw_habit
from tests.simulation.statuses import StatusManager
from tests.simulation.words import EventRecorder

K = EvidenceKind
KILLED = 137


class Worker:
    """Holds the pod's containers; *truth* collects the right causes of each restart."""

    def __init__(
        self,
        random: Random,
        clock: Clockwork,
        spec: PodSpec,
        recorder: EventRecorder,
        statuses: StatusManager,
    ) -> None:
        self.random, self.clock, self.spec = random, clock, spec
        self.recorder, self.statuses = recorder, statuses
        self.boxes = [
            Box(container=each, habit=draw_habit(random, each), image=each.image)
            for each in spec.containers
        ]
        self.truth: dict[tuple[str, int], Causes] = {}
        self.down = False
        self.stopped = False
        self.sandbox_lost = False
        self.process = 0
        self.busy_until = 0.0
        self.queued = False

    def wake(self, after: float | None = None) -> None:
        """Synchronize soon, because something happened."""
        self.clock.after(self.random.uniform(0.2, 1.2) if after is None else after, self.sync)

    def sync(self) -> None:
        """Write the status, then kill and start."""
        raise NotImplementedError

    def go_on_failing(self, box: Box, instance: Instance) -> None:
        """Let the probe of an instance fail again, with no failures counted so far."""
        raise NotImplementedError

    def show(self) -> None:
        """Pass the status to the status manager."""
        self.statuses.set(self.clock.now, [box.status() for box in self.boxes], self.spec)

    def show_if_up(self) -> None:
        """Write the status unless the kubelet is down or busy."""
        if not self.down and self.clock.now >= self.busy_until:
            self.show()

    def go_on(self, after: float, action: Callable[[], None]) -> None:
        """Continue the synchronization later, unless the kubelet exits meanwhile."""
        process = self.process
        self.busy_until = max(self.busy_until, self.clock.now + after)

        def go_on() -> None:
            if self.down and self.process == process:
                # The process was stopped, not ended: it continues this before it synchronizes
                # again.
                self.busy_until = max(self.busy_until, self.clock.now + 1.0)
                self.clock.after(1.0, go_on)
            elif self.process == process and not self.stopped:
                action()

        self.clock.after(after, go_on)

    def policy(self, box: Box) -> RestartPolicy:
        return box.container.restart_policy or self.spec.restart_policy

    def grace(self, box: Box, probe_type: ProbeType | None) -> float:
        probe = box.container.probe(probe_type) if probe_type else None
        own = probe.grace if probe else None
        return max(self.spec.grace if own is None else own, 2.0)

    def terminate(self, box: Box, instance: Instance, causes: Causes, grace: float) -> None:
        """Send SIGTERM, and SIGKILL after the grace period; the worker is busy until the end."""
        instance.doomed = True
        box.verdict = box.changed = None
        obeys = instance.fate.obeys
        stops = obeys is not None and obeys < grace
        taken = obeys if stops and obeys is not None else grace
        code = instance.fate.stop_code if stops else KILLED
        process = self.process

        def end() -> None:
            # A kubelet that has exited cannot send SIGKILL.
            if not stops and self.process != process:
                instance.doomed = False
                self.go_on_failing(box, instance)
                return
            self.die(box, instance, code, causes)

        self.clock.after(taken, end)
        over = self.clock.now + taken + self.random.uniform(0.02, 0.4)
        self.busy_until = max(self.busy_until, over)

    def container_of(self, box: Box) -> Container:
        """The container in the current spec."""
        return self.spec.container(box.name) or box.container

    def die(
        self, box: Box, instance: Instance, code: int, causes: Causes, *, reason: str = ""
    ) -> None:
        """End the instance."""
        if not instance.alive:
            return
        plain = "Completed" if code == 0 else "Error"
        reason = reason or ("OOMKilled" if instance.fate.stale_oom else plain)
        instance.death = Termination(
            exit_code=code,
            reason=reason,
            started_at=instance.started_at,
            finished_at=float(int(self.clock.now)),
            container_id=instance.id,
        )
        instance.causes = causes
        box.waiting = ""
        self.wake()
