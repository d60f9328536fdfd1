"""Which pods with marks are gone, since when; and which workloads still have pods."""

from collections import Counter
from collections.abc import Collection, Iterable

from probewatch.core.model import PodUid
from probewatch.core.record_sizes import pod_size
from probewatch.core.spec import PodSpec
from probewatch.records.entry import Key

DEPARTED_SECONDS = 900.0
"""Marks of pods that are gone are kept for so long: another operator may still tell of them."""


class Attendance:
    """Told what comes and goes, and when, in seconds of a clock that does not go back."""

    def __init__(self) -> None:
        self._live: Counter[Key] = Counter()
        self._gone: dict[PodUid, float] = {}
        self._keys: dict[Key, Key] = {}
        """Held once, not once for each pod."""
        self._specs: dict[Key, PodSpec] = {}
        """Those of the pods that came last."""
        self._came_as: dict[PodUid, Key] = {}
        """What a pod was counted for when it came: whose it is may become known later."""

    def arrive(self, uids: Collection[PodUid], workload: Key, spec: PodSpec) -> tuple[PodUid, ...]:
        """Pods are followed; tell which of them were gone before."""
        workload = self._keys.setdefault(workload, workload)
        self._specs[workload] = spec
        self._live[workload] += len(uids)
        for uid in uids:
            self._came_as[uid] = workload
        if not self._gone:
            return ()
        return tuple(uid for uid in uids if self._gone.pop(uid, None) is not None)

    def depart(self, uid: PodUid, now: float, *, is_marked: bool) -> None:
        """A pod is not followed any more."""
        workload = self._came_as.pop(uid, None)
        if workload is not None:
            self._live[workload] -= 1
            if self._live[workload] <= 0:
                del self._live[workload], self._keys[workload], self._specs[workload]
        if is_marked:
            self._gone[uid] = now

    def sweep(self, marked: Iterable[PodUid], alive: Collection[PodUid], now: float) -> None:
        """All pods are listed: those that are not *alive* went unseen."""
        for uid in marked:
            if uid not in alive:
                self._gone.setdefault(uid, now)

    def forget(self, uids: Iterable[PodUid]) -> None:
        """The marks of these pods are not kept any more."""
        for uid in uids:
            self._gone.pop(uid, None)

    def keep(self, marked: Collection[PodUid]) -> None:
        """No marks are kept but those of pods that are *marked*."""
        self._gone = {uid: since for uid, since in self._gone.items() if uid in marked}

    def is_gone(self, uid: PodUid) -> bool:
        """Whether a pod with marks is not there any more."""
        return uid in self._gone

    def pod_bytes(self, workload: Key) -> int:
        """What the marks of one pod of a workload may come to take; 0 where that is not known."""
        spec = self._specs.get(workload)
        return 0 if spec is None else pod_size(spec)

    def has_pods(self, workload: Key) -> bool:
        """Whether a workload has pods that are followed."""
        return self._live[workload] > 0

    def take_departed(self, uids: Iterable[PodUid], now: float) -> tuple[PodUid, ...]:
        """Return, for good, those that are gone for so long that nobody tells of them any more."""
        before = now - DEPARTED_SECONDS
        old = tuple(uid for uid in uids if self._gone.get(uid, now) < before)
        for uid in old:
            del self._gone[uid]
        return old
