"""The kubelet's rules for when a probe runs and what its results mean. Pure.

A worker lives as long as its pod, not as long as a container. From the status that the
kubelet has last published it decides whether to probe now, and it counts equal results in
a row. The count is **not** reset when the container is replaced, except after a verdict: if
a container crashes after two liveness failures, a single failure kills the next instance.
"""

from dataclasses import dataclass
from enum import Enum

from probewatch.playground.kubelet.probes import ProbeSpec, ProbeType, Result


class Turn(Enum):
    """What to do at a tick of the worker."""

    PROBE = "probe"
    REST = "rest"
    END = "end"
    """There will never be anything to probe again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """The published status of a container, as the worker sees it at a tick."""

    container_id: str
    """Empty before the first instance."""
    running_since: float | None
    started: bool
    pod_ends: bool = False
    """The pod has been deleted and is being shut down."""
    for_good: bool = False
    """The container does not run, and will not be restarted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A result that has reached its threshold, for one instance of the container."""

    container_id: str
    type: ProbeType
    healthy: bool


class ProbeWorker:
    """The state of one probe of one container of one pod.

    Call `turn` at each tick. If it returns `PROBE`, run the probe and pass the result to
    `count`. The verdict on an instance that is not to be probed is set in `healthy`.
    """

    def __init__(self, spec: ProbeSpec) -> None:
        self.spec = spec
        self.healthy: dict[str, bool | None] = {}
        """The current verdict by container ID, of the newest instance; None: none yet (startup)."""
        self._container_id = ""
        self._on_hold = False
        self._last: bool | None = None
        self._run = 0

    def turn(self, sight: Sight, now: float) -> Turn:
        """Return what to do at a tick, given the published status of the container."""
        if not sight.container_id:
            return Turn.REST
        if sight.container_id != self._container_id:
            self._start_instance(sight.container_id)
        if self._on_hold:
            return Turn.REST
        if sight.running_since is None:
            self.healthy[self._container_id] = False
            return Turn.END if sight.for_good else Turn.REST
        if sight.pod_ends and self.spec.type is not ProbeType.READINESS:
            self.healthy[self._container_id] = True
            return Turn.END
        return Turn.PROBE if self._is_due(sight, sight.running_since, now) else Turn.REST

    def count(self, result: Result) -> Verdict | None:
        """Take in the result of a run; return the verdict if it has changed."""
        if result is Result.ERROR:
            return None
        healthy = result is not Result.FAILURE
        self._run = self._run + 1 if healthy is self._last else 1
        self._last = healthy
        spec = self.spec
        if self._run < (spec.success_threshold if healthy else spec.failure_threshold):
            return None
        before = self.healthy.get(self._container_id)
        self.healthy[self._container_id] = healthy
        if spec.type is ProbeType.STARTUP or (spec.type is ProbeType.LIVENESS and not healthy):
            # No more probes until the container is replaced; a startup probe stops at success too.
            self._on_hold = True
            self._run = 0
        if before is healthy:
            return None
        return Verdict(container_id=self._container_id, type=spec.type, healthy=healthy)

    def resume(self, container_id: str, *, healthy: bool | None) -> None:
        """Take over an instance with the verdict of an earlier worker, whose count is lost."""
        self._start_instance(container_id)
        self.healthy[container_id] = healthy
        self._on_hold = self.spec.type is ProbeType.STARTUP and healthy is True

    def _start_instance(self, container_id: str) -> None:
        """Begin with a new instance: alive, not ready, and startup unknown until it is probed."""
        initial = {ProbeType.LIVENESS: True, ProbeType.READINESS: False, ProbeType.STARTUP: None}
        self._container_id = container_id
        self.healthy = {container_id: initial[self.spec.type]}
        self._on_hold = False

    def _is_due(self, sight: Sight, running_since: float, now: float) -> bool:
        # Truncated to whole seconds: an age of 14.9 s has not reached a delay of 15 s.
        if int(now - running_since) < self.spec.initial_delay:
            return False
        # The startup probe runs until the container has started, the other probes after that.
        return sight.started is not (self.spec.type is ProbeType.STARTUP)
