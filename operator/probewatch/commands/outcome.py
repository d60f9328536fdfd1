"""The findings of a whole recording, ready to be shown.

A corrected verdict replaces the one before it, so that each restart is listed once.
The shape of `render_json` is a fixed interface.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from probewatch.core.causes import Cause
from probewatch.core.findings import (
    Advice,
    Finding,
    LoopEnded,
    LoopStarted,
    ReadinessChanged,
    Restart,
    RestartCorrected,
)
from probewatch.core.model import PodRef, PodUid
from probewatch.kube import times

Json = dict[str, object]

_RestartKey = tuple[PodUid, str, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """One restart loop; `ended_at` is None while it goes on."""

    pod: PodRef
    container: str
    cause: Cause
    started_at: float
    ended_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """Two counts of restarts, worked out independently, that have to agree."""

    restart_count_rise: int
    restarts_counted: int

    @property
    def balanced(self) -> bool:
        """Whether every restart was counted, and none twice."""
        return self.restart_count_rise == self.restarts_counted


class Outcome:
    """Collects findings as they are made."""

    def __init__(self) -> None:
        self._restarts: dict[_RestartKey, Restart] = {}
        self._counted = 0
        self._readiness: list[ReadinessChanged] = []
        self._loops: list[Loop] = []
        self._advice: dict[tuple[PodUid, str, str, str], Advice] = {}

    def add(self, findings: Iterable[Finding]) -> None:
        """Take in findings in the order in which they were made."""
        for finding in findings:
            self._add(finding)

    def _add(self, finding: Finding) -> None:
        match finding:
            case Restart():
                # Counted apart from the table: a restart published twice must show in the ledger.
                self._counted += 0 if finding.baseline else finding.stands_for
                self._restarts[_key(finding)] = finding
            case RestartCorrected():
                self._restarts[_key(finding.was)] = finding.now
            case ReadinessChanged():
                self._readiness.append(finding)
            case LoopStarted():
                self._start_loop(finding)
            case LoopEnded():
                self._end_loop(finding)
            case Advice():
                self._advice[_advice_key(finding)] = finding
            case _:
                pass

    def _start_loop(self, start: LoopStarted) -> None:
        """Open a loop; a second start of an open one only changes its cause."""
        index = self._find_open(start)
        if index is None:
            self._loops.append(
                Loop(
                    pod=start.pod,
                    container=start.container,
                    cause=start.cause,
                    started_at=start.at,
                )
            )
        else:
            self._loops[index] = replace(self._loops[index], cause=start.cause)

    def _end_loop(self, end: LoopEnded) -> None:
        index = self._find_open(end)
        if index is not None:
            self._loops[index] = replace(self._loops[index], cause=end.cause, ended_at=end.at)

    def _find_open(self, told: LoopStarted | LoopEnded) -> int | None:
        """Return the index of the container's open loop; there is never more than one."""
        container = (told.pod.uid, told.container)
        for index, loop in enumerate(self._loops):
            if loop.ended_at is None and (loop.pod.uid, loop.container) == container:
                return index
        return None

    @property
    def restarts(self) -> tuple[Restart, ...]:
        """Every restart with its latest verdict, in the order in which they were seen."""
        counted = (each for each in self._restarts.values() if not each.baseline)
        return tuple(sorted(counted, key=lambda each: each.observed_at))

    @property
    def readiness(self) -> tuple[ReadinessChanged, ...]:
        """Every transition, in the order in which they were found."""
        return tuple(self._readiness)

    @property
    def loops(self) -> tuple[Loop, ...]:
        """Every loop, in the order in which they began."""
        return tuple(self._loops)

    @property
    def advice(self) -> tuple[Advice, ...]:
        """Advice, each piece once per container."""
        return tuple(self._advice.values())

    def ledger(self, restart_count_rise: int) -> Ledger:
        """Return the restarts counted beside a rise that was computed independently."""
        return Ledger(restart_count_rise=restart_count_rise, restarts_counted=self._counted)


def render_json(outcome: Outcome, ledger: Ledger) -> Json:
    """Return the JSON object of `replay --output json`."""
    return {
        "restarts": [render_restart(each) for each in outcome.restarts],
        "readiness": [_render_readiness(each) for each in outcome.readiness],
        "loops": [_render_loop(each) for each in outcome.loops],
        "advice": [_render_advice(each) for each in outcome.advice],
        "ledger": {
            "restartCountRise": ledger.restart_count_rise,
            "restartsCounted": ledger.restarts_counted,
            "balanced": ledger.balanced,
        },
    }


def render_time(at: float | None) -> str | None:
    """Return epoch seconds as RFC 3339 in UTC; milliseconds only where there are some."""
    return None if at is None else times.render_time(round(at, 3), "milliseconds")


def render_restart(restart: Restart) -> Json:
    """Return a restart with its pod and verdict as JSON."""
    return _render_pod(restart.pod) | render_verdict(restart)


def render_verdict(restart: Restart) -> Json:
    """Return a restart with its verdict as JSON, without its pod."""
    # Only where the count jumps too far does one finding stand for several restarts.
    together = {"standsFor": restart.stands_for} if restart.stands_for > 1 else {}
    return {
        "container": restart.container,
        "restartCount": restart.restart_count,
        **together,
        "cause": restart.cause,
        "confidence": restart.confidence,
        "rule": restart.rule,
        "exitCode": restart.exit_code,
        "startedAt": render_time(restart.started_at),
        "finishedAt": render_time(restart.finished_at),
        "evidence": list(restart.evidence),
    }


def _render_readiness(change: ReadinessChanged) -> Json:
    return _render_pod(change.pod) | {
        "to": change.to,
        "reason": change.reason,
        "at": render_time(change.at),
    }


def _render_loop(loop: Loop) -> Json:
    return _render_pod(loop.pod) | {
        "container": loop.container,
        "cause": loop.cause,
        "startedAt": render_time(loop.started_at),
        "endedAt": render_time(loop.ended_at),
    }


def _render_advice(advice: Advice) -> Json:
    return {
        "namespace": advice.pod.namespace,
        "pod": advice.pod.name,
        "container": advice.container,
        "probeType": advice.probe_type,
        "finding": advice.finding,
        "message": advice.message,
    }


def _render_pod(pod: PodRef) -> Json:
    return {"namespace": pod.namespace, "pod": pod.name, "uid": pod.uid}


def _key(restart: Restart) -> _RestartKey:
    return restart.pod.uid, restart.container, restart.epoch, restart.restart_count


def _advice_key(advice: Advice) -> tuple[PodUid, str, str, str]:
    return advice.pod.uid, advice.container, advice.probe_type, advice.finding
