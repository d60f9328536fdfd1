"""When a probe runs and what its results amount to: the kubelet's rules, without the doing.

A worker lives as long as its pod, not as long as a container. It looks at what the
kubelet has last published about the container, decides whether to probe now, and counts
equal results in a row. Its count is **not** cleared when the container is replaced, except
after a verdict: a container that crashes after two liveness failures is followed by one
that a single failure kills.
"""

from dataclasses import dataclass
from enum import Enum

from probewatch.playground.kubelet.probes import ProbeSpec, ProbeType, Result


class Turn(Enum):
    """What a tick of the worker leads to."""

    PROBE = "probe"
    REST = "rest"
    END = "end"
    """Nothing is left to probe, ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What the worker sees of its container at a tick: the published status."""

    container_id: str
    """Empty before the first instance."""
    running_since: float | None
    started: bool
    pod_ends: bool = False
    """The pod has been deleted and is being shut down."""
    for_good: bool = False
    """Not running, and it will not be restarted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A result that holds from now on for one instance of the container."""

    container_id: str
    type: ProbeType
    healthy: bool


class ProbeWorker:
    """The memory of one probe of one container of one pod.

    Call `turn` at each tick; if it says so, probe and hand the result to `count`. Verdicts
    about instances that are not to be probed are left in `verdict`.
    """

    def __init__(self, spec: ProbeSpec) -> None:
        self.spec = spec
        self.healthy: dict[str, bool | None] = {}
        """The standing verdict of the newest instance; None means: none yet (startup)."""
        self._container_id = ""
        self._on_hold = False
        self._last: bool | None = None
        self._run = 0

    def turn(self, sight: Sight, now: float) -> Turn:
        """Decide what to do at a tick, given what is known of the container."""
        if not sight.container_id:
            return Turn.REST
        if sight.container_id != self._container_id:
            self._meet(sight.container_id)
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
        """Take in the result of a run; return the verdict if there is a new one to act on."""
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
            # Silent until the container is replaced; the startup probe's success ends it too.
            self._on_hold = True
            self._run = 0
        if before is healthy:
            return None
        return Verdict(container_id=self._container_id, type=spec.type, healthy=healthy)

    def resume(self, container_id: str, *, healthy: bool | None) -> None:
        """Go on with an instance that another worker has judged so; its count is not known."""
        self._meet(container_id)
        self.healthy[container_id] = healthy
        self._on_hold = self.spec.type is ProbeType.STARTUP and healthy is True

    def _meet(self, container_id: str) -> None:
        """Begin with a new instance: alive, not ready, of unknown start, until proven otherwise."""
        initial = {ProbeType.LIVENESS: True, ProbeType.READINESS: False, ProbeType.STARTUP: None}
        self._container_id = container_id
        self.healthy = {container_id: initial[self.spec.type]}
        self._on_hold = False

    def _is_due(self, sight: Sight, running_since: float, now: float) -> bool:
        # Whole seconds, cut off: an age of 14.9 s has not reached a delay of 15 s.
        if int(now - running_since) < self.spec.initial_delay:
            return False
        # Until the container counts as started only its startup probe runs; then never again.
        return sight.started is not (self.spec.type is ProbeType.STARTUP)
