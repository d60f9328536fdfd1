"""The followed: which pods and workloads there are, and what is held for each.

A pod's workload is what the resolver says *now*: where it could only name the nearest
owner at first, the pod moves once the real one is known.
"""

from dataclasses import dataclass, field

from probewatch.clock import Clock
from probewatch.core.model import PodRef, PodUid, Workload
from probewatch.core.spec import PodSpec
from probewatch.metrics.labels import container_subject, escape, node_subject, workload_subject
from probewatch.metrics.presence import Presence
from probewatch.metrics.tables import Tables

SWEEP_SECONDS = 60.0
"""How often is looked for workloads to let go of."""

NEVER_BACK = frozenset({"pod", "job"})
"""Kinds whose pods, once gone, do not come back under the same name."""


@dataclass(slots=True)
class Known:
    """A workload that has series."""

    subject: str
    brief: bool
    spec: PodSpec | None = None
    """That of the pod tracked last: its series have begun."""
    containers: dict[str, str] = field(default_factory=dict)
    """Subjects by name."""

    def container(self, name: str) -> str:
        """Return the subject of one of its containers."""
        found = self.containers.get(name)
        if found is None:
            found = self.containers[name] = container_subject(self.subject, name)
        return found


class Followed:
    """Holds the pods and workloads whose series are in *tables*."""

    def __init__(self, tables: Tables, clock: Clock) -> None:
        self._tables = tables
        self._clock = clock
        self._known: dict[str, Known] = {}
        self._workloads = Presence()
        self._nodes = Presence()
        self._pods: dict[PodUid, tuple[str, str]] = {}
        """The subjects of a pod's workload and node."""
        self._subjects: dict[PodUid, set[str]] = {}
        """Those with series of their own, of the pods that have any."""
        self._holders: dict[str, PodUid] = {}
        """Whose these are: they have a pod's name in them, which may be given to another one."""
        self._next_sweep = clock.monotonic() + SWEEP_SECONDS

    def workload_of(self, uid: PodUid) -> str | None:
        """Return the subject of a followed pod's workload; may be asked in any thread."""
        place = self._pods.get(uid)
        return None if place is None else place[0]

    def hold(self, workload: Workload) -> tuple[Known, bool]:
        """Return what is known of a workload, and whether it is new."""
        subject = workload_subject(workload)
        known = self._known.get(subject)
        if known is not None:
            return known, False
        known = Known(subject=subject, brief=workload.workload_type in NEVER_BACK)
        self._known[subject] = known
        self._workloads.hold(subject, self._clock.monotonic())
        return known, True

    def arrive(self, pod: PodRef, known: Known) -> None:
        """Follow a pod, or follow it to where it belongs."""
        now, before = self._clock.monotonic(), self._pods.get(pod.uid)
        node = node_subject(pod.node) if pod.node else (before[1] if before else "")
        if before == (known.subject, node):
            return
        self._pods[pod.uid] = (known.subject, node)
        self._workloads.arrive(known.subject, now)
        if node and self._nodes.arrive(node, now):
            self._tables.nodes.begin(node, ("",))
        # Last: a workload whose only pod gets its node must not look as if it had none.
        if before is not None:
            self._leave(before)

    def hold_node(self, name: str) -> str:
        """Return the subject of a node, which may have no pods any more: it ends like those."""
        node = node_subject(name)
        if self._nodes.hold(node, self._clock.monotonic()):
            self._tables.nodes.begin(node, ("",))
        return node

    def is_followed(self, uid: PodUid) -> bool:
        """Tell whether a pod is followed."""
        return uid in self._pods

    def spec_of(self, uid: PodUid) -> PodSpec | None:
        """Return the spec of the newest pod of a followed pod's workload."""
        place = self._pods.get(uid)
        return None if place is None else self._known[place[0]].spec

    def pod_subject(self, pod: PodRef, of: str) -> str | None:
        """Return the subject of a pod's own series, which go with it; *of* is what they extend.

        None if a pod that came later has its name: a StatefulSet gives it to the next one, and a
        list tells of that before it tells that this one is gone.
        """
        subject = f'{of},pod="{escape(pod.name)}"'
        holder = self._holders.get(subject, pod.uid)
        if holder != pod.uid:
            if self._came_first(pod.uid, holder):
                return None
            self._drop_own(holder)
        self._holders[subject] = pod.uid
        self._subjects.setdefault(pod.uid, set()).add(subject)
        return subject

    def _came_first(self, uid: PodUid, other: PodUid) -> bool:
        return next(each for each in self._pods if each in {uid, other}) == uid

    def _drop_own(self, uid: PodUid) -> None:
        for subject in self._subjects.pop(uid, ()):
            del self._holders[subject]
            for table in self._tables.of_pods():
                table.drop(subject)

    def forget(self, uid: PodUid) -> None:
        """Let go of a pod and its own series."""
        self._drop_own(uid)
        place = self._pods.pop(uid, None)
        if place is not None:
            self._leave(place)
        self.sweep()

    def _leave(self, place: tuple[str, str]) -> None:
        workload, node = place
        now = self._clock.monotonic()
        if node:
            self._nodes.leave(node, now)
        if self._workloads.leave(workload, now):
            known = self._known[workload]
            known.spec = None
            self._tables.drop_states(known.containers.values())

    def sweep(self) -> None:
        """Let go of workloads and nodes that have had no pods for long; seldom does anything."""
        now = self._clock.monotonic()
        if now < self._next_sweep:
            return
        self._next_sweep = now + SWEEP_SECONDS
        for subject in self._workloads.let_go(now, self._is_brief):
            known = self._known.pop(subject)
            for table in self._tables.counters():
                for each in (subject, *known.containers.values()):
                    table.drop(each)
        for node in self._nodes.let_go(now, self._tables.nodes.is_blank):
            self._tables.nodes.drop(node)

    def _is_brief(self, subject: str) -> bool:
        known = self._known[subject]
        return known.brief or all(
            table.is_blank(each)
            for table in self._tables.counters()
            for each in (subject, *known.containers.values())
        )
