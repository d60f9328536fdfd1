"""A simulated kubelet with one pod: synchronizations, kills and starts.

The order is that of a real one: a synchronization writes the pod's status first and acts
afterwards, on what it knew at its beginning; the pod worker is busy while it kills; what the
runtime did is noticed a little later.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from probewatch.core.causes import Cause
from probewatch.core.model import Termination
from probewatch.core.spec import ContainerKind
from tests.simulation.acting import Acting
from tests.simulation.boxes import Box
from tests.simulation.worker import KILLED, K

LOST = 255


class Kubelet(Acting):
    """Runs one pod through everything that happens to it."""

    def sync(self) -> None:
        """Write the status, then kill and start."""
        if self.down or self.stopped:
            return
        if self.clock.now < self.busy_until:
            if not self.queued:
                self.queued = True
                self.clock.at(self.busy_until, self._dequeue)
            return
        self.show()
        if self.sandbox_lost:
            self._renew_sandbox()
        elif source := self._find_source():
            self._restart_all(source)
        else:
            self._kill_and_start()

    def _dequeue(self) -> None:
        self.queued = False
        self.sync()

    def end_process(self) -> None:
        """The kubelet exits: what it was doing stays unfinished, and its counts are lost."""
        self.down = True
        self.process += 1
        self.recorder.restart()
        self.busy_until = 0.0
        for box in self.boxes:
            instance = box.instance
            if box.verdict and instance is not None and instance.alive and not instance.doomed:
                self.go_on_failing(box, instance)
            box.verdict = None
            box.runs.clear()

    def forget(self) -> None:
        """Start over with startup and readiness, as kubelets up to 1.34 do at their start."""
        for box in self.boxes:
            instance = box.instance
            if instance is not None and instance.alive:
                instance.ready = False
                instance.started = instance.started and box.container.startup is None
                self.become_started(box, instance)

    def _renew_sandbox(self) -> None:
        self.sandbox_lost = False
        self.recorder.say(self.clock.now, K.SANDBOX_CHANGED)
        alive = [box for box in self.boxes if not box.is_down]
        for box in alive:
            instance = box.instance
            if instance is not None and not instance.doomed:
                self.recorder.say(self.clock.now, K.KILL_STOP, box.name)
                self.terminate(
                    box, instance, frozenset({Cause.SANDBOX_RECREATED}), self.grace(box, None)
                )
        until = max(self.busy_until - self.clock.now, 0.1)
        self.go_on(until + self.random.uniform(0.5, 5.0), self._start_in_new_sandbox)

    def _start_in_new_sandbox(self) -> None:
        self.statuses.new_sandbox(self.clock.now)
        steps: deque[Callable[[], None]] = deque()
        for box in self.boxes:
            if box.container.kind is ContainerKind.INIT and box.instance and box.instance.death:
                box.finished = False
                box.instance.causes = frozenset({Cause.SANDBOX_RECREATED, Cause.NODE_REBOOT})
            elif not self.wants_start(box):
                continue
            steps.append(partial(self.start_box, box, box.exited_at()))
        self.run_steps(steps)

    def _find_source(self) -> Box | None:
        for box in self.boxes:
            death = box.instance.death if box.instance else None
            rules = box.container.restart_rules
            hit = death and any(
                rule.action != "Restart" and rule.matches(death.exit_code) for rule in rules
            )
            if hit and not box.finished and not box.waiting:
                return box
        return None

    def _restart_all(self, source: Box) -> None:
        self.statuses.restarting_all = True
        self.show()
        for box in self.boxes:
            instance = box.instance
            if box is source or instance is None:
                continue
            if instance.alive:
                self.recorder.say(self.clock.now, K.KILL_RESTART_ALL, box.name)
                instance.doomed = True
                instance.death = Termination(exit_code=KILLED, reason="RestartingAllContainers")
            instance.causes |= {Cause.RESTART_RULE}
            box.finished, box.verdict = False, None
        self.go_on(self.random.uniform(2.0, 4.0), self._start_all)

    def _start_all(self) -> None:
        steps: deque[Callable[[], None]] = deque(
            partial(self.start_box, box, None) for box in self.boxes
        )
        steps.append(self._all_restarted)
        self.run_steps(steps)

    def _all_restarted(self) -> None:
        self.statuses.restarting_all = False

    def lose_all(self) -> None:
        """Every process of the pod ends with the node."""
        for box in self.boxes:
            instance = box.instance
            if instance is not None and instance.alive:
                instance.doomed = True
                self.die(box, instance, LOST, frozenset({Cause.NODE_REBOOT}), reason="Unknown")
        self.sandbox_lost = True

    def change(self, cause: Cause) -> None:
        """The image or the resources of a container are changed in the spec."""
        box = self.random.choice(self.boxes)
        if box.container.kind is ContainerKind.INIT or box.is_down:
            return
        old, new = self.container_of(box), f"v{self.clock.now:.0f}"
        image = cause is Cause.SPEC_CHANGE
        changed = replace(old, image=new) if image else replace(old, resources=new)
        containers = tuple(
            changed if each.name == box.name else each for each in self.spec.containers
        )
        self.spec = replace(self.spec, containers=containers)
        self.statuses.change_spec(self.clock.now, self.spec)
        box.changed = cause
        self.wake(0.3)
