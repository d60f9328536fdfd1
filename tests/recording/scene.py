"""A cluster with a Lease and reports, and a replica that records its restarts there."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from probewatch.boundary import Boundary
from probewatch.core.findings import Finding, Restart
from probewatch.core.model import PodRef, PodUid, Workload
from probewatch.core.observe import PodObserved
from probewatch.core.sighting import Sighting
from probewatch.core.values import replace
from probewatch.kube.lease_objects import SCOPE
from probewatch.kube.workloads import nearest_workload
from probewatch.metrics.counters import Counters
from probewatch.metrics.totals import RestartTotal
from probewatch.recording.recording import Recording
from probewatch.recording.surroundings import Surroundings, scope_of
from probewatch.settings import Settings
from probewatch.store import Store
from tests.support.builders import died, pod, status
from tests.support.fake_leases import FakeLeases
from tests.support.fake_reports import FakeReports
from tests.support.fake_time import FakeTime

PLACE = "default"
SETTINGS = Settings(instance="one")

Trouble = Callable[[float], int]
"""The status of a list of reports by seconds since the beginning; 0: answered normally."""


@dataclass
class Cluster:
    """A cluster with one Lease and some reports."""

    leases: FakeLeases = field(default_factory=FakeLeases)
    api: FakeReports = field(default_factory=FakeReports)
    garbage: bytes = b""
    """Returned instead of lists of reports."""

    async def interfere(self, _verb: str, _path: str) -> int:
        """Return the status of the answer, if it is not the usual one; for subclasses."""
        return 0

    async def request(
        self,
        verb: str,
        path: str,
        *,
        body: object | None = None,
        params: Mapping[str, str] | None = None,
        accept: str = "",
    ) -> tuple[int, bytes]:
        if status := await self.interfere(verb, path):
            return status, b"{}"
        if self.garbage and verb == "GET" and path.endswith("/probereports"):
            return 200, self.garbage
        if "/leases" in path:
            return await self.leases.request(verb, path, body=body)
        return await self.api.request(verb, path, body=body, params=params, accept=accept)

    def agree(self, settings: Settings) -> None:
        """Note in the Lease that everything was recorded by an earlier process."""
        self.leases.version = 1
        note = {SCOPE: scope_of(settings)}
        metadata = {"name": "probewatch", "namespace": PLACE}
        self.leases.lease = {
            "metadata": {**metadata, "resourceVersion": "1", "annotations": note},
            "spec": {},
        }

    def totals(self) -> Counter[str]:
        """The restarts in the reports, by workload."""
        found: Counter[str] = Counter()
        for report in self.api.reports.values():
            for total in report["status"].get("totals", ()):
                found[report["status"]["workload"]["name"]] += total["restarts"]
        return found


@dataclass
class Told:
    """The findings passed on after they were recorded."""

    findings: list[Finding] = field(default_factory=list)

    def publish(self, finding: Finding, workload: Workload) -> None:  # noqa: ARG002  # as all sinks
        self.findings.append(finding)

    def begin_term(self, term: int, totals: object) -> bool:  # noqa: ARG002  # as counters
        """Accept a new term, as the counters do."""
        return False

    def begin_anew(self, workload: Workload, totals: object) -> None:
        """Accept a recreated workload, as the counters do."""

    def totals_of(self, workload: Workload) -> Iterable[RestartTotal]:  # noqa: ARG002  # as counters
        """The totals shown for a workload: none."""
        return ()

    def restore(self, totals: object) -> None:
        """Accept totals, as the counters do."""

    @property
    def restarts(self) -> list[int]:
        return [each.restart_count for each in self.findings if isinstance(each, Restart)]


class Replica:
    """One process: its store, and the recording of its findings."""

    def __init__(
        self,
        cluster: Cluster,
        time: FakeTime,
        settings: Settings,
        *,
        counters: Counters | None = None,
    ) -> None:
        self.cluster, self.time, self.heard_at = cluster, time, time.seconds
        self.is_listed = True
        """Whether all pods are listed, and the findings of the lists are published."""
        self.told, self.retold = Told(), Told()
        around = Surroundings(
            store=_Survey(self),
            counters=counters or self.told,
            events=self.retold,
            sinks=(self.told,) if counters is None else (self.told, counters),
            find_workload=nearest_workload,
            limit_for=lambda _uid: None,
            active_since=lambda at: self.heard_at >= at,
            is_synced=lambda: self.is_listed,
        )
        self.recording = Recording(
            settings=settings,
            requester=cluster,
            lease_namespace=PLACE,
            around=around,
            boundary=Boundary(clock=time.clock),
        )
        self.store = Store(None, self.recording.book.remember)

    def see(
        self,
        name: str,
        restarts: int,
        version: int,
        *,
        static: bool = False,
        ignored: bool = False,
        namespace: str = "shop",
        uid: str = "",
    ) -> None:
        """Observe a version of a pod; the kubelet uses another uid for a *static* one."""
        uid = uid or name
        last = died(1, container_id=f"{name}-{restarts - 1}") if restarts else None
        shown = status(restart_count=restarts, last=last, container_id=f"{name}-{restarts}")
        own = f"{uid}-static" if static else uid
        about = {"name": name, "namespace": namespace, "uid": PodUid(uid), "evidence_uid": own}
        seen = replace(pod(version, shown, ignored=ignored), **about)  # type: ignore[arg-type]  # of a pod
        self._found(self.store.feed(PodObserved(pod=seen), self.time.seconds))

    def lose(self, name: str) -> None:
        """A watch reports the pod as deleted, which may also mean that it is no longer selected."""
        self._found(self.store.gone(PodUid(name), 0, self.time.seconds))

    def miss(self, *names: str) -> None:
        """A list contains only these pods."""
        uids = {PodUid(name) for name in names}
        self._found(self.store.sweep(uids, self.time.seconds, version=0))

    async def pass_time(self, seconds: float) -> None:
        """Let time pass, taking a step and writing each second."""
        end = self.time.seconds + seconds
        while self.time.seconds < end:
            await self.act()
            self.time.seconds += 1.0

    def settle(self) -> None:
        """Settle all pending verdicts."""
        self._found(self.store.tick(self.time.seconds + 3600))

    async def act(self) -> None:
        """Do everything that is due now."""
        self.heard_at = self.time.seconds
        self._found(self.store.tick(self.time.seconds))
        await self.recording.lease.step()
        await self.recording.step()
        await self.write()

    async def write(self) -> None:
        """Write, or read again, each report that needs it, once."""
        writer = self.recording.reports.writer
        for key in writer.doubted | set(self.recording.book.dirty()):
            await writer.write(key)

    def _found(self, findings: tuple[Finding, ...]) -> None:
        for finding in findings:
            self.recording.reports.publish(finding, nearest_workload(finding.pod))


class _Survey:
    """The replica's store, which is created after its recording."""

    def __init__(self, replica: Replica) -> None:
        self._replica = replica

    def counted(self) -> Iterable[tuple[PodRef, str, Sighting]]:
        return self._replica.store.counted()

    def uids(self) -> Collection[PodUid]:
        return self._replica.store.uids()


def troubled(cluster: Cluster, time: FakeTime, trouble: Trouble) -> None:
    begun = time.seconds

    def answer(verb: str, path: str) -> tuple[int, dict[str, Any]] | None:
        is_list = verb == "GET" and path.endswith("/probereports")
        status = trouble(time.seconds - begun) if is_list else 0
        return (status, {"message": "trouble"}) if status else None

    cluster.api.answer = answer


async def live(time: FakeTime, seconds: float, *replicas: Replica) -> None:
    """Let time pass, in which all replicas do each second what is due."""
    end = time.seconds + seconds
    while time.seconds < end:
        for replica in replicas:
            await replica.act()
        time.seconds += 1.0


async def two_replicas(time: FakeTime, cluster: Cluster) -> tuple[Replica, Replica]:
    """A leader and its standby."""
    leader, standby = (Replica(cluster, time, Settings(instance=name)) for name in ("one", "two"))
    for each in (leader, standby):
        await each.recording.start()
    await live(time, 5, leader, standby)
    assert (True, False) == (leader.recording.leads(), standby.recording.leads())
    return leader, standby


class Divided(Cluster):
    """A cluster with reports in two namespaces; `other` may be forbidden."""

    def __init__(self) -> None:
        super().__init__()
        self.is_closed = True
        self.others = FakeReports()

    async def request(
        self,
        verb: str,
        path: str,
        *,
        body: object | None = None,
        params: Mapping[str, str] | None = None,
        accept: str = "",
    ) -> tuple[int, bytes]:
        if "/namespaces/other/" not in path:
            return await super().request(verb, path, body=body, params=params, accept=accept)
        if self.is_closed:
            return 403, b"{}"
        return await self.others.request(verb, path, body=body)
