"""What instances do while they run: start up, fail their probes, and end."""

from functools import partial

from probewatch.core.causes import Cause
from probewatch.core.spec import ProbeType
from tests.simulation.boxes import Box, Instance
from tests.simulation.fates import End, own_causes
from tests.simulation.worker import K, Worker


class Living(Worker):
    """Runs instances as their fates say."""

    def live(self, box: Box, instance: Instance) -> None:
        """Schedule what the instance's fate says."""
        fate, now = instance.fate, self.clock.now
        self.become_started(box, instance)
        if fate.end is End.NEVER_STARTS:
            self._first_tick(box, instance, ProbeType.STARTUP)
        elif fate.end is End.HANG:
            instance.starts_ill = fate.after < 2
            tick = partial(self._first_tick, box, instance, ProbeType.LIVENESS)
            self.clock.after(fate.after, tick)
        elif fate.end is End.HOOK:
            self._fail_hook(box, instance)
        elif fate.end is not End.LIVES:
            self.clock.after(fate.after, lambda: self._exit(box, instance))
            self._fail_before_exit(box, instance)
        if not instance.starts_ill and box.container.liveness is not None:
            probe = box.container.liveness
            first = probe.initial_delay + self.random.uniform(0, probe.period)
            self.clock.after(first, lambda: self._succeed(box, instance))
        for _ in range(fate.failures):
            at = now + self.random.uniform(0, fate.after)
            self.clock.at(at, lambda: self._fail_once(box, instance))

    def _exit(self, box: Box, instance: Instance) -> None:
        if instance.alive and not instance.doomed:
            fate = instance.fate
            reason = fate.reason if fate.end is End.OOM else ""
            self.die(box, instance, fate.code, own_causes(fate, fate.code), reason=reason)

    def become_started(self, box: Box, instance: Instance) -> None:
        startup, readiness = box.container.startup, box.container.readiness
        if startup is None:
            instance.started = True
            instance.ready = readiness is None
        if instance.fate.end is End.NEVER_STARTS:
            return
        begin = startup.initial_delay + self.random.uniform(0, startup.period) if startup else 0.0

        def started() -> None:
            if self.down:
                self.clock.after(1.0, started)
            elif instance.alive and not instance.started:
                instance.started = True
                instance.ready = readiness is None
                self.wake()

        def ready() -> None:
            if self.down:
                self.clock.after(1.0, ready)
            elif instance.alive and instance.started:
                instance.ready = True
                self.statuses.make_ready(self.clock.now, box.name)

        self.clock.after(begin, started)
        if readiness is not None:
            self.clock.after(begin + readiness.initial_delay + readiness.period, ready)

    def _first_tick(self, box: Box, instance: Instance, kind: ProbeType) -> None:
        probe = box.container.probe(kind)
        if probe is None:
            return
        since = max(instance.started_at + probe.initial_delay, self.clock.now)
        self.clock.at(
            since + self.random.uniform(0, probe.period),
            lambda: self.fail(box, instance, kind, again=True),
        )

    def fail(self, box: Box, instance: Instance, kind: ProbeType, *, again: bool) -> None:
        """A run of a probe fails; at the failure threshold the kubelet decides to kill."""
        probe = box.container.probe(kind)
        if probe is None or not instance.alive or instance.doomed or box.instance is not instance:
            return
        gated = kind is ProbeType.LIVENESS and not instance.started
        if self.down or self.stopped or gated:
            self._tick_again(box, instance, kind, again=again)
            return
        if box.verdict is not None:
            return
        if self.clock.now < box.asked_at.get(kind, -probe.period) + probe.period - 0.001:
            self._tick_again(box, instance, kind, again=again)
            return
        box.asked_at[kind] = self.clock.now
        self.recorder.say(
            self.clock.now, K.PROBE_FAILED, box.name, kind, unique=self.random.random() < 0.3
        )
        box.runs[kind] = box.runs.get(kind, 0) + 1
        if kind is not ProbeType.READINESS and box.runs[kind] >= probe.failure_threshold:
            box.runs[kind] = 0
            box.verdict = kind
            self.wake(self.random.uniform(0.01, 0.5))
            return
        self._tick_again(box, instance, kind, again=again)

    def _tick_again(self, box: Box, instance: Instance, kind: ProbeType, *, again: bool) -> None:
        probe = box.container.probe(kind)
        if probe is not None and again:
            self.clock.after(probe.period, lambda: self.fail(box, instance, kind, again=True))

    def _succeed(self, box: Box, instance: Instance) -> None:
        if instance.alive and not self.down:
            box.runs[ProbeType.LIVENESS] = 0

    def _fail_once(self, box: Box, instance: Instance) -> None:
        kinds = [probe.probe_type for probe in box.container.probes]
        if not kinds or instance.doomed or not instance.alive:
            return
        kind = self.random.choice(kinds)
        probe = box.container.probe(kind)
        if kind is ProbeType.STARTUP or probe is None or probe.failure_threshold == 1:
            return
        if box.runs.get(kind, 0) == 0:
            self.fail(box, instance, kind, again=False)
            box.runs[kind] = 0

    def _fail_before_exit(self, box: Box, instance: Instance) -> None:
        """Let some processes fail their liveness probe before they exit."""
        probe = box.container.liveness
        if probe is None or self.random.random() > 0.3:
            return
        room = int((instance.fate.after - probe.initial_delay) / probe.period)
        for number in range(1, min(room, self.random.randrange(probe.failure_threshold)) + 1):
            before = instance.fate.after - number * probe.period + 0.5 * probe.period
            self.clock.after(
                max(0.0, before), lambda: self.fail(box, instance, ProbeType.LIVENESS, again=False)
            )

    def go_on_failing(self, box: Box, instance: Instance) -> None:
        never = instance.fate.end is End.NEVER_STARTS
        kind = ProbeType.STARTUP if never else ProbeType.LIVENESS
        self.clock.after(1.0, lambda: self.fail(box, instance, kind, again=True))

    def _fail_hook(self, box: Box, instance: Instance) -> None:
        """The postStart hook fails: the kubelet kills the container during its start."""
        taken = self.random.uniform(0.1, 5.0)
        self.busy_until = max(self.busy_until, self.clock.now + taken + 0.1)

        def failed() -> None:
            if not instance.alive or instance.doomed:
                return
            self.recorder.say(self.clock.now, K.POST_START_FAILED, box.name)
            self.recorder.say(self.clock.now, K.KILL_POST_START_HOOK, box.name)
            self.terminate(box, instance, frozenset({Cause.POST_START_HOOK}), self.grace(box, None))
            # The failure of the start is known before the next synchronization begins.
            self.clock.at(self.busy_until, lambda: self._show_failed_hook(box, instance))

        self.go_on(taken, failed)

    def _show_failed_hook(self, box: Box, instance: Instance) -> None:
        if box.instance is instance and not instance.alive:
            box.waiting = "PostStartHookError"
