"""A simulated cluster: pods with all their versions, and reports with conditional writes.

It is simple enough to be seen to be right, and is the truth that operators are compared with.
"""

from dataclasses import dataclass, field, replace

from probewatch.core.model import ContainerStatus, Pod, PodUid, Termination
from probewatch.core.records import Record
from probewatch.core.spec import Container, PodSpec
from probewatch.records.entry import Key, Loaded
from tests.support.builders import LIVENESS

CONTAINERS = ("app", "side")
SPEC = PodSpec(containers=tuple(Container(name=name, liveness=LIVENESS) for name in CONTAINERS))

Place = tuple[PodUid, str]
"""A container of a pod."""


@dataclass
class History:
    """One pod with all its versions."""

    versions: list[Pod]
    restarts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(CONTAINERS, 0))
    """The true number of restarts, by container."""
    deleted_at: int | None = None
    """The version at which it was deleted."""

    @property
    def now(self) -> Pod:
        return self.versions[-1]


class World:
    """The contents of the cluster, and the truth."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        self.version = 100
        self.pods: dict[PodUid, History] = {}
        self.reports: dict[Key, Loaded] = {}
        self.scope = False
        """Whether the Lease notes that everything is recorded."""
        self.events: set[tuple[str, str]] = set()
        """The pod uid and Event name of each reported restart."""
        self.writes = 0
        self.scraped: dict[tuple[object, ...], int] = {}
        """The highest values that /metrics ever showed."""

    # --- pods

    def create(self, name: str) -> PodUid:
        uid = PodUid(f"u{len(self.pods)}")
        pod = Pod(
            uid=uid,
            evidence_uid=uid,
            namespace="shop",
            name=name,
            resource_version=self._next(),
            created_at=self.now,
            spec=SPEC,
            statuses=tuple(_status(name, 0, uid) for name in CONTAINERS),
            phase="Running",
        )
        self.pods[uid] = History([pod])
        return uid

    def restart(self, uid: PodUid, container: str, times: int) -> None:
        history = self.pods[uid]
        history.restarts[container] += times
        count = self._count(uid, container) + times
        self._change(uid, _status(container, count, uid))

    def reset(self, uid: PodUid, container: str) -> None:
        """The kubelet lost its records and counts from 0."""
        self._change(uid, _status(container, 0, f"{uid}-{self.version}"))

    def touch(self, uid: PodUid) -> None:
        """A change that does not matter."""
        history = self.pods[uid]
        history.versions.append(replace(history.now, resource_version=self._next()))

    def delete(self, uid: PodUid) -> int:
        self.pods[uid].deleted_at = self._next()
        return self.version

    def alive(self) -> list[PodUid]:
        return [uid for uid, history in self.pods.items() if history.deleted_at is None]

    def _count(self, uid: PodUid, container: str) -> int:
        status = self.pods[uid].now.status(container)
        return status.restart_count if status else 0

    def _change(self, uid: PodUid, status: ContainerStatus) -> None:
        history = self.pods[uid]
        statuses = tuple(
            status if each.name == status.name else each for each in history.now.statuses
        )
        history.versions.append(
            replace(history.now, statuses=statuses, resource_version=self._next())
        )

    def _next(self) -> int:
        self.version += 1
        return self.version

    # --- reports

    def write(self, key: Key, record: Record, version: str) -> str | None:
        """Write a report at a version (`""`: create it); the new version, or None on conflict."""
        known = self.reports.get(key)
        if (known.version if known else "") != version:
            return None
        self.writes += 1
        self.reports[key] = Loaded(record=record, version=str(self._next()))
        return self.reports[key].version

    def edit(self, key: Key, record: Record) -> None:
        """Somebody edits a status by hand."""
        self.reports[key] = Loaded(record=record, version=str(self._next()), intact=False)

    def remove(self, key: Key) -> None:
        del self.reports[key]

    def totals(self) -> dict[tuple[str, str], int]:
        """Restarts in all reports, by pod name and container."""
        found: dict[tuple[str, str], int] = {}
        for loaded in self.reports.values():
            for (container, _), tally in loaded.record.tallies.items():
                place = (loaded.record.workload.name, container)
                found[place] = found.get(place, 0) + tally.counted
        return found

    def truth(self, *, alive_only: bool = False) -> dict[tuple[str, str], int]:
        """The true number of restarts, by pod name and container."""
        found: dict[tuple[str, str], int] = {}
        for history in self.pods.values():
            if alive_only and history.deleted_at is not None:
                continue
            for container, count in history.restarts.items():
                place = (history.now.name, container)
                found[place] = found.get(place, 0) + count
        return found


def _status(name: str, count: int, life: str) -> ContainerStatus:
    last = None
    if count:
        last = Termination(
            exit_code=1,
            reason="Error",
            started_at=float(count),
            finished_at=float(count) + 0.5,
            container_id=f"{life}/{name}/{count - 1}",
        )
    return ContainerStatus(
        name=name,
        restart_count=count,
        ready=True,
        started=True,
        container_id=f"{life}/{name}/{count}",
        running_since=float(count) + 1,
        last=last,
    )
