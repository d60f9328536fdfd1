"""Facts: everything that a rule may look at, with the conclusions that several rules share."""

from dataclasses import dataclass

from probewatch.core.book import Book, Mark
from probewatch.core.causes import Cause
from probewatch.core.counters import Reading
from probewatch.core.evidence import EvidenceKind, FailureReason
from probewatch.core.exits import NOT_SEEN, Exit, exit_of, is_of_windows
from probewatch.core.model import Termination
from probewatch.core.past import HABIT, OPEN, SURE, Past, showed_windows
from probewatch.core.restart_policy import policy_of, restarts_anyway, starts_again
from probewatch.core.restarts import LOST_TASK, CountedRestart, Path
from probewatch.core.spec import (
    MINIMUM_GRACE_SECONDS,
    ContainerKind,
    PodSpec,
    Probe,
    ProbeType,
    RestartPolicy,
    RestartRule,
)
from probewatch.core.values import quickly_made

AT_ONCE = 5.0
"""Seconds from an end to the next start within which there was no back-off."""
CLOCK_SLACK = 1.0
"""Node times have a resolution of one second."""
KILL_AFTER_DEATH = 2.0
"""Seconds by which the time of a `Killing` Event may be after the death that it caused."""


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One restart, the kubelet's Events, and the container's earlier restarts."""

    restart: CountedRestart
    spec: PodSpec
    book: Book
    pod_book: Book
    past: tuple[Past, ...] = ()
    used: frozenset[tuple[str, int]] = frozenset()
    """`Killing` Events (series, count) that already explain earlier restarts."""
    readings: tuple[Reading, ...] = ()
    """Readings of the kubelet's own probe counters, if they were read."""

    @property
    def death(self) -> Termination | None:
        """The termination of the instance, if it was seen."""
        return self.restart.termination

    @property
    def exit(self) -> Exit:
        """How the instance ended, as far as that was seen.

        A pod need not declare that it runs on Windows. Then an exit code may show it, be it that of
        an earlier restart.
        """
        death = self.restart.termination
        if death is None:
            return NOT_SEEN
        windows = self.spec.windows or showed_windows(self.past)
        windows = windows or is_of_windows(death.exit_code)
        stop = self.restart.container.stop_signal
        return exit_of(death.exit_code, death.reason, windows, stop)

    @property
    def exit_code(self) -> int | None:
        """The exit code; None if it is not known, or the end was not seen."""
        return self.exit.code

    @property
    def born(self) -> float | None:
        """When the instance was started, if that is known."""
        death = self.restart.termination
        return None if death is None else death.started_at

    @property
    def previous(self) -> Past | None:
        """The restart just before this one, if it is kept."""
        number = self.restart.restart_count - 1
        return next((past for past in reversed(self.past) if past.restart_count == number), None)

    @property
    def lifetime(self) -> float | None:
        """Seconds from start to end of the instance, if both are known."""
        death = self.restart.termination
        return None if death is None else death.lifetime

    def grace(self, probe: Probe | None = None) -> float:
        """The grace period of a kill by *probe*, or of any other kill, in seconds."""
        return max(self.spec.grace_of(probe), MINIMUM_GRACE_SECONDS)

    def longest_grace(self) -> float:
        """The longest grace period that can have applied, in seconds."""
        own = (probe.grace for probe in self.restart.container.probes if probe.grace is not None)
        return max((self.grace(), *own))

    def failures(self, probe_type: ProbeType) -> int:
        """How many failures in a row of this probe the kubelet reported before the death.

        Only failures that no success can have interrupted: so close to each other that every run
        between them failed, and the last one shortly before the end.
        """
        probe = self.restart.container.probe(probe_type)
        marks = self.last_failures(probe)
        if probe is None or not marks:
            return 0
        slack = CLOCK_SLACK if probe.period > CLOCK_SLACK else 0.0
        begin = marks[-1].at - (probe.failure_threshold - 1) * probe.period - slack
        return sum(mark.surely_since(begin) for mark in marks if mark.at >= begin)

    def last_failure(self, probe_type: ProbeType) -> FailureReason | None:
        """How this probe failed last, shortly before the death, if the kubelet reported it."""
        marks = self.last_failures(self.restart.container.probe(probe_type))
        return marks[-1].failure if marks else None

    def last_failures(self, probe: Probe | None) -> list[Mark]:
        """The reported failures of this instance; none if it ended long after the last one."""
        died = self.restart.died_at
        if probe is None or died is None:
            return []
        marks = self.failure_marks(probe, died)
        within = self.grace(probe) + probe.interval + probe.timeout + 5.0
        return marks if marks and marks[-1].at >= died - within else []

    def failure_marks(self, probe: Probe, died: float) -> list[Mark]:
        """The reported failures of this probe in the life of this instance, by time."""
        born, after = self.born or None, self.restart.next_start
        marks = (
            mark
            for mark in self.book.failures
            if mark.probe_type == probe.probe_type
            and mark.kind is EvidenceKind.PROBE_FAILED
            and mark.at <= died + KILL_AFTER_DEATH
            and (born is None or mark.at >= born)
            and (after is None or mark.at < after or int(mark.at) <= int(died))
        )
        return sorted(marks, key=lambda mark: mark.at)

    def threshold_reached(self, probe_type: ProbeType) -> bool:
        """Whether enough failures in a row were reported that the kubelet must have acted."""
        probe = self.restart.container.probe(probe_type)
        if probe is None or not self._is_run(probe_type):
            return False
        return self.failures(probe_type) >= probe.failure_threshold

    def _is_run(self, probe_type: ProbeType) -> bool:
        """Whether the kubelet ran this probe: first only the startup probe, then the others."""
        started = self.restart.was_started
        if self.restart.container.startup is None or started is None:
            return True
        return started is not (probe_type is ProbeType.STARTUP)

    def habit(self, *, sure: bool = False) -> Cause | None:
        """The cause of the earlier restarts with the same exit code and lifetime, if they agree.

        At least one of them must be sure. Unless *sure* is set, `HABIT` unsure ones suffice too.
        """
        alike = [past for past in self.with_its_exit() if self._is_like(past)]
        is_sure = any(past.confidence in SURE for past in alike)
        causes = {past.cause for past in alike}
        if len(causes) != 1 or not (is_sure or (len(alike) >= HABIT and not sure)):
            return None
        return causes.pop()

    def with_its_exit(self) -> list[Past]:
        """The earlier restarts with its exit code, if that is known."""
        code = self.exit_code
        return [] if code is None else [past for past in self.past if past.exit_code == code]

    def _is_like(self, past: Past) -> bool:
        if past.cause in OPEN or past.lifetime is None or self.lifetime is None:
            return False
        period = max((probe.interval for probe in self.restart.container.probes), default=10.0)
        return abs(past.lifetime - self.lifetime) <= period + 5.0

    @property
    def signal(self) -> int:
        """The signal that an exit code above 128 stands for, else 0."""
        return self.exit.signal

    @property
    def out_of_memory(self) -> bool:
        """Whether the runtime reports OOMKilled, and the exit code does not contradict it."""
        return self.exit.out_of_memory

    @property
    def is_lost_task(self) -> bool:
        """Whether containerd lost its task; a real exit with 255 has another reason."""
        end = self.exit
        return (end.said, end.reason) == LOST_TASK

    @property
    def looks_killed(self) -> bool:
        """Whether a kill by the kubelet can leave this exit code: see `Exit.looks_killed`."""
        return self.death is not None and self.exit.looks_killed

    @property
    def in_place(self) -> bool:
        """Whether the kubelet ended and replaced the container in one sync."""
        return self.restart.path is Path.IN_PLACE

    @property
    def died_by_itself(self) -> bool:
        """Whether it was shown as terminated before the kubelet acted."""
        return self.restart.path is Path.TERMINATED_SEEN

    @property
    def was_shown_dead(self) -> bool:
        """Whether it was shown as terminated, which a killed and replaced container is not."""
        return self.died_by_itself and self.order_tells

    @property
    def order_tells(self) -> bool:
        """Whether being shown as terminated rules out a probe kill.

        It does if the kubelet would have replaced a killed one, or shown it as waiting: not with
        policy `Never`, nor for a sidecar that ended with 0, which it takes for an init container
        that is done. Up to 1.34 it goes by the pod's policy, even for a killed sidecar in back-off.
        Source: kubelet/kubelet_pods.go (convertToAPIContainerStatuses).
        """
        if self.restart.container.kind is not ContainerKind.SIDECAR:
            return self.policy is not RestartPolicy.NEVER
        died, born = self.restart.died_at, self.restart.next_start
        at_once = died is not None and born is not None and born - died <= AT_ONCE
        if at_once or self.exit_code == 0:
            return at_once
        waited = bool(self.restart.waiting_reason)
        return waited or starts_again(self.spec.restart_policy, self.exit.said)

    @property
    def rule(self) -> RestartRule | None:
        """The matching restart rule, unless it only does what the policy does anyway."""
        rules = self.restart.container.restart_rules
        hit = next((rule for rule in rules if rule.matches(self.exit.said)), None)
        return None if hit is None or (hit.action == "Restart" and self.restarts_anyway) else hit

    @property
    def restarts_anyway(self) -> bool:
        """Whether the restart policy alone explains the restart."""
        return restarts_anyway(self.restart.container, self.spec, self.exit.said)

    @property
    def may_be_killed(self) -> bool:
        """Whether a probe or the postStart hook can make the kubelet kill the container."""
        container = self.restart.container
        return bool(container.liveness or container.startup or container.has_post_start)

    def ends_so_itself(self) -> bool:
        """Whether all earlier ends with this exit code were its own, and one of them surely."""
        alike = [past for past in self.with_its_exit() if past.own_end is not None]
        sure = [past for past in alike if past.confidence in SURE]
        return bool(sure) and all(past.own_end for past in alike)

    @property
    def policy(self) -> RestartPolicy:
        """The restart policy that applies to the container."""
        return policy_of(self.restart.container, self.spec)
