"""What tests compare of snapshots."""

from probewatch.kube.pods.snapshot import Snapshot


def known(snapshot: Snapshot | None) -> object:
    """Everything that a snapshot tells, packed and unpacked, except its hash."""
    if snapshot is None:
        return None
    kept = ("group", "is_fresh", "from_zero", "not_ready_since", "ref", "version")
    told = [snapshot.open(), *(getattr(snapshot, name) for name in kept)]
    snapshot.pack()
    return [*told, snapshot.open()]
