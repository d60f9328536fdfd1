"""Runs one probe at its period and reports failures; its rules are in `probes_worker`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from probewatch.clock import Clock
from probewatch.playground.kubelet.bell import Bell
from probewatch.playground.kubelet.containers import Process
from probewatch.playground.kubelet.events import KubeletEvents
from probewatch.playground.kubelet.probes import Outcome, ProbeSpec, Result
from probewatch.playground.kubelet.probes_worker import ProbeWorker, Sight, Turn, Verdict
from probewatch.playground.kubelet.specs import ContainerSpec, PodSpec

ATTEMPTS = 3
"""How often a run is tried in all if it errors; a failure is not tried again."""


class Prober(Protocol):
    """Makes one attempt of a probe."""

    async def probe(self, spec: ProbeSpec, *, address: str, process: Process | None) -> Outcome:
        """Return the outcome; errors of network or command are outcomes, not exceptions."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a probe is run against, at the moment of the run."""

    sight: Sight
    address: str
    process: Process | None


class Probing:
    """One probe of one container: runs it, records Events, and passes on verdicts."""

    def __init__(
        self,
        container: ContainerSpec,
        spec: ProbeSpec,
        *,
        clock: Clock,
        prober: Prober,
        events: KubeletEvents,
        look: Callable[[], tuple[PodSpec, Target]],
        tell: Callable[[Verdict], None],
    ) -> None:
        self.worker = ProbeWorker(spec)
        self.trigger = Bell(clock)
        """Rung for a run at once, after which the period starts anew."""
        self.container = container
        self._spec = spec
        self._clock = clock
        self._prober = prober
        self._events = events
        self._look = look
        self._tell = tell

    async def run(self) -> None:
        """Probe until there is nothing left to probe."""
        due = self._clock.monotonic()
        while await self._tick():
            due = max(due + self._spec.period, due)
            late = self._clock.monotonic() - due
            if late > 0:
                # A run took longer than the period: one missed tick is kept, others are dropped.
                due += self._spec.period * (late // self._spec.period)
            if await self.trigger.wait(due - self._clock.monotonic()):
                due = self._clock.monotonic()

    async def _tick(self) -> bool:
        pod, target = self._look()
        turn = self.worker.turn(target.sight, self._clock.now())
        if turn is Turn.PROBE:
            verdict = self.worker.count(await self._probe(pod, target))
            if verdict is not None:
                self._tell(verdict)
        return turn is not Turn.END

    async def _probe(self, pod: PodSpec, target: Target) -> Result:
        outcome = Outcome(result=Result.ERROR)
        for _ in range(ATTEMPTS):
            outcome = await self._prober.probe(
                self._spec, address=target.address, process=target.process
            )
            if outcome.result is not Result.ERROR:
                break
        self._report(pod, outcome)
        return outcome.result

    def _report(self, pod: PodSpec, outcome: Outcome) -> None:
        type_, said = self._spec.type, outcome.output
        match outcome.result:
            case Result.FAILURE:
                self._events.warn(pod, self.container, "Unhealthy", f"{type_} probe failed: {said}")
            case Result.WARNING:
                message = f"{type_} probe warning: {said}"
                self._events.warn(pod, self.container, "ProbeWarning", message)
            case Result.ERROR:
                message = f"{type_} probe errored and resulted in unknown state: {said}"
                self._events.warn(pod, self.container, "Unhealthy", message)
            case Result.SUCCESS:
                pass
