"""The operator's processes over one history: each one continues from what the last one recorded."""

from collections.abc import Iterable
from dataclasses import replace

from probewatch.core.evidence import occurrence
from probewatch.core.findings import Finding
from probewatch.core.ledger import fold
from probewatch.core.model import Workload
from probewatch.core.observe import EvidenceObserved, Observation, PodObserved, TimePassed
from probewatch.core.recollection import recollect
from probewatch.core.records import Record
from probewatch.store import Store

WEB = Workload(namespace="shop", kind="Deployment", name="web")
INCIDENTS_KEPT = 50


class Processes:
    """Feeds observations to the current process, and records what it finds.

    A process that is killed loses the verdicts that it had not published; one that is stopped gives
    those that the next one could not. The next one lists the pod and the Events first.
    """

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self._record = Record(workload=WEB)
        self._store = Store()
        self._pod: PodObserved | None = None
        self._events: dict[str, EvidenceObserved] = {}
        """The latest version of each series."""

    def observe(self, observation: Observation, now: float) -> None:
        """Let time pass until *now*, and observe."""
        self._take([*self._store.tick(now), *self._store.feed(observation, now)])
        if isinstance(observation, PodObserved):
            known = self._pod.pod.resource_version if self._pod else 0
            if observation.pod.resource_version >= known:
                self._pod = observation
        elif isinstance(observation, EvidenceObserved):
            evidence = observation.evidence
            known_series = self._events.get(evidence.name)
            if known_series is None or known_series.evidence.count <= evidence.count:
                self._events[evidence.name] = observation

    def restart(self, now: float, *, killed: bool) -> None:
        """End the process, and start another one."""
        if not killed:
            waiting = self._store.waiting_in(None)
            self._take(self._store.reconsider(waiting, now, TimePassed(leaving=True)))
        record = self._record
        self._store = Store(remember=lambda each: recollect(record, each.uid, from_zero=True))
        if self._pod is None:
            return
        self._take(self._store.feed(replace(self._pod, relisted=True), now))
        for each in sorted(self._events.values(), key=lambda each: occurrence(each.evidence)):
            self._take(self._store.feed(replace(each, is_history=True), now))

    def settle(self, now: float) -> float:
        """Let time pass until no restart waits for its verdict; return the time by then."""
        while self._store.pending() and (due := self._store.next_due()) is not None:
            now = max(now, due)
            self._take(self._store.tick(now))
        return now

    def _take(self, findings: Iterable[Finding]) -> None:
        for finding in findings:
            self._record = fold(self._record, finding, limit=INCIDENTS_KEPT)
            self.findings.append(finding)
