"""What tests compare of snapshots."""

from probewatch.kube.pods.snapshot import Snapshot


def known(snapshot: Snapshot | None) -> object:
    """All that a snapshot tells, packed or not, but how its bytes are marked."""
    if snapshot is None:
        return None
    kept = ("group", "is_fresh", "from_zero", "not_ready_since", "ref", "version")
    told = [snapshot.open(), *(getattr(snapshot, name) for name in kept)]
    snapshot.pack()
    return [*told, snapshot.open()]
