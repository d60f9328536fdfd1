"""The store: state per pod uid, and the clockwork around the pure core.

No await lies between reading a state and writing it back, hence no lock.
"""

import heapq
from collections import Counter, OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from probewatch.core.evidence import Evidence, EvidenceKind
from probewatch.core.findings import Finding, Restart
from probewatch.core.model import Pod, PodRef, PodUid
from probewatch.core.observe import (
    EvidenceObserved,
    Observation,
    PodGone,
    PodObserved,
    Step,
    TimePassed,
    observe,
)
from probewatch.core.patterns import Patterns, owner_of
from probewatch.core.policy import Policy
from probewatch.core.remembered import NOTHING_REMEMBERED, Remembered
from probewatch.core.restarts import Watermark
from probewatch.core.sighting import Sighting
from probewatch.core.state import PodState
from probewatch.newcomers import Newcomers

EARLY_PODS_KEPT = 1000
EARLY_EVENTS_KEPT = 32

LOST_RULE = "lost"
"""The rule of a restart whose container the runtime lost: alone, or with the node."""


_DEFAULT = Policy()


def _default_policy(_pod: Pod) -> Policy:
    return _DEFAULT


def _remember_nothing(_pod: Pod) -> Remembered:
    return NOTHING_REMEMBERED


class Store:
    """All tracked pods.

    *policy_for* gives the policy that applies to a pod, *remember* what records say of
    one that is new here.
    """

    def __init__(
        self,
        policy_for: Callable[[Pod], Policy] | None = None,
        remember: Callable[[Pod], Remembered] | None = None,
    ) -> None:
        self._policy_for = policy_for or _default_policy
        self._remember = remember or _remember_nothing
        self._newcomers = Newcomers()
        self._states: dict[PodUid, PodState] = {}
        self._by_evidence_uid: dict[str, PodUid] = {}
        self._early: OrderedDict[str, list[Evidence]] = OrderedDict()
        self._due: dict[PodUid, float] = {}
        self._heap: list[tuple[float, PodUid]] = []
        self._owned: Counter[str] = Counter()
        self._patterns = Patterns(self._owned.__getitem__)

    def __len__(self) -> int:
        """How many pods are tracked."""
        return len(self._states)

    def feed(self, observation: Observation, now: float) -> tuple[Finding, ...]:
        """Take in one observation and say what follows."""
        match observation:
            case PodObserved(pod=pod):
                return self._feed_pod(pod, self._introduce(observation), now)
            case EvidenceObserved(evidence=evidence):
                return self._feed_evidence(evidence, observation, now)
            case PodGone(uid=uid):
                self._newcomers.gone(uid)
                return self._step(uid, observation, now)
            case TimePassed():
                return self.tick(now)

    def tick(self, now: float) -> tuple[Finding, ...]:
        """Let time pass for the pods that asked for it."""
        findings: list[Finding] = []
        while self._heap and self._heap[0][0] <= now:
            due, uid = heapq.heappop(self._heap)
            if self._due.get(uid) == due:
                del self._due[uid]
                findings.extend(self._step(uid, TimePassed(), now))
        return tuple(findings)

    def next_due(self) -> float | None:
        """When time matters next, if at all."""
        while self._heap and self._due.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def sweep(
        self, seen: Collection[PodUid], now: float, *, namespaces: Collection[str] | None = None
    ) -> tuple[Finding, ...]:
        """Forget the pods that a complete list did not contain: their deletion was missed."""
        missed = [
            uid
            for uid, state in self._states.items()
            if uid not in seen and (namespaces is None or state.pod.namespace in namespaces)
        ]
        self._newcomers.listed(seen, namespaces)
        findings: list[Finding] = []
        for uid in missed:
            findings.extend(self._step(uid, PodGone(uid=uid), now))
        return tuple(findings)

    def pod(self, uid: PodUid) -> Pod | None:
        """The last version of a tracked pod."""
        state = self._states.get(uid)
        return state.pod if state else None

    def pending(self) -> int:
        """How many restarts wait for their verdict."""
        return sum(
            len(memory.pending) for state in self._states.values() for _, memory in state.memories
        )

    def pod_states(self) -> Mapping[tuple[str, str], int]:
        """How many tracked pods of each namespace are in which state."""
        return Counter((state.pod.namespace, _name_state(state)) for state in self._states.values())

    def not_ready_since(self) -> Iterator[tuple[PodRef, float]]:
        """Pods that are not ready now, and since when (node clock)."""
        for state in self._states.values():
            readiness = state.readiness
            if readiness.ready is False and readiness.changed_at and readiness.ever_ready:
                yield state.ref, readiness.changed_at

    def counted(self) -> Iterator[tuple[PodRef, str, Sighting]]:
        """What is told of each container: the count up to which, and in which version."""
        for state in self._states.values():
            for mark in state.marks:
                yield state.ref, mark.name, _told(state, mark)

    def _introduce(self, observed: PodObserved) -> PodObserved:
        """Say of a pod that is new here what records say of it."""
        pod = observed.pod
        if pod.uid in self._states:
            return observed
        is_new = self._newcomers.is_new(pod, relisted=observed.relisted)
        remembered = self._remember(pod)
        from_zero = remembered.from_zero and is_new
        return replace(observed, remembered=replace(remembered, from_zero=from_zero))

    def _feed_pod(self, pod: Pod, observation: Observation, now: float) -> tuple[Finding, ...]:
        is_new = pod.uid not in self._states
        findings = self._step(pod.uid, observation, now, pod=pod)
        if not is_new or pod.uid not in self._states:
            return findings
        self._by_evidence_uid[pod.evidence_uid or pod.uid] = pod.uid
        self._owned[owner_of(self._states[pod.uid].ref)] += 1
        early = self._early.pop(pod.evidence_uid or pod.uid, ())
        late = (self._step(pod.uid, EvidenceObserved(evidence=each), now) for each in early)
        return (*findings, *(finding for found in late for finding in found))

    def _feed_evidence(
        self, evidence: Evidence, observation: Observation, now: float
    ) -> tuple[Finding, ...]:
        if evidence.kind is EvidenceKind.NODE_REBOOTED:
            return self._feed_node(evidence, observation, now)
        uid = self._by_evidence_uid.get(evidence.involved_uid)
        if uid is None:
            self._keep_early(evidence)
            return ()
        return self._step(uid, observation, now)

    def _feed_node(
        self, evidence: Evidence, observation: Observation, now: float
    ) -> tuple[Finding, ...]:
        on_node = [uid for uid, state in self._states.items() if state.pod.node == evidence.node]
        found: Iterable[Finding] = ()
        for uid in on_node:
            found = (*found, *self._step(uid, observation, now))
        return tuple(found)

    def _keep_early(self, evidence: Evidence) -> None:
        """Events may arrive before their pod: the two watches are independent."""
        kept = self._early.setdefault(evidence.involved_uid, [])
        kept.append(evidence)
        del kept[:-EARLY_EVENTS_KEPT]
        self._early.move_to_end(evidence.involved_uid)
        while len(self._early) > EARLY_PODS_KEPT:
            self._early.popitem(last=False)

    def _step(
        self, uid: PodUid, observation: Observation, now: float, pod: Pod | None = None
    ) -> tuple[Finding, ...]:
        state = self._states.get(uid)
        about = pod or (state.pod if state else None)
        if about is None:
            return ()
        step = observe(state, observation, self._policy_for(about), now)
        self._keep(uid, step, about)
        found: list[Finding] = []
        for finding in step.findings:
            found.extend(self._mark(finding, now))
        return tuple(found)

    def _mark(self, finding: Finding, now: float) -> tuple[Finding, ...]:
        """Mark a restart that is one of many, and tell the others what they have in common."""
        if not isinstance(finding, Restart):
            return (finding,)
        corrected: list[Finding] = []
        if finding.rule == LOST_RULE:
            for uid in self._patterns.lost_together(finding):
                corrected.extend(self._step(uid, _lost_together(finding), now))
        return (self._patterns.mark(finding), *corrected)

    def _keep(self, uid: PodUid, step: Step, pod: Pod) -> None:
        if step.state is None:
            self._forget(uid, pod)
            return
        self._states[uid] = step.state
        if step.due is None:
            self._due.pop(uid, None)
        elif self._due.get(uid) != step.due:
            self._due[uid] = step.due
            heapq.heappush(self._heap, (step.due, uid))

    def _forget(self, uid: PodUid, pod: Pod) -> None:
        state = self._states.pop(uid, None)
        self._due.pop(uid, None)
        self._by_evidence_uid.pop(pod.evidence_uid or pod.uid, None)
        if state is not None:
            owner = owner_of(state.ref)
            self._owned[owner] -= 1
            if self._owned[owner] <= 0:
                del self._owned[owner]


def _told(state: PodState, mark: Watermark) -> Sighting:
    pending = state.memory(mark.name).pending
    version = state.pod.resource_version
    if pending:
        # Before the first of those that wait for their verdict, all was told.
        version = max(0, pending[0].restart.seen.resource_version - 1)
    return Sighting(
        resource_version=version,
        restart_count=mark.count - len(pending),
        counted_from=min(mark.counted_from, mark.count - len(pending)),
    )


def _lost_together(restart: Restart) -> EvidenceObserved:
    """Say to a pod what no Event says: others of its node lost containers at the same time."""
    at = restart.finished_at if restart.finished_at is not None else restart.observed_at
    return EvidenceObserved(
        evidence=Evidence(
            kind=EvidenceKind.NODE_LOST_CONTAINERS,
            at=at,
            first_at=at,
            name=f"{restart.pod.node}/{at}",
            node=restart.pod.node,
        )
    )


def _name_state(state: PodState) -> str:
    if state.pod.phase in {"Succeeded", "Failed"}:
        return "Completed"
    if state.pod.deletion_at is not None:
        return "Terminating"
    return "Ready" if state.readiness.ready else "NotReady"
