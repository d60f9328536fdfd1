"""Attendance: which pods with marks are gone, since when, and which workloads still have pods."""

from collections import Counter
from collections.abc import Collection, Iterable

from probewatch.core.model import PodUid
from probewatch.core.record_sizes import pod_size
from probewatch.core.spec import PodSpec
from probewatch.records.entry import Key

DEPARTED_SECONDS = 900.0
"""How long marks of deleted pods are kept: another replica may still report their findings."""


class Attendance:
    """Tracks arrivals and departures of pods; times are in seconds of a monotonic clock."""

    def __init__(self) -> None:
        self._live: Counter[Key] = Counter()
        self._gone: dict[PodUid, float] = {}
        self._keys: dict[Key, Key] = {}
        """Interned keys, to hold each one once and not once per pod."""
        self._specs: dict[Key, PodSpec] = {}
        """The spec of the newest pod of each workload."""
        self._came_as: dict[PodUid, Key] = {}
        """The workload that each pod is counted for: the real one may become known only later."""

    def arrive(self, uids: Collection[PodUid], workload: Key, spec: PodSpec) -> tuple[PodUid, ...]:
        """Add tracked pods of a workload; return those that had been gone."""
        workload = self._keys.setdefault(workload, workload)
        self._specs[workload] = spec
        self._live[workload] += len(uids)
        for uid in uids:
            self._came_as[uid] = workload
        if not self._gone:
            return ()
        return tuple(uid for uid in uids if self._gone.pop(uid, None) is not None)

    def depart(self, uid: PodUid, now: float, *, is_marked: bool) -> None:
        """Remove a pod that is not tracked any more; *is_marked* if a record has marks of it."""
        workload = self._came_as.pop(uid, None)
        if workload is not None:
            self._live[workload] -= 1
            if self._live[workload] <= 0:
                del self._live[workload], self._keys[workload], self._specs[workload]
        if is_marked:
            self._gone[uid] = now

    def sweep(self, marked: Iterable[PodUid], alive: Collection[PodUid], now: float) -> None:
        """Note that pods with marks that a complete list did not contain are gone."""
        for uid in marked:
            if uid not in alive:
                self._gone.setdefault(uid, now)

    def forget(self, uids: Iterable[PodUid]) -> None:
        """Forget pods whose marks are not kept any more."""
        for uid in uids:
            self._gone.pop(uid, None)

    def keep(self, marked: Collection[PodUid]) -> None:
        """Forget all departed pods except those that are *marked*."""
        self._gone = {uid: since for uid, since in self._gone.items() if uid in marked}

    def is_gone(self, uid: PodUid) -> bool:
        """Tell whether a pod with marks is gone."""
        return uid in self._gone

    def pod_bytes(self, workload: Key) -> int:
        """Return the maximum size of the marks of one pod of a workload; 0 if unknown."""
        spec = self._specs.get(workload)
        return 0 if spec is None else pod_size(spec)

    def has_pods(self, workload: Key) -> bool:
        """Tell whether a workload has tracked pods."""
        return self._live[workload] > 0

    def take_departed(self, uids: Iterable[PodUid], now: float) -> tuple[PodUid, ...]:
        """Remove and return those of *uids* that are gone for longer than `DEPARTED_SECONDS`."""
        before = now - DEPARTED_SECONDS
        old = tuple(uid for uid in uids if self._gone.get(uid, now) < before)
        for uid in old:
            del self._gone[uid]
        return old
