"""Followed: the tracked pods and workloads, and which series belong to each.

A pod's workload can change: while the resolver knows only the nearest owner, the pod belongs to
that one, and moves once the real workload is known, together with the series of its own.
"""

from dataclasses import dataclass, field

from probewatch.clock import Clock
from probewatch.core.model import PodRef, PodUid, Workload
from probewatch.core.spec import PodSpec
from probewatch.metrics.labels import container_subject, escape, node_subject, workload_subject
from probewatch.metrics.presence import Presence
from probewatch.metrics.tables import Tables

SWEEP_SECONDS = 60.0
"""How often workloads that are gone for long are looked for."""

NEVER_BACK = frozenset({"pod", "job"})
"""Workload types whose pods, once gone, do not come back under the same name."""


@dataclass(slots=True)
class Known:
    """A workload with series; *brief* if its type is one of `NEVER_BACK`."""

    subject: str
    brief: bool
    spec: PodSpec | None = None
    """The spec of the newest pod, whose series were started."""
    containers: dict[str, str] = field(default_factory=dict)
    """Subjects of its containers by name."""

    def container(self, name: str) -> str:
        """Return the subject of one of its containers."""
        found = self.containers.get(name)
        if found is None:
            found = self.containers[name] = container_subject(self.subject, name)
        return found


class Followed:
    """Keeps track of the pods and workloads that have series in *tables*."""

    def __init__(self, tables: Tables, clock: Clock) -> None:
        self._tables = tables
        self._clock = clock
        self._known: dict[str, Known] = {}
        self._workloads = Presence()
        self._nodes = Presence()
        self._pods: dict[PodUid, tuple[str, str]] = {}
        """The subjects of each pod's workload and node."""
        self._subjects: dict[PodUid, set[str]] = {}
        """The subjects of series that belong to a single pod, by pod."""
        self._holders: dict[str, PodUid] = {}
        """The pod that owns each of these subjects: another pod can get the same name later."""
        self._next_sweep = clock.monotonic() + SWEEP_SECONDS

    def workload_of(self, uid: PodUid) -> str | None:
        """Return the subject of a tracked pod's workload; may be called in any thread."""
        place = self._pods.get(uid)
        return None if place is None else place[0]

    def hold(self, workload: Workload) -> tuple[Known, bool]:
        """Return a workload, adding it if needed, and whether it is new."""
        subject = workload_subject(workload)
        known = self._known.get(subject)
        if known is not None:
            return known, False
        known = Known(subject=subject, brief=workload.workload_type in NEVER_BACK)
        self._known[subject] = known
        self._workloads.hold(subject, self._clock.monotonic())
        return known, True

    def arrive(self, pod: PodRef, known: Known) -> None:
        """Track a pod, or move it to its real workload and node."""
        before = self._pods.get(pod.uid)
        node = node_subject(pod.node) if pod.node else (before[1] if before else "")
        if before == (known.subject, node):
            return
        self._pods[pod.uid] = (known.subject, node)
        self._workloads.arrive(known.subject)
        if node and self._nodes.arrive(node):
            self._tables.nodes.begin(node, ("",))
        if before is not None:
            self._move_own(pod.uid, before[0], known.subject)
            # Last: if its only pod just gets a node, a workload must not seem to have none.
            self._leave(before)

    def hold_node(self, name: str) -> str:
        """Return the subject of a node, started if needed; without pods it is dropped later."""
        node = node_subject(name)
        if self._nodes.hold(node, self._clock.monotonic()):
            self._tables.nodes.begin(node, ("",))
        return node

    def is_followed(self, uid: PodUid) -> bool:
        """Tell whether a pod is tracked."""
        return uid in self._pods

    def spec_of(self, uid: PodUid) -> PodSpec | None:
        """Return the spec of the newest pod of a tracked pod's workload."""
        place = self._pods.get(uid)
        return None if place is None else self._known[place[0]].spec

    def pod_subject(self, pod: PodRef, of: str) -> str | None:
        """Return the subject of a pod's own series, which end with it: *of* plus the pod's name.

        None if a newer pod has the same name. A StatefulSet reuses names, and a list shows the new
        pod before it is known that this one is gone.
        """
        subject = f'{of},pod="{escape(pod.name)}"'
        return subject if self._claim(subject, pod.uid) else None

    def _claim(self, subject: str, uid: PodUid) -> bool:
        """Make a pod the owner of a subject; tell whether it is, as no newer pod has it."""
        holder = self._holders.get(subject, uid)
        if holder != uid:
            if self._came_first(uid, holder):
                return False
            self._drop_own(holder)
        self._holders[subject] = uid
        self._subjects.setdefault(uid, set()).add(subject)
        return True

    def _came_first(self, uid: PodUid, other: PodUid) -> bool:
        return next(each for each in self._pods if each in {uid, other}) == uid

    def _move_own(self, uid: PodUid, old: str, new: str) -> None:
        """Move a pod's own series to another workload: a loop could not end under the old one."""
        for subject in self._subjects.pop(uid, ()):
            del self._holders[subject]
            moved = new + subject.removeprefix(old)
            is_free = self._claim(moved, uid)
            for table in self._tables.of_pods():
                if is_free:
                    table.move(subject, moved)
                else:
                    table.drop(subject)

    def _drop_own(self, uid: PodUid) -> None:
        for subject in self._subjects.pop(uid, ()):
            del self._holders[subject]
            for table in self._tables.of_pods():
                table.drop(subject)

    def forget(self, uid: PodUid) -> None:
        """Drop a pod and its own series."""
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
        """Drop workloads and nodes without pods for long; does nothing most of the time."""
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
