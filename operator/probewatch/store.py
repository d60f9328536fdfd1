"""The store: keeps the state of each pod and runs the pure core on it.

There is no await between reading a state and writing it back, so no lock is needed.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import chain

from probewatch.core.evidence import Evidence, EvidenceKind
from probewatch.core.findings import Finding, PodForgotten, PodTracked, Restart
from probewatch.core.model import Pod, PodUid
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
from probewatch.core.policy import Policy
from probewatch.core.remembered import Remembered
from probewatch.core.state import PodState
from probewatch.core.values import replace
from probewatch.kube.pods.snapshot import Header, Snapshot
from probewatch.newcomers import Newcomer
from probewatch.tracking.aliases import Aliases
from probewatch.tracking.arrivals import Arrivals, remember_nothing
from probewatch.tracking.early_events import EarlyEvents
from probewatch.tracking.kubelet_starts import KubeletStarts
from probewatch.tracking.shared_restarts import SharedRestarts, node_loss_evidence
from probewatch.tracking.shelf import OPEN, Shelf
from probewatch.tracking.survey import Survey

_DEFAULT, _TIME = Policy(), TimePassed()


class Store(Survey):
    """The state of all tracked pods.

    *policy_for* returns the policy that applies to a pod. *remember* returns what the records
    hold of a pod that is new to this process. *selective* means that a label selector is set.
    """

    def __init__(
        self,
        policy_for: Callable[[Pod], Policy] | None = None,
        remember: Callable[[Newcomer], Remembered] | None = None,
        *,
        selective: bool = False,
        open_limit: int = OPEN,
    ) -> None:
        super().__init__(Shelf(open_limit))
        self._policy_for = policy_for or (lambda _pod: _DEFAULT)
        self._arrivals = Arrivals(remember or remember_nothing, selective=selective)
        self._aliases = Aliases()
        self._early = EarlyEvents()
        self._shared = SharedRestarts()
        self._kubelets = KubeletStarts()

    def skips(self, uid: PodUid, version: int, mark: int) -> bool:
        """Tell whether this version of a pod, by its digest *mark*, holds nothing new."""
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
        """Process a version of a pod; like `feed`, but cheaper if nothing changed."""
        header = self._shelf.header(snapshot.uid)
        if header is None:
            return self._first_seen(snapshot, now, relisted=relisted)
        if 0 < snapshot.version <= header.version:
            return ()
        if snapshot.shows_the_same(header):
            header.version, header.mark = snapshot.version, snapshot.mark
            return ()
        # Share these strings between all versions of the pod.
        snapshot.uid, snapshot.name = header.uid, header.name
        observed = PodObserved(pod=snapshot.open(), relisted=relisted)
        return self._step(snapshot.uid, observed, now, pod=observed.pod, mark=snapshot.mark)

    def gone(self, uid: PodUid, version: int, now: float) -> tuple[Finding, ...]:
        """Process the deletion of a pod; versions from before it that arrive later are ignored."""
        self._arrivals.deleted(uid, version)
        return self.feed(PodGone(uid=uid), now)

    def feed(self, observation: Observation, now: float) -> tuple[Finding, ...]:
        """Process one observation and return the findings that follow from it."""
        match observation:
            case PodObserved(pod=pod):
                return self._feed_pod(pod, self._with_records(observation), now)
            case EvidenceObserved(evidence=evidence):
                return self._feed_evidence(evidence, observation, now)
            case CountersRead(uid=uid):
                known = uid if uid in self._shelf else self._aliases.find_only(uid) or uid
                return self._step(known, observation, now)
            case PodGone(uid=uid):
                self._arrivals.gone(uid)
                return self._step(uid, observation, now)
            case TimePassed():
                return self.tick(now)

    def tick(
        self, now: float, limit: int | None = None, passed: TimePassed = _TIME
    ) -> tuple[Finding, ...]:
        """Handle the deadlines that have passed, of at most *limit* pods."""
        return self._step_all(self._deadlines.take(now, limit), passed, now)

    def reconsider(
        self, uids: Iterable[PodUid], now: float, passed: TimePassed
    ) -> tuple[Finding, ...]:
        """Judge pending restarts of these pods again, since their policies have changed."""
        return self._step_all(uids, passed, now)

    def _step_all(
        self, uids: Iterable[PodUid], observation: Observation, now: float
    ) -> tuple[Finding, ...]:
        return tuple(chain.from_iterable(self._step(uid, observation, now) for uid in uids))

    def sweep(
        self,
        seen: Collection[PodUid],
        now: float,
        *,
        namespaces: Collection[str] | None = None,
        version: int = 0,
    ) -> tuple[Finding, ...]:
        """Forget the pods that a complete list did not contain: their deletion was missed.

        A pod last seen in a newer resourceVersion than the list's *version* is kept.
        """
        missed = self.find_missing(seen, namespaces, version=version)
        self._arrivals.listed(seen, namespaces, version=version)
        for uid in missed:
            self._arrivals.deleted(uid, 0)  # the version of the deletion is unknown
        return tuple(chain.from_iterable(self._step(uid, PodGone(uid=uid), now) for uid in missed))

    def _with_records(self, observed: PodObserved) -> PodObserved:
        """Add what the records hold to the first observation of a pod."""
        if observed.pod.uid in self._shelf:
            return observed
        remembered = self._arrivals.recall(observed.pod, relisted=observed.relisted)
        return replace(observed, remembered=remembered)

    def _first_seen(self, snapshot: Snapshot, now: float, *, relisted: bool) -> tuple[Finding, ...]:
        """Process the first version of a pod; one that never restarted stays a snapshot."""
        if self._arrivals.is_late(
            snapshot.uid, snapshot.namespace, snapshot.version, relisted=relisted
        ):
            return ()
        remembered = self._arrivals.recall(snapshot, relisted=relisted)
        if snapshot.ignored or not snapshot.spec.has_probes:
            return ()
        if remembered.containers or not snapshot.is_fresh:
            pod = snapshot.open()
            observed = PodObserved(pod=pod, relisted=relisted, remembered=remembered)
            return self._feed_pod(pod, observed, now, mark=snapshot.mark)
        snapshot.from_zero = remembered.from_zero
        self._shelf.put_snapshot(snapshot)
        tracked = PodTracked(pod=snapshot.ref, spec=snapshot.spec)
        return (tracked, *self._register(snapshot, now))

    def _feed_pod(
        self, pod: Pod, observation: PodObserved, now: float, *, mark: int = 0
    ) -> tuple[Finding, ...]:
        is_new = pod.uid not in self._shelf
        if is_new and self._arrivals.is_late(
            pod.uid, pod.namespace, pod.resource_version, relisted=observation.relisted
        ):
            return ()
        findings = self._step(pod.uid, observation, now, pod=pod, mark=mark)
        header = self._shelf.header(pod.uid) if is_new else None
        return findings if header is None else (*findings, *self._register(header, now))

    def _register(self, header: Header, now: float) -> Sequence[Finding]:
        """Register a new pod, and apply the Events about it that arrived before it."""
        if header.evidence_uid != header.uid:
            self._aliases.join(header)
        self._shared.join(header)
        if not self._early:
            return ()
        early = self._early.take(header.namespace, header.evidence_uid)
        told = (self._step(header.uid, EvidenceObserved(evidence=each), now) for each in early)
        return tuple(chain.from_iterable(told))

    def _feed_evidence(
        self, evidence: Evidence, observation: Observation, now: float
    ) -> tuple[Finding, ...]:
        if evidence.kind is EvidenceKind.KUBELET_STARTED:
            self._kubelets.record(evidence)
            return ()
        if evidence.kind is EvidenceKind.NODE_REBOOTED:
            return self._step_all(self.on_node(evidence.node), observation, now)
        uid = PodUid(evidence.involved_uid)
        if uid not in self._shelf:
            uid = self._aliases.find(uid, evidence.namespace) or uid
        header = self._shelf.header(uid)
        if header is None:
            self._early.keep(evidence)
        if header is None or header.namespace != evidence.namespace:
            return ()  # whoever may create Events in one namespace must not affect pods of others
        return self._step(uid, observation, now)

    def _step(
        self,
        uid: PodUid,
        observation: Observation,
        now: float,
        *,
        pod: Pod | None = None,
        mark: int = 0,
    ) -> tuple[Finding, ...]:
        known = self._shelf.header(uid)
        if isinstance(observation, PodGone) and isinstance(known, Snapshot):
            self._forget(uid)
            return (PodForgotten(pod=known.ref),)  # a snapshot has no state to wind up
        state = self._shelf.get(uid)
        about = pod or (state.pod if state else None)
        if about is None:
            return ()
        observation = self._kubelets.add_start(observation)
        step = observe(state, observation, self._policy_for(about), now)
        if step.state is None and pod is not None:
            self._arrivals.left_alone(uid, pod.namespace)
        self._keep(uid, known, step, before=state, mark=mark)
        return tuple(each for finding in step.findings for each in self._mark(finding, now))

    def _mark(self, finding: Finding, now: float) -> tuple[Finding, ...]:
        """Add its pattern to a restart, and correct earlier restarts that share it."""
        if not isinstance(finding, Restart):
            return (finding,)
        losses = self._shared.find_losses(finding)
        corrected = self._step_all(losses, node_loss_evidence(finding), now) if losses else ()
        return (self._shared.mark(finding), *corrected)

    def _keep(
        self, uid: PodUid, known: Header | None, step: Step, *, before: PodState | None, mark: int
    ) -> None:
        if step.state is None:
            self._forget(uid)
            return
        if step.state is not before:
            version, last = (known.version, known.mark) if known else (0, 0)
            self._shared.follow(known, step.state.pod)
            self._shelf.put(step.state, version=version, mark=mark or last)
        self._deadlines.set(uid, step.due)

    def _forget(self, uid: PodUid) -> None:
        header = self._shelf.pop(uid)
        self._deadlines.set(uid, None)
        if header is not None:
            self._aliases.leave(header)
            self._shared.leave(header)
