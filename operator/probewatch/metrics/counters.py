"""Counters: the sink that counts findings.

Counters belong to workloads, so they outlive pods; loops and the like belong to pods
and are removed with them. A restart is counted once, under the cause that was
published first. A correction is counted separately, so no counter ever falls.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping

from probewatch.clock import Clock
from probewatch.core.causes import Cause, Confidence, Pattern, ReadinessReason
from probewatch.core.findings import (
    Advice,
    Finding,
    FlappingChanged,
    LoopEnded,
    LoopStarted,
    PodForgotten,
    PodTracked,
    ProbeFailures,
    ProbeKillWithoutRestart,
    ReadinessChanged,
    Restart,
    RestartCorrected,
)
from probewatch.core.model import PodRef, PodUid, Workload
from probewatch.core.spec import PodSpec
from probewatch.core.startups import StartupSucceeded
from probewatch.metrics import possible
from probewatch.metrics.followed import Followed, Known
from probewatch.metrics.labels import tail
from probewatch.metrics.tables import Tables
from probewatch.metrics.totals import RestartTotal

BY_RIGHT = frozenset(
    {ReadinessReason.STARTUP, ReadinessReason.TERMINATING, ReadinessReason.COMPLETED}
)
"""Reasons for which a pod is expected not to be ready: it starts or ends. That is no outage."""


def _recall_nothing(_workload: Workload) -> Iterable[RestartTotal]:
    return ()


class Counters:
    """The sink; *recall* returns what the record of a workload holds that appears (again)."""

    def __init__(
        self,
        *,
        clock: Clock,
        series_limit: int,
        recall: Callable[[Workload], Iterable[RestartTotal]] = _recall_nothing,
    ) -> None:
        self.tables = Tables(series_limit)
        self.verdicts: Counter[Confidence] = Counter()
        self._followed = Followed(self.tables, clock)
        self._recall = recall
        self._term: int | None = None

    @property
    def workload_of(self) -> Callable[[PodUid], str | None]:
        """Returns the subject of a tracked pod's workload; may be called in any thread."""
        return self._followed.workload_of

    def publish(self, finding: Finding, workload: Workload) -> None:
        """Count a finding; takes microseconds."""
        if isinstance(finding, PodForgotten):
            self._followed.forget(finding.pod.uid)
            return
        known, is_new = self._followed.hold(workload)
        if isinstance(finding, PodTracked):
            for pod in (finding.pod, *finding.siblings):
                self._followed.arrive(pod, known)
            self._begin(known, finding.spec)
        else:
            self._take(finding, known)
        if is_new:  # last: a restart is recorded before it is published, and would count twice
            self.restore(self._recall(workload))

    def _take(self, finding: Finding, known: Known) -> None:
        pod, spec = finding.pod, self._followed.spec_of(finding.pod.uid)
        if self._followed.is_followed(pod.uid):
            self._followed.arrive(pod, known)
        if spec is not None and known.spec is None:
            self._begin(known, spec)
        self._count(finding, known)

    def begin_term(self, term: int, totals: Iterable[RestartTotal]) -> bool:
        """Start a new term of leadership: lower restarts to *totals*, and other counters to 0.

        Another replica may have exposed its own counters until now. Has to be called before
        `restore`, with a different number for each term. Tell whether the term is new; if not,
        nothing is changed.
        """
        if term == self._term:
            return False
        self._term = term
        self.tables.start_over()
        most = self._places(totals)
        self.tables.restarts.lower(tuple(self.tables.restarts.rows), most)
        return True

    def begin_anew(self, workload: Workload, totals: Iterable[RestartTotal]) -> None:
        """Lower the restarts of a workload to *totals*: its name may have been used before."""
        known, _ = self._followed.hold(workload)
        self.tables.restarts.lower(tuple(known.containers.values()), self._places(totals))

    def _places(self, totals: Iterable[RestartTotal]) -> Mapping[tuple[str, str], float]:
        """Return the counts by subject and tail of their series."""
        held = ((self._followed.hold(total.workload)[0], total) for total in totals)
        return {
            (known.container(total.container), possible.CAUSES[total.cause]): total.count
            for known, total in held
        }

    def restore(self, totals: Iterable[RestartTotal]) -> None:
        """Raise counters to *totals*; those that are higher stay.

        May be called at any time, and is idempotent.
        """
        for total in totals:
            subject = self._followed.hold(total.workload)[0].container(total.container)
            self.tables.restarts.raise_to(subject, possible.CAUSES[total.cause], total.count)

    def totals_of(self, workload: Workload) -> Iterator[RestartTotal]:
        """Yield the restarts that are shown of a workload."""
        known, _ = self._followed.hold(workload)
        for container, subject in known.containers.items():
            for cause, text in possible.CAUSES.items():
                if count := int(self.tables.restarts.value(subject, text)):
                    yield RestartTotal(
                        workload=workload, container=container, cause=cause, count=count
                    )

    def sweep(self) -> None:
        """Drop the series of workloads and nodes that are gone for long."""
        self._followed.sweep()

    def _count(self, finding: Finding, known: Known) -> None:
        match finding:
            case Restart():
                self._restart(finding, known)
            case RestartCorrected(was=was, now=now):
                self._correct(was, now, known)
            case ProbeKillWithoutRestart(container=container, cause=cause):
                self.tables.kills.add(known.container(container), possible.CAUSES[cause])
            case StartupSucceeded(container=container, narrow=narrow):
                self.tables.startups.add(known.container(container), possible.STARTUPS[narrow])
            case ProbeFailures():
                self._failures(finding, known)
            case ReadinessChanged():
                self._readiness(finding, known)
            case _ if self._followed.is_followed(finding.pod.uid):
                self._show(finding, known)
            case _:
                pass  # the pod is gone, and its state with it

    def _correct(self, was: Restart, now: Restart, known: Known) -> None:
        """Count a correction that changes the cause; most only raise the confidence."""
        if was.cause is not now.cause:
            change = tail(was=was.cause, cause=now.cause)
            self.tables.corrections.add(known.container(now.container), change)

    def _show(self, finding: Finding, known: Known) -> None:
        """Set the gauges of a tracked pod."""
        match finding:
            case FlappingChanged(pod=pod, flapping=flapping):
                if (subject := self._followed.pod_subject(pod, known.subject)) is not None:
                    self.tables.flapping.put(subject, ("",), (int(flapping),))
            case LoopStarted(pod=pod, container=container, cause=cause):
                self._loop(pod, known.container(container), cause, 1)
            case LoopEnded(pod=pod, container=container, cause=cause, gone=False):
                self._loop(pod, known.container(container), cause, 0)
            case Advice(container=container, probe_type=probe_type, finding=name):
                advice = possible.ADVICE[probe_type, name]
                self.tables.advice.set(known.container(container), advice, 1)
            case _:
                pass  # other findings are neither counted nor shown

    def _begin(self, known: Known, spec: PodSpec) -> None:
        """Start the series that a pod with this spec makes possible."""
        if known.spec is spec or known.spec == spec:
            return
        known.spec = spec
        tables = self.tables
        tables.of_workloads.begin(known.subject, possible.first_of_workload(spec))
        before = tuple(known.containers.values())
        first = {
            known.container(each.name): possible.first_series(each, spec)
            for each in spec.containers
        }
        tables.renew_states({each: first.get(each) for each in before})
        for subject, series in first.items():
            tables.of_containers.begin(subject, series)

    def _restart(self, restart: Restart, known: Known) -> None:
        subject, cause = known.container(restart.container), possible.CAUSES[restart.cause]
        if self._followed.is_followed(restart.pod.uid):  # it may be published after the pod is gone
            at = restart.observed_at if restart.finished_at is None else restart.finished_at
            if (own := self._followed.pod_subject(restart.pod, subject)) is not None:
                self.tables.last_restarts.set(own, cause, at)
        if restart.baseline:
            return
        spec = None if known.spec is None else known.spec.container(restart.container)
        self.tables.restarts.begin(subject, possible.all_causes(spec))
        self.tables.restarts.add(subject, cause, restart.stands_for)
        self.verdicts[restart.confidence] += restart.stands_for
        if restart.pattern is not Pattern.NONE:
            pattern = possible.PATTERNS[restart.pattern, restart.cause]
            self.tables.patterns.add(subject, pattern)
        if restart.pattern is Pattern.NODE_WIDE:
            self.tables.nodes.add(self._followed.hold_node(restart.pod.node), "")

    def _failures(self, failures: ProbeFailures, known: Known) -> None:
        subject = known.container(failures.container)
        spec = None if known.spec is None else known.spec.container(failures.container)
        probe = None if spec is None else spec.probe(failures.probe_type)
        self.tables.failures.begin(subject, possible.all_failures(probe))
        kind = possible.FAILURES[failures.probe_type, failures.reason]
        self.tables.failures.add(subject, kind, failures.count)

    def _readiness(self, change: ReadinessChanged, known: Known) -> None:
        text = possible.TRANSITIONS[change.to, change.reason]
        self.tables.transitions.add(known.subject, text)
        if change.time_to_ready is not None:
            self.tables.time_to_ready.observe(known.subject, change.time_to_ready)
        if change.not_ready_seconds is not None and change.reason not in BY_RIGHT:
            self.tables.not_ready.add(known.subject, "", change.not_ready_seconds)
            self.tables.outages.observe(known.subject, change.not_ready_seconds)

    def _loop(self, pod: PodRef, container: str, cause: Cause, value: int) -> None:
        if (subject := self._followed.pod_subject(pod, container)) is not None:
            self.tables.loops.put(subject, (possible.CAUSES[cause],), (value,))
