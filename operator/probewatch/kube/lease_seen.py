"""What was last seen of a Lease, and whether that allows this process to acquire it."""

from dataclasses import dataclass

from probewatch.clock import Clock
from probewatch.kube.lease_objects import SCOPE, LeaseObject


@dataclass(slots=True, kw_only=True)
class Seen:
    """Remembers the Lease, and by our own clock when it was seen to change."""

    instance: str
    identity: str
    clock: Clock
    lease: LeaseObject | None = None
    _at: float = 0.0
    _is_judged: bool = False
    """Whether `may_take` was asked before."""

    @property
    def is_of_another(self) -> bool:
        """Whether another process holds it, as far as was seen."""
        return self.lease is not None and self.lease.holder not in {"", self.identity}

    @property
    def scope(self) -> str:
        """The recorded scope that was on it."""
        return self.lease.metadata.annotations.get(SCOPE, "") if self.lease else ""

    def learn(self, lease: LeaseObject) -> None:
        """Remember the Lease as it is now."""
        known = self.lease.metadata.resource_version if self.lease else None
        if lease.metadata.resource_version != known:
            self._at = self.clock.monotonic()
        self.lease = lease

    def may_take(self, lease: LeaseObject) -> bool:
        """Tell whether to acquire *lease*, which was just learnt."""
        is_first, self._is_judged = not self._is_judged, True
        if lease.holder in {"", self.identity}:
            return True
        if is_first and lease.holder.rpartition("_")[0] == self.instance:
            return True  # our own predecessor, before a restart
        return self.clock.monotonic() - self._at >= lease.duration
