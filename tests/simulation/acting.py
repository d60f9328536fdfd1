"""What a simulated kubelet does in one synchronization of its pod: it kills, then starts."""

from collections import deque
from collections.abc import Callable
from functools import partial

from probewatch.core.causes import Cause
from probewatch.core.evidence import EvidenceKind
from probewatch.core.model import Termination
from probewatch.core.spec import ContainerKind, ProbeType, RestartPolicy
from tests.simulation.boxes import Box, Causes, Instance
from tests.simulation.fates import End, Fate, draw_fate
from tests.simulation.living import Living
from tests.simulation.worker import K

KILLS = {
    ProbeType.LIVENESS: (K.KILL_LIVENESS, Cause.LIVENESS_PROBE),
    ProbeType.STARTUP: (K.KILL_STARTUP, Cause.STARTUP_PROBE),
}
CHANGES = {Cause.SPEC_CHANGE: K.KILL_SPEC_CHANGE, Cause.RESIZE: K.KILL_RESIZE}


class Acting(Living):
    """Kills the containers that have to be killed, and starts those that are down."""

    def _kill_and_start(self) -> None:
        known = {box.name: box.exited_at() for box in self.boxes}
        down = [box for box in self.boxes if box.is_down and self.wants_start(box)]
        killed = [box for box in self.boxes if not box.is_down and (box.verdict or box.changed)]
        stays = any(not box.is_down and box not in killed for box in self.boxes)
        never = [box for box in killed if self.policy(box) is RestartPolicy.NEVER]
        steps: deque[Callable[[], None]] = deque()
        for box in killed:
            words = self._kill_words(box, whole=bool(never) and not stays)
            steps.append(partial(self._kill, box, words))
            if box not in never or box.changed:
                down.append(box)
        for box in sorted(down, key=self.boxes.index):
            if box.retry_at <= self.clock.now or box in killed:
                steps.append(partial(self.start_box, box, known[box.name]))
        if steps:
            self.run_steps(steps)

    def run_steps(self, steps: deque[Callable[[], None]]) -> None:
        """Run one step after the other; a step may take time."""
        if not steps:
            self.wake()
            return
        if self.clock.now < self.busy_until:
            self.go_on(self.busy_until - self.clock.now, lambda: self.run_steps(steps))
            return
        steps.popleft()()
        if steps:
            self.go_on(max(self.busy_until - self.clock.now, 0.01), lambda: self.run_steps(steps))
        else:
            self.wake()

    def wants_start(self, box: Box) -> bool:
        if box.instance is None:
            return not box.finished
        death = box.instance.death
        if box.finished or death is None:
            return False
        if box.container.kind is ContainerKind.INIT and death.exit_code == 0:
            box.finished = True
            return False
        if any(rule.matches(death.exit_code) for rule in box.container.restart_rules):
            return True
        policy = self.policy(box)
        wants = policy is RestartPolicy.ALWAYS or (
            policy is RestartPolicy.ON_FAILURE and death.exit_code != 0
        )
        box.finished = not wants
        return wants

    def _kill_words(
        self, box: Box, *, whole: bool
    ) -> tuple[EvidenceKind, Causes, ProbeType | None]:
        if box.changed:
            return CHANGES[box.changed], frozenset({box.changed}), None
        probe = box.verdict or ProbeType.LIVENESS
        kind, cause = KILLS[probe]
        return (K.KILL_STOP if whole else kind), frozenset({cause}), probe

    def _kill(self, box: Box, why: tuple[EvidenceKind, Causes, ProbeType | None]) -> None:
        kind, causes, probe_type = why
        instance = box.instance
        if instance is None or not instance.alive:
            if box.changed is None:  # the Event is written though it died meanwhile
                self.recorder.say(self.clock.now, kind, box.name)
            box.verdict = box.changed = None
            return
        self.recorder.say(self.clock.now, kind, box.name)
        grace = self.grace(box, probe_type)
        if self.random.random() < 0.003:
            self.clock.after(grace / 2, lambda: self._kill_again(box, instance, kind))
        self.terminate(box, instance, causes, grace)

    def _kill_again(self, box: Box, instance: Instance, kind: EvidenceKind) -> None:
        """The runtime did not answer: kill once more what is still alive."""
        if instance.alive:
            self.recorder.say(self.clock.now, kind, box.name)

    def start_box(self, box: Box, exited: float | None) -> None:
        if not box.is_down:
            return
        if box.is_in_backoff(exited, self.clock.now):
            box.waiting = "CrashLoopBackOff" if box.waiting != "PostStartHookError" else box.waiting
            self.recorder.say(self.clock.now, K.BACK_OFF, box.name)
            self._wait(box, (exited or 0.0) + box.delay)
            return
        box.back_off(exited, self.clock.now)
        pull = self.random.uniform(0.5, 6.0) if box.habit.pulls else self.random.uniform(0.05, 0.4)
        self.busy_until = self.clock.now + pull
        self.go_on(pull, lambda: self._begin(box))

    def _wait(self, box: Box, until: float) -> None:
        """Show the container as waiting, and synchronize again after the back-off."""
        self.clock.after(self.random.uniform(0.5, 2.0), self.show_if_up)
        if box.retry_at <= self.clock.now:
            box.retry_at = max(until, self.clock.now + 1.0) + self.random.uniform(0.1, 10.0)
            self.clock.at(box.retry_at, self.sync)

    def _begin(self, box: Box) -> None:
        old = box.instance
        if old is not None:
            box.last = old.death
            box.count += 1
            self.truth[box.name, box.count] = self._put_down(box, old)
        box.serial += 1
        box.waiting, box.image = "", self._image_of(box)
        fate = draw_fate(self.random, box.habit)
        if box.container.kind is ContainerKind.INIT:
            fate = Fate(end=End.EXIT, after=3.0, code=0)
        now = float(int(self.clock.now))
        instance = Instance(id=f"{box.name}-{box.serial}", started_at=now, fate=fate)
        box.instance = instance
        self.recorder.say(self.clock.now, K.PULLED, box.name, unique=box.habit.pulls)
        self.recorder.say(self.clock.now, K.CREATED, box.name)
        if fate.end is End.BAD_START:
            self._fail_to_start(box, instance)
            return
        self.recorder.say(self.clock.now, K.STARTED, box.name)
        self.live(box, instance)
        self.wake()

    def _image_of(self, box: Box) -> str:
        spec = self.spec.container(box.name)
        return spec.image if spec else ""

    def _put_down(self, box: Box, old: Instance) -> Causes:
        """Return the causes that are right for the restart after this death."""
        death = old.death
        own = old.causes & {Cause.ERROR, Cause.COMPLETED, Cause.SIGNAL}
        if death is None or not own:
            return old.causes
        rules = [r for r in box.container.restart_rules if r.matches(death.exit_code)]
        policy = self.policy(box)
        anyway = policy is RestartPolicy.ALWAYS or (
            policy is RestartPolicy.ON_FAILURE and death.exit_code != 0
        )
        if any(rule.action != "Restart" or not anyway for rule in rules):
            return frozenset({Cause.RESTART_RULE}) | (old.causes & {Cause.OOM_KILLED})
        return old.causes

    def _fail_to_start(self, box: Box, instance: Instance) -> None:
        self.recorder.say(self.clock.now, K.START_FAILED, box.name)
        instance.death = Termination(
            exit_code=128,
            reason="StartError",
            finished_at=float(int(self.clock.now)),
            container_id=instance.id,
        )
        instance.causes = frozenset({Cause.START_ERROR})
        box.waiting = "RunContainerError"
        self.wake()
