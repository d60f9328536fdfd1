"""The store: state per pod uid, and the clockwork around the pure core.

No await lies between reading a state and writing it back, hence no lock.
"""

import heapq
from collections import Counter, OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator

from probewatch.core.evidence import Evidence, EvidenceKind
from probewatch.core.findings import Finding, PodTracked, Restart
from probewatch.core.model import Pod, PodRef, PodUid
from probewatch.core.observe import (
    CountersRead,
    EvidenceObserved,
    Observation,
    PodGone,
    PodObserved,
    Step,
    TimePassed,
    observe,
)
from probewatch.core.patterns import Patterns
from probewatch.core.policy import Policy
from probewatch.core.remembered import NOTHING_REMEMBERED, Remembered
from probewatch.core.restarts import Watermark
from probewatch.core.sighting import Sighting
from probewatch.core.state import PodState
from probewatch.core.values import replace
from probewatch.kube.snapshot import Header, Snapshot
from probewatch.newcomers import Newcomer, Newcomers
from probewatch.shelf import OPEN, Packed, Shelf
from probewatch.tombstones import Tombstones

EARLY_PODS_KEPT = 1000
EARLY_EVENTS_KEPT = 32

LOST_RULE = "lost"
"""The rule of a restart whose container the runtime lost: alone, or with the node."""


_DEFAULT = Policy()


def _default_policy(_pod: Pod) -> Policy:
    return _DEFAULT


def _remember_nothing(_pod: Newcomer) -> Remembered:
    return NOTHING_REMEMBERED


class Store:
    """All tracked pods.

    *policy_for* gives the policy that applies to a pod, *remember* what records say of
    one that is new here; *selective* says that pods are selected by their labels.
    """

    def __init__(
        self,
        policy_for: Callable[[Pod], Policy] | None = None,
        remember: Callable[[Newcomer], Remembered] | None = None,
        *,
        selective: bool = False,
        open_limit: int = OPEN,
    ) -> None:
        self._policy_for = policy_for or _default_policy
        self._remember = remember or _remember_nothing
        self._newcomers = Newcomers(selective=selective)
        self._tombstones = Tombstones()
        self._shelf = Shelf(_begin, open_limit=open_limit)
        self._by_evidence_uid: dict[str, PodUid] = {}
        """Static pods only: the kubelet calls them by another uid."""
        self._early: OrderedDict[str, list[Evidence]] = OrderedDict()
        self._due: dict[PodUid, float] = {}
        self._heap: list[tuple[float, PodUid]] = []
        self._owned: Counter[str] = Counter()
        self._patterns = Patterns(self._owned.__getitem__)

    def __len__(self) -> int:
        """How many pods are tracked."""
        return len(self._shelf)

    def skips(self, uid: PodUid, version: int, mark: int) -> bool:
        """Whether a version of a pod, known by its mark, has nothing new in it."""
        header = self._shelf.header(uid)
        if header is None:
            return False
        if 0 < version <= header.version:
            return True
        if mark == header.mark:
            header.version = version or header.version
            return True
        return False

    def see(self, snapshot: Snapshot, now: float, *, relisted: bool = False) -> tuple[Finding, ...]:
        """Take in a version of a pod; the same as to feed it, for less."""
        header = self._shelf.header(snapshot.uid)
        if header is None:
            return self._meet(snapshot, now, relisted=relisted)
        if 0 < snapshot.version <= header.version:
            return ()
        if snapshot.shows_the_same(header):
            header.version, header.mark = snapshot.version, snapshot.mark
            return ()
        observed = PodObserved(pod=snapshot.open(), relisted=relisted)
        return self._step(snapshot.uid, observed, now, pod=observed.pod, mark=snapshot.mark)

    def gone(self, uid: PodUid, version: int, now: float) -> tuple[Finding, ...]:
        """Take in that a pod was deleted: what comes late of it from before is not listened to."""
        self._tombstones.add(uid, version)
        return self.feed(PodGone(uid=uid), now)

    def feed(self, observation: Observation, now: float) -> tuple[Finding, ...]:
        """Take in one observation and say what follows."""
        match observation:
            case PodObserved(pod=pod):
                return self._feed_pod(pod, self._introduce(observation), now)
            case EvidenceObserved(evidence=evidence):
                return self._feed_evidence(evidence, observation, now)
            case CountersRead(uid=uid):
                return self._step(self._by_evidence_uid.get(uid, uid), observation, now)
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

    def reconsider(self, namespace: str, now: float) -> tuple[Finding, ...]:
        """Judge anew what waits in a namespace: the policies of its pods have changed."""
        waiting = [
            uid
            for uid in self._due
            if (header := self._shelf.header(uid)) is not None and header.namespace == namespace
        ]
        findings: list[Finding] = []
        for uid in waiting:
            findings.extend(self._step(uid, TimePassed(), now))
        return tuple(findings)

    def next_due(self) -> float | None:
        """When time matters next, if at all."""
        while self._heap and self._due.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def sweep(
        self,
        seen: Collection[PodUid],
        now: float,
        *,
        namespaces: Collection[str] | None = None,
        version: int = 0,
    ) -> tuple[Finding, ...]:
        """Forget the pods that a complete list did not contain: their deletion was missed.

        A pod of which something newer than the list's *version* is known is not missed.
        """
        missed = [
            header.uid
            for header in self._shelf.headers()
            if header.uid not in seen
            and (namespaces is None or header.namespace in namespaces)
            and not 0 < version < header.version
        ]
        self._newcomers.listed(seen, namespaces, version=version)
        findings: list[Finding] = []
        for uid in missed:
            findings.extend(self._step(uid, PodGone(uid=uid), now))
        return tuple(findings)

    def about(self, uid: PodUid) -> Header | None:
        """What is known of a tracked pod without a look at its status."""
        return self._shelf.header(uid)

    def state(self, uid: PodUid) -> PodState | None:
        """All that is remembered of a pod."""
        return self._shelf.get(uid)

    def pod(self, uid: PodUid) -> Pod | None:
        """The last version of a tracked pod."""
        state = self._shelf.get(uid)
        return state.pod if state else None

    def pending(self) -> int:
        """How many restarts wait for their verdict."""
        headers = (self._shelf.header(uid) for uid in self._due)
        return sum(header.pending for header in headers if header is not None)

    def headers(self) -> tuple[Snapshot | Packed, ...]:
        """What can be said of all pods now; nobody changes what a survey asks of them."""
        return tuple(self._shelf.headers())

    def uids(self) -> frozenset[PodUid]:
        """All pods that are tracked."""
        return frozenset(header.uid for header in self._shelf.headers())

    def counted(self) -> Iterator[tuple[PodRef, str, Sighting]]:
        """What is told of each container: the count up to which, and in which version.

        Of pods to which nothing happened since they were first seen there is nothing to tell.
        """
        for header in self._shelf.headers():
            if isinstance(header, Packed):
                yield from _told_of(self._shelf.get(header.uid))

    def _introduce(self, observed: PodObserved) -> PodObserved:
        """Say of a pod that is new here what records say of it."""
        if observed.pod.uid in self._shelf:
            return observed
        return replace(observed, remembered=self._recall(observed.pod, relisted=observed.relisted))

    def _recall(self, pod: Newcomer, *, relisted: bool) -> Remembered:
        is_new = self._newcomers.is_new(pod, relisted=relisted)
        remembered = self._remember(pod)
        if remembered.from_zero is (remembered.from_zero and is_new):
            return remembered
        return replace(remembered, from_zero=False)

    def _meet(self, snapshot: Snapshot, now: float, *, relisted: bool) -> tuple[Finding, ...]:
        """Take in the first version of a pod; one that never restarted is kept unopened."""
        if self._is_over(snapshot.uid, snapshot.namespace, snapshot.version, relisted=relisted):
            return ()
        remembered = self._recall(snapshot, relisted=relisted)
        if snapshot.ignored or not snapshot.spec.has_probes:
            return ()
        if remembered.containers or not snapshot.is_fresh:
            pod = snapshot.open()
            observed = PodObserved(pod=pod, relisted=relisted, remembered=remembered)
            return self._feed_pod(pod, observed, now, mark=snapshot.mark)
        snapshot.from_zero = remembered.from_zero
        self._shelf.lay(snapshot)
        tracked = PodTracked(pod=snapshot.ref, spec=snapshot.spec)
        return (tracked, *self._welcome(snapshot, now))

    def _feed_pod(
        self, pod: Pod, observation: Observation, now: float, *, mark: int = 0
    ) -> tuple[Finding, ...]:
        is_new = pod.uid not in self._shelf
        if is_new and self._is_over(
            pod.uid, pod.namespace, pod.resource_version, relisted=_is_relisted(observation)
        ):
            return ()
        findings = self._step(pod.uid, observation, now, pod=pod, mark=mark)
        header = self._shelf.header(pod.uid)
        if not is_new or header is None:
            return findings
        return (*findings, *self._welcome(header, now))

    def _is_over(self, uid: PodUid, namespace: str, version: int, *, relisted: bool) -> bool:
        """Whether an unknown pod is one that went: this version of it comes late."""
        if self._tombstones.covers(uid, version):
            return True
        return not relisted and self._newcomers.is_past(namespace, version)

    def _welcome(self, header: Header, now: float) -> tuple[Finding, ...]:
        """Count a new pod in, and tell it what was said of it before it came."""
        if header.evidence_uid != header.uid:
            self._by_evidence_uid[header.evidence_uid] = header.uid
        self._owned[_owner(header)] += 1
        early = self._early.pop(header.evidence_uid, ())
        late = (self._step(header.uid, EvidenceObserved(evidence=each), now) for each in early)
        return tuple(finding for found in late for finding in found)

    def _feed_evidence(
        self, evidence: Evidence, observation: Observation, now: float
    ) -> tuple[Finding, ...]:
        if evidence.kind is EvidenceKind.NODE_REBOOTED:
            return self._feed_node(evidence, observation, now)
        uid = self._by_evidence_uid.get(evidence.involved_uid, PodUid(evidence.involved_uid))
        if uid not in self._shelf:
            self._keep_early(evidence)
            return ()
        return self._step(uid, observation, now)

    def _feed_node(
        self, evidence: Evidence, observation: Observation, now: float
    ) -> tuple[Finding, ...]:
        headers = self._shelf.headers()
        on_node = [header.uid for header in headers if header.node == evidence.node]
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
        self,
        uid: PodUid,
        observation: Observation,
        now: float,
        *,
        pod: Pod | None = None,
        mark: int = 0,
    ) -> tuple[Finding, ...]:
        state = self._shelf.get(uid)
        about = pod or (state.pod if state else None)
        if about is None:
            return ()
        step = observe(state, observation, self._policy_for(about), now)
        if step.state is not state:
            self._keep(uid, step, mark=mark)
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

    def _keep(self, uid: PodUid, step: Step, *, mark: int) -> None:
        if step.state is None:
            self._forget(uid)
            return
        before = self._shelf.header(uid)
        version = before.version if before else 0
        self._shelf.put(step.state, version=version, mark=mark or (before.mark if before else 0))
        if step.due is None:
            self._due.pop(uid, None)
        elif self._due.get(uid) != step.due:
            self._due[uid] = step.due
            heapq.heappush(self._heap, (step.due, uid))

    def _forget(self, uid: PodUid) -> None:
        header = self._shelf.pop(uid)
        self._due.pop(uid, None)
        if header is None:
            return
        self._by_evidence_uid.pop(header.evidence_uid, None)
        owner = _owner(header)
        self._owned[owner] -= 1
        if self._owned[owner] <= 0:
            del self._owned[owner]


def _begin(snapshot: Snapshot) -> PodState | None:
    """The state of a pod that was only seen once."""
    remembered = Remembered(from_zero=snapshot.from_zero)
    observed = PodObserved(pod=snapshot.open(), remembered=remembered)
    return observe(None, observed, _DEFAULT, 0.0).state


def _owner(header: Header) -> str:
    return header.owner.uid if header.owner is not None else header.uid


def _is_relisted(observation: Observation) -> bool:
    return isinstance(observation, PodObserved) and observation.relisted


def _told_of(state: PodState | None) -> Iterator[tuple[PodRef, str, Sighting]]:
    if state is not None:
        for mark in state.marks:
            yield state.ref, mark.name, _told(state, mark)


def _told(state: PodState, mark: Watermark) -> Sighting:
    pending = state.memory(mark.name).pending
    return Sighting(
        # No version is known that showed the count before those that wait for their verdict.
        resource_version=0 if pending else state.pod.resource_version,
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
